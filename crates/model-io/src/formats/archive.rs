//! Zips, as PyTorch, Keras and NumPy write them.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use crate::{MAX_FILE_BYTES, ModelError};

/// More than any file of a model has.
const MAX_ENTRIES: usize = 10_000;

/// A zip whose entries are read when they are asked for, and together take no more memory than a file may.
pub(crate) struct Archive<'a> {
    format: &'static str,
    zip: ZipArchive<Cursor<&'a [u8]>>,
    bytes_left: u64,
}

impl<'a> Archive<'a> {
    pub(crate) fn open(format: &'static str, bytes: &'a [u8]) -> Result<Self, ModelError> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| ModelError::damaged(format, error))?;
        if zip.len() > MAX_ENTRIES {
            return Err(ModelError::damaged(format, format!("it has {} entries", zip.len())));
        }
        Ok(Self { format, zip, bytes_left: MAX_FILE_BYTES as u64 })
    }

    /// Names of all entries, in the order of the zip.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.zip.file_names()
    }

    /// What an entry holds.
    pub(crate) fn read(&mut self, name: &str) -> Result<Vec<u8>, ModelError> {
        let format = self.format;
        let entry = self.zip.by_name(name);
        let entry = entry.map_err(|error| ModelError::damaged(format, format!("\"{name}\": {error}")))?;
        let mut bytes = Vec::new();
        let read = entry.take(self.bytes_left + 1).read_to_end(&mut bytes);
        read.map_err(|error| ModelError::damaged(format, format!("\"{name}\": {error}")))?;
        let left = self.bytes_left.checked_sub(bytes.len() as u64);
        self.bytes_left = left.ok_or(ModelError::UnpacksToTooMuch)?;
        Ok(bytes)
    }
}
