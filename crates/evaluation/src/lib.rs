//! How good a model is, and how its answers are to be read.

mod accuracy;
mod calibration;
mod mcnemar;
mod per_class;
mod prediction;
mod report;
mod score;

pub use accuracy::{Accuracy, wilson_interval_95};
pub use calibration::Calibration;
pub use mcnemar::Comparison;
pub use per_class::ClassFigures;
pub use prediction::{Prediction, softmax};
pub use report::{Bin, ClassificationReport, RELIABILITY_BINS};
pub use score::{EpochScores, Score};
