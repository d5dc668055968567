//! Loss and accuracy of one part of the data.

use serde::{Deserialize, Deserializer, Serialize};

use crate::Accuracy;

/// What a network answers to a part of the data, counted, without dropout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Right answers.
    pub accuracy: Accuracy,
    /// Mean cross-entropy, in nats.
    #[serde(deserialize_with = "number_or_nan")]
    pub loss: f32,
}

/// Scores of the parts of the data after an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochScores {
    /// Of the whole training part.
    pub train: Score,
    /// Of the validation part, where there is one.
    pub validation: Option<Score>,
    /// Of the test images, where they were asked.
    pub test: Option<Score>,
}

/// JSON has no NaN and no infinity: they are written as null.
fn number_or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f32::NAN))
}
