//! Safetensors of any writer.
//!
//! Source: <https://github.com/huggingface/safetensors>, "Format".

use safetensors::{Dtype, SafeTensors};

use crate::{ModelError, NamedTensor, tensor::ValueType};

const FORMAT: &str = "safetensors file";
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// Whether bytes begin with the length of a header, and a header.
pub(crate) fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.first_chunk::<8>().is_some_and(|length| u64::from_le_bytes(*length) <= MAX_HEADER_BYTES)
        && bytes.get(8) == Some(&b'{')
}

/// Reads every tensor, in the order in which their values lie in the file.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<NamedTensor>, ModelError> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| ModelError::damaged(FORMAT, error))?;
    let mut all = tensors.tensors();
    all.sort_by_key(|(_, view)| view.data().as_ptr() as usize);
    let each = all.iter().map(|(name, view)| {
        let value = match view.dtype() {
            Dtype::F64 => ValueType::F64,
            Dtype::F32 => ValueType::F32,
            Dtype::F16 => ValueType::F16,
            Dtype::BF16 => ValueType::Bf16,
            Dtype::I64 | Dtype::U64 => ValueType::I64,
            Dtype::I32 | Dtype::U32 => ValueType::I32,
            Dtype::I16 | Dtype::U16 => ValueType::I16,
            Dtype::I8 => ValueType::I8,
            Dtype::U8 => ValueType::U8,
            Dtype::BOOL => ValueType::Bool,
            other => {
                return Err(ModelError::unsupported(
                    FORMAT,
                    format!("the tensor \"{name}\" of the type {other:?}"),
                ));
            }
        };
        NamedTensor::read(FORMAT, name, view.shape(), value, view.data())
    });
    each.collect()
}
