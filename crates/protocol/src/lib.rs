//! What page and worker say to each other.
//!
//! A message is a small header, encoded with postcard, and byte buffers that travel beside it as transferred
//! `ArrayBuffer`s: images, weights and files are never copied into a header. Postcard is positional, so a worker of
//! another build would be misread; the [handshake](Hello) makes sure that this cannot happen.

mod hello;
mod message;

pub use hello::{FINGERPRINT, Hello, HelloError};
pub use message::{
    Backend, Change, DataSource, DecodeError, ExportFormat, FailureKind, FromWorker, HandOrder, HandReport,
    Helper, JobId, MOST_IMAGES, RunPoint, TestData, ToWorker, TrainOrder, decode, encode,
};
