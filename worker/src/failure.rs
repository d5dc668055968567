//! Errors of the crates below, as the page learns of them.

use core::fmt::Display;

use network::DeviceError;
use protocol::JobError;
use training::RunError;

/// Of a run that had done `step` steps.
pub(crate) fn of_run(error: &RunError, step: u32) -> JobError {
    match error {
        // A member of the group that is gone is a worker that is gone: another one takes over.
        RunError::Device(_) | RunError::Group(_) => JobError::DeviceLost(error.to_string()),
        RunError::Diverged { .. } => JobError::Diverged { step },
        RunError::Config(_) | RunError::NoImages | RunError::OtherImages | RunError::Classes { .. } => {
            of_input(error)
        }
    }
}

/// Of the device.
#[expect(clippy::needless_pass_by_value, reason = "it stands in for a closure in map_err")]
pub(crate) fn of_device(error: DeviceError) -> JobError {
    JobError::DeviceLost(error.to_string())
}

/// Of something the user gave.
pub(crate) fn of_input(error: impl Display) -> JobError {
    JobError::BadInput(error.to_string())
}

/// Of writing a file that should always be writable.
pub(crate) fn of_writing(error: impl Display) -> JobError {
    JobError::Internal(format!("a file could not be written: {error}"))
}
