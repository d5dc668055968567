//! Reading what is drawn.

use evaluation::Prediction;
use model_card::ModelCard;
use serde::{Deserialize, Serialize};

use crate::{Blob, Call, NoProgress};

/// The most images in one [`Predict`].
pub const MAX_IMAGES: usize = 512;

/// Use this model for predictions from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Safetensors.
    pub model: Blob,
}

impl Call for Load {
    const NAME: &'static str = "load";
    type Reply = ModelCard;
    type Progress = NoProgress;
}

/// Classify images with the model that was loaded last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predict {
    /// 784 grey levels an image, of 1 to [`MAX_IMAGES`] images.
    pub levels: Blob,
}

impl Call for Predict {
    const NAME: &'static str = "predict";
    /// One prediction an image, calibrated as the model's card says.
    type Reply = Vec<Prediction>;
    type Progress = NoProgress;
}
