//! The calls between page and worker.
//!
//! Each module below is one role and holds its [`Call`]s: the request, its reply and its progress. To add a feature,
//! add a module with its call here and a handler in the worker; the envelope, the client and the transport stay as
//! they are.
//!
//! A [`Message`] is an envelope and a body, both JSON, and the byte buffers that the body refers to by [`Blob`].
//! Images, weights and files travel as buffers and are never written into JSON. A worker of another build could
//! misread a message, so the [handshake](Hello) comes first.

mod attachments;
mod call;
mod envelope;
mod error;
mod hello;
mod message;

pub mod data;
pub mod evaluate;
pub mod files;
pub mod inspect;
pub mod model_files;
pub mod personalize;
pub mod predict;
pub mod train;

pub use attachments::{Blob, Blobs, MissingBlob};
pub use call::{Call, Delivery, JobId, NoProgress};
pub use envelope::{Backend, FromWorker, Program, ToWorker};
pub use error::JobError;
pub use hello::{FINGERPRINT, Hello, HelloError};
pub use message::{DecodeError, EncodeError, Message, decode, encode};
