//! Byte buffers that travel beside a message.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::JobError;

/// The index of a buffer that travels with the message. The field that holds it says what the buffer contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blob(u32);

/// A message refers to a buffer that did not come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("buffer {} of a message is missing", .0.0)]
pub struct MissingBlob(Blob);

impl From<MissingBlob> for JobError {
    fn from(missing: MissingBlob) -> Self {
        Self::Internal(missing.to_string())
    }
}

/// The buffers of a message. Clones share the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blobs(Vec<Option<Arc<Vec<u8>>>>);

impl Blobs {
    /// No buffers.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Attaches a buffer. An [`Arc`] is attached without a copy.
    pub fn add(&mut self, bytes: impl Into<Arc<Vec<u8>>>) -> Blob {
        self.0.push(Some(bytes.into()));
        Blob(self.0.len() as u32 - 1)
    }

    /// Takes the buffer that `blob` refers to.
    ///
    /// # Errors
    /// [`MissingBlob`] if there is none, or if it was taken before.
    pub fn take(&mut self, blob: Blob) -> Result<Vec<u8>, MissingBlob> {
        let slot = self.0.get_mut(blob.0 as usize).ok_or(MissingBlob(blob))?;
        slot.take().map(Arc::unwrap_or_clone).ok_or(MissingBlob(blob))
    }

    pub(crate) fn from_buffers(buffers: impl Iterator<Item = Vec<u8>>) -> Self {
        Self(buffers.map(|bytes| Some(Arc::new(bytes))).collect())
    }

    /// Every buffer in order, empty where it was taken.
    pub(crate) fn into_buffers(self) -> impl Iterator<Item = Arc<Vec<u8>>> {
        self.0.into_iter().map(Option::unwrap_or_default)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_buffer_can_be_taken_once() {
        let mut blobs = Blobs::new();
        let (first, second) = (blobs.add(vec![1]), blobs.add(vec![2, 3]));
        assert_eq!(blobs.take(second), Ok(vec![2, 3]));
        assert_eq!(blobs.take(second), Err(MissingBlob(second)));
        assert_eq!(blobs.take(first), Ok(vec![1]));
        assert_eq!(Blobs::new().take(first), Err(MissingBlob(first)));
    }
}
