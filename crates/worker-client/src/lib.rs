//! The page's side of its workers, without a browser.
//!
//! A [`WorkerHandle`] makes typed calls to one worker. A [`Pool`] does jobs on a few workers that it reuses. The
//! [`Recognizer`] is always there and reads what is drawn. A [`Trainer`] is the state of a training run: events go in,
//! effects come out. A [`Host`] supplies workers, timers and tasks: the page's is the browser, that of the tests a fake.

mod device;
mod handle;
mod host;
mod pool;
mod recognizer;
mod run_view;
mod trainer;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod trainer_tests;

pub use device::{Device, DeviceReason, GpuProbe, choose_device};
pub use handle::{Job, WorkerHandle};
pub use host::{Host, LocalFuture, Transport, WorkerEvent};
pub use pool::Pool;
pub use recognizer::{FirstReader, Recognizer, RecognizerEvent};
pub use run_view::{EpochResult, RunView};
pub use trainer::{
    Attempt, Effect, Event, Failure, Launch, Loss, Phase, Preparation, Restart, RunUpdate, SavedState, Timer,
    Trainer,
};
