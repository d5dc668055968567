//! HDF5, as Keras uses it: arrays in nested groups, and a text beside them.

use hdf5_reader::{Datatype, Hdf5File, OpenOptions, group::Group};

use crate::{MAX_FILE_BYTES, ModelError, NamedTensor, tensor::ValueType};

const FORMAT: &str = "HDF5 file";
const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";
const MAX_DEPTH: usize = 16;
const MAX_ARRAYS: usize = 10_000;

pub(crate) fn is_hdf5(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Arrays, whose names are their paths, and the texts that belong to the file itself.
pub(crate) struct Contents {
    pub(crate) arrays: Vec<NamedTensor>,
    config: Option<String>,
}

impl Contents {
    /// What Keras writes about the network, where it does.
    pub(crate) fn config(&self) -> Option<&str> {
        self.config.as_deref()
    }
}

pub(crate) fn read(bytes: Vec<u8>) -> Result<Contents, ModelError> {
    let damaged = |error: hdf5_reader::error::Error| ModelError::damaged(FORMAT, error);
    let options = OpenOptions::default()
        .with_chunk_cache_bytes(1 << 20)
        .with_max_chunk_bytes(MAX_FILE_BYTES)
        .with_max_read_bytes(MAX_FILE_BYTES)
        .with_max_object_header_bytes(4 << 20);
    let file = Hdf5File::from_vec_with_options(bytes, options).map_err(damaged)?;
    let root = file.root_group().map_err(damaged)?;
    let config = root.attribute("model_config").ok().and_then(|attribute| attribute.read_string().ok());
    let mut arrays = Collector { arrays: Vec::new(), bytes_left: MAX_FILE_BYTES };
    arrays.group(&root, "", 0)?;
    Ok(Contents { arrays: arrays.arrays, config })
}

struct Collector {
    arrays: Vec<NamedTensor>,
    bytes_left: usize,
}

impl Collector {
    fn group(&mut self, group: &Group, path: &str, depth: usize) -> Result<(), ModelError> {
        let damaged = |error: hdf5_reader::error::Error| ModelError::damaged(FORMAT, error);
        if depth > MAX_DEPTH {
            return Err(ModelError::damaged(FORMAT, "its groups are nested too deeply"));
        }
        let (groups, arrays) = group.members().map_err(damaged)?;
        for array in arrays {
            let name = format!("{path}{}", array.name());
            let value = match array.dtype() {
                Datatype::FloatingPoint { size: 8, .. } => ValueType::F64,
                Datatype::FloatingPoint { size: 4, .. } => ValueType::F32,
                Datatype::FloatingPoint { size: 2, .. } => ValueType::F16,
                // Seeds and counters of an optimizer: no weights.
                _ => continue,
            };
            let shape: Vec<usize> =
                array.shape().iter().map(|&side| usize::try_from(side).unwrap_or(usize::MAX)).collect();
            let size = crate::tensor::size_of(&shape).and_then(|size| size.checked_mul(value.bytes()));
            let left = size.and_then(|size| self.bytes_left.checked_sub(size));
            self.bytes_left = left.ok_or(ModelError::TooLarge { size: size.unwrap_or(usize::MAX) })?;
            if self.arrays.len() == MAX_ARRAYS {
                return Err(ModelError::damaged(FORMAT, format!("it has more than {MAX_ARRAYS} arrays")));
            }
            let bytes = array.read_native_bytes().map_err(damaged)?;
            self.arrays.push(NamedTensor::read(FORMAT, &name, &shape, value, &bytes)?);
        }
        for inner in groups {
            // Hard links may lead back up: the depth ends them.
            let name = inner.name().rsplit('/').next().unwrap_or_default().to_owned();
            self.group(&inner, &format!("{path}{name}/"), depth + 1)?;
        }
        Ok(())
    }
}
