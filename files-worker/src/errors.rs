//! Errors of `model-io` as the page is told of them.

use protocol::JobError;

/// Of something the user gave.
pub(crate) fn of_input(error: impl core::fmt::Display) -> JobError {
    // Some say it in whole sentences.
    JobError::BadInput(format!("This model cannot be used: {}.", error.to_string().trim_end_matches('.')))
}

/// Of writing what should always be writable.
pub(crate) fn of_writing(error: impl core::fmt::Display) -> JobError {
    JobError::Internal(format!("a file could not be written: {error}"))
}
