//! Writes that are done together or not at all.

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use crate::{Fields, Record, StorageError};

/// One of several writes.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// Puts an object in place of one with the same id.
    Put { store: &'static str, id: String, value: JsValue },
    /// Deletes an object.
    Delete { store: &'static str, id: String },
    /// Deletes every object whose id begins so.
    DeleteAll { store: &'static str, prefix: String },
}

impl Write {
    pub(crate) fn store(&self) -> &'static str {
        match self {
            Self::Put { store, .. } | Self::Delete { store, .. } | Self::DeleteAll { store, .. } => store,
        }
    }
}

/// Writes that are done together or not at all: a tab that is killed in between leaves what was there before.
#[derive(Clone, Debug, Default)]
pub struct Writes(pub(crate) Vec<Write>);

impl Writes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a record in place of one with the same id.
    ///
    /// # Errors
    /// [`StorageError`] where a field cannot be set.
    pub fn put<R: Record>(mut self, record: &R) -> Result<Self, StorageError> {
        let Fields(value) = record.to_fields()?.with("id", record.id())?;
        self.0.push(Write::Put { store: R::STORE, id: record.id().to_owned(), value });
        Ok(self)
    }

    /// Stores bytes under an id, in a store of bytes.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_bytes(mut self, store: &'static str, id: &str, bytes: &[u8]) -> Result<Self, StorageError> {
        let Fields(value) = Fields::new().with("id", id)?.with("file", Uint8Array::from(bytes))?;
        self.0.push(Write::Put { store, id: id.to_owned(), value });
        Ok(self)
    }

    /// Deletes an object.
    #[must_use]
    pub fn delete(mut self, store: &'static str, id: &str) -> Self {
        self.0.push(Write::Delete { store, id: id.to_owned() });
        self
    }

    /// Deletes every object whose id begins so.
    #[must_use]
    pub fn delete_all(mut self, store: &'static str, prefix: &str) -> Self {
        self.0.push(Write::DeleteAll { store, prefix: prefix.to_owned() });
        self
    }
}
