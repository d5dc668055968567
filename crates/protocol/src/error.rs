//! Why a call failed.

use serde::{Deserialize, Serialize};

/// Why a call failed. The page turns it into a sentence for people and decides what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum JobError {
    /// The page cancelled the call.
    #[error("the job was cancelled")]
    Cancelled,
    /// The request cannot be carried out as it is. The text says what is wrong with it, for people.
    #[error("{0}")]
    BadInput(String),
    /// The device failed or computes wrong results; another device can take over.
    #[error("the device failed: {0}")]
    DeviceLost(String),
    /// There is not enough memory.
    #[error("there is not enough memory")]
    OutOfMemory,
    /// The loss is no longer a number.
    #[error("the loss is no longer a number at step {step}")]
    Diverged {
        /// Steps completed before that was noticed.
        step: u32,
    },
    /// A defect of the program.
    #[error("{0}")]
    Internal(String),
    /// The worker died before it answered. Found by the page.
    #[error("the worker was lost: {0}")]
    WorkerLost(String),
    /// There is no worker to ask. Found by the page; the text says why, for people.
    #[error("{0}")]
    NoWorker(String),
}
