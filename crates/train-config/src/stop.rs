//! When a run ends before its last epoch.

use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// Rules that end a run early; they are asked after every epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StopRules {
    /// Ends the run once the whole training part is answered rightly to this share, 0 to 1, without dropout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_accuracy: Option<f64>,
    /// Ends the run once the validation loss no longer falls; the weights of the best epoch are given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
}

/// Early stopping on the validation loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// Epochs without a better loss before the run ends, 1 to 1,000.
    pub patience: u32,
    /// A loss counts as better where it is lower by more than this, in nats.
    #[serde(default)]
    pub min_delta: f64,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All epochs are done.
    Epochs,
    /// The training accuracy that was asked for is reached.
    TrainAccuracy,
    /// The validation loss did not fall for as many epochs as patience allows.
    EarlyStopping,
    /// A person ended it.
    Stopped,
}

impl StopReason {
    /// The same word as in JSON.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Epochs => "epochs",
            Self::TrainAccuracy => "train_accuracy",
            Self::EarlyStopping => "early_stopping",
            Self::Stopped => "stopped",
        }
    }
}

impl StopRules {
    pub(crate) fn check(&self, validation_share: f64) -> Result<(), ConfigError> {
        if let Some(accuracy) = self.train_accuracy
            && !(accuracy > 0.0 && accuracy <= 1.0)
        {
            return Err(ConfigError::range(
                "Training accuracy to stop at",
                accuracy,
                "more than 0 and at most 1",
            ));
        }
        let Some(EarlyStopping { patience, min_delta }) = self.early_stopping else { return Ok(()) };
        if !(1..=1_000).contains(&patience) {
            return Err(ConfigError::range("Patience", patience, "1 to 1,000"));
        }
        if !(0.0..=10.0).contains(&min_delta) {
            return Err(ConfigError::range("Least improvement", min_delta, "0 to 10"));
        }
        if validation_share == 0.0 {
            return Err(ConfigError(
                "Early stopping needs a validation part: choose a share, 0.2 for example.".into(),
            ));
        }
        Ok(())
    }
}
