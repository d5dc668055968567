//! A training run as data.
//!
//! Everything that decides what a run does stands in a [`TrainConfig`]: the same configuration on the same images gives the
//! same numbers. Page, worker and command line share these types; nothing here computes with tensors.

mod augmentation;
mod changes;
mod choice;
mod config;
mod experiments;
mod fields;
mod legacy;
mod optimizer;
mod preprocessing;
mod reached;
mod schedule;
mod stop;

pub use augmentation::Augmentation;
pub use changes::LiveChange;
pub use choice::{DataChoice, DataHash, DeviceChoice};
pub use config::{ConfigError, TrainConfig};
pub use experiments::{EXPERIMENTS, Experiment, Published, ends_session, experiment};
pub use fields::{Difference, FIELDS, Field, FieldKind, MAIN_FIELDS, differences, wrong_field_of};
pub use legacy::legacy_config;
pub use optimizer::Optimizer;
pub use preprocessing::PreprocessingChoice;
pub use reached::Reached;
pub use schedule::Schedule;
pub use stop::{EarlyStopping, StopReason, StopRules};
