//! What every call has in common.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Blob, Blobs, MissingBlob};

/// Identifies one call to one worker. The page counts up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u32);

/// A request that a worker answers once, perhaps after some progress.
pub trait Call: Serialize + DeserializeOwned + 'static {
    /// Identifies the call on the wire; unique among all calls.
    const NAME: &'static str;
    /// The answer.
    type Reply: Serialize + DeserializeOwned + 'static;
    /// What is reported before the answer.
    type Progress: Serialize + DeserializeOwned + 'static;
}

/// The progress of a call that reports none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoProgress {}

/// A request, reply or progress report together with its buffers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery<T> {
    /// The typed part.
    pub content: T,
    /// The buffers that its [`Blob`]s refer to.
    pub blobs: Blobs,
}

impl<T> Delivery<T> {
    /// Content without buffers.
    pub const fn bare(content: T) -> Self {
        Self { content, blobs: Blobs::new() }
    }

    /// Takes the buffer that `blob` refers to.
    ///
    /// # Errors
    /// [`MissingBlob`] if there is none, or if it was taken before.
    pub fn take(&mut self, blob: Blob) -> Result<Vec<u8>, MissingBlob> {
        self.blobs.take(blob)
    }
}
