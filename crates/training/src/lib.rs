//! The training run as a state machine whose loop the caller owns.
//!
//! Worker, command line and tests all drive a [`Run`] by calling [`Run::advance`] until it reports
//! [`Event::Finished`]; between two calls they may yield, pause, take weights or stop. Every call is one bounded piece
//! of work.

#[cfg(not(target_arch = "wasm32"))]
mod channels;
mod device_check;
mod epoch_end;
mod group;
mod group_step;
mod measure;
mod micro_batch;
mod optimizer;
mod personalization;
mod readings;
mod run;
mod step;
mod train_images;

#[cfg(not(target_arch = "wasm32"))]
pub use channels::{Channels, channels};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use device_check::{DEVICE_TOLERANCE, DeviceReference};
pub use group::{AllToAll, Group, GroupError, Received};
pub use measure::{Answer, classification_answers, classification_report, measure};
pub use micro_batch::MicroBatch;
pub use personalization::{personalization_config, personalization_images};
pub use readings::{TriedReading, try_readings};
pub use run::{DataPart, EpochReport, Event, Run, RunError, TrainPoint};
