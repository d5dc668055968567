//! Which preprocessing a run asks for.

use model_spec::Preprocessing;
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// A [`Preprocessing`], or what makes one from the images to train on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PreprocessingChoice {
    /// 0 to 1.
    #[default]
    ZeroToOne,
    /// -1 to 1.
    MinusOneToOne,
    /// `(x - mean) / std`, where `x` is 0 to 1.
    MeanStd {
        /// 0 to 1.
        mean: f32,
        /// Above 0, at most 1.
        std: f32,
    },
    /// The same, with mean and deviation of the training part.
    Standardized,
    /// Each column of pixels of an image scaled to length 1, as Keras's `normalize(axis=1)` does.
    L2Columns,
}

impl PreprocessingChoice {
    /// MNIST's own mean and deviation.
    pub const MNIST: Self = Self::MeanStd { mean: 0.1307, std: 0.3081 };

    /// Every choice, with its names: an id, and one for people.
    pub const ALL: [(&'static str, &'static str, Self); 5] = [
        ("zero-to-one", "0 to 1", Self::ZeroToOne),
        ("minus-one-to-one", "-1 to 1", Self::MinusOneToOne),
        ("mnist", "MNIST's mean and deviation", Self::MNIST),
        ("standardized", "standardized by the training part", Self::Standardized),
        ("l2-columns", "columns of length 1 (Keras)", Self::L2Columns),
    ];

    /// The choice of this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, ..)| *known == id).map(|(.., choice)| choice)
    }

    /// The id of its kind; another mean and deviation than MNIST's have `mean-std`.
    pub fn id(&self) -> &'static str {
        Self::ALL.into_iter().find(|(.., choice)| choice == self).map_or("mean-std", |(id, ..)| id)
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match *self {
            Self::MeanStd { mean, .. } if !(0.0..=1.0).contains(&mean) => {
                Err(ConfigError::range("Mean", mean, "0 to 1"))
            }
            Self::MeanStd { std, .. } if !(1e-3..=1.0).contains(&std) => {
                Err(ConfigError::range("Deviation", std, "0.001 to 1"))
            }
            _ => Ok(()),
        }
    }

    /// The preprocessing itself; `train_levels` are the grey levels to learn from.
    pub fn resolve(self, train_levels: impl Iterator<Item = u8>) -> Preprocessing {
        match self {
            Self::ZeroToOne => Preprocessing::ZeroToOne,
            Self::MinusOneToOne => Preprocessing::MinusOneToOne,
            Self::MeanStd { mean, std } => Preprocessing::MeanStd { mean, std },
            Self::Standardized => Preprocessing::standardizing(train_levels),
            Self::L2Columns => Preprocessing::L2Columns,
        }
    }
}

impl From<Preprocessing> for PreprocessingChoice {
    fn from(preprocessing: Preprocessing) -> Self {
        match preprocessing {
            Preprocessing::ZeroToOne => Self::ZeroToOne,
            Preprocessing::MinusOneToOne => Self::MinusOneToOne,
            Preprocessing::MeanStd { mean, std } => Self::MeanStd { mean, std },
            Preprocessing::L2Columns => Self::L2Columns,
        }
    }
}
