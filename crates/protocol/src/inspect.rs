//! Looking into a file of weights.

use model_card::ModelCard;
use serde::{Deserialize, Serialize};

use crate::{Blob, Call, NoProgress};

/// Check a file of weights without using it; the reply is its card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspect {
    /// Safetensors with a card.
    pub model: Blob,
}

impl Call for Inspect {
    const NAME: &'static str = "inspect";
    type Reply = ModelCard;
    type Progress = NoProgress;
}
