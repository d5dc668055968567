//! The training run as a state machine whose loop the caller owns.
//!
//! Worker, command line and tests all drive a [`Run`] by calling [`Run::advance`] until it reports
//! [`Event::Finished`]; between two calls they may yield, pause, take weights or stop. Every call is one bounded piece
//! of work.

mod assess;
#[cfg(not(target_arch = "wasm32"))]
mod channels;
mod checkpoint;
mod device_check;
mod hand;
mod optimizer;
mod pace;
mod run;
mod shared_step;
mod team;
mod train_images;

pub use assess::assess;
#[cfg(not(target_arch = "wasm32"))]
pub use channels::{Channels, channels};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use device_check::{DEVICE_TOLERANCE, DeviceReference};
pub use hand::{hand_lesson, hand_recipe};
pub use pace::Pace;
pub use run::{EpochReport, Event, Run, RunError, TrainPoint, evaluate};
pub use team::{Exchange, Exchanged, Team, TeamError};
