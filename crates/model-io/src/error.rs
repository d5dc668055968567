//! What can be wrong with a file of a model.

use model_spec::SpecError;
use weights::WeightsError;

use crate::MAX_FILE_BYTES;

/// A file that cannot be used as a model; the text is for the person who chose it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum ModelError {
    #[error("the file has {} MiB; models here have at most {} MiB", size >> 20, MAX_FILE_BYTES >> 20)]
    TooLarge { size: usize },
    #[error("what is packed in it takes more than {} MiB", MAX_FILE_BYTES >> 20)]
    UnpacksToTooMuch,
    #[error("there is no file")]
    NoFile,
    #[error("it is {0}")]
    NotAModel(String),
    #[error("the {format} is damaged or cut off: {why}")]
    Damaged { format: &'static str, why: String },
    #[error("the {format} has {what}, which networks here cannot have")]
    Unsupported { format: &'static str, what: String },
    #[error("it does not fit a network here: {0}")]
    NoFit(String),
    #[error("its network cannot be built here: {0}")]
    Network(#[from] SpecError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl ModelError {
    pub(crate) fn damaged(format: &'static str, why: impl core::fmt::Display) -> Self {
        Self::Damaged { format, why: why.to_string() }
    }

    pub(crate) fn unsupported(format: &'static str, what: impl Into<String>) -> Self {
        Self::Unsupported { format, what: what.into() }
    }
}
