//! Looking into a file of weights.

use model_card::ModelCard;
use serde::{Deserialize, Serialize};

use crate::{Blob, Call, NoProgress};

/// Check a file of weights without using it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspect {
    /// Safetensors.
    pub model: Blob,
}

/// What a file of weights holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspected {
    /// Its card; of a file without one, what was found by trying.
    pub card: ModelCard,
    /// The file with that card, where it had none.
    pub file: Option<Blob>,
    /// What trying has shown, for a file without a card.
    pub tried: Option<Tried>,
}

/// What weights read of digits that are known, tried because their file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Share that is read rightly, 0 to 1, at the scale on the card.
    pub accuracy: f64,
    /// The same where pixels are taken for 0 to 1.
    pub accuracy_at_zero_to_one: f64,
}

impl Call for Inspect {
    const NAME: &'static str = "inspect";
    type Reply = Inspected;
    type Progress = NoProgress;
}
