//! Tensors as files hold them.

use half::{bf16, f16};

use crate::ModelError;

/// A tensor with the name that its file gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// As in the file.
    pub name: String,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// As many as the shape says, the last dimension innermost.
    pub values: Vec<f32>,
}

/// How numbers are stored, always with the lowest byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

impl ValueType {
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The numbers in these bytes; what does not fill a number is dropped.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        fn each<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            bytes.as_chunks().0.iter().map(|&chunk| value(chunk)).collect()
        }
        match self {
            Self::F64 => each(bytes, |chunk| f64::from_le_bytes(chunk) as f32),
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F16 => each(bytes, |chunk| f16::from_le_bytes(chunk).to_f32()),
            Self::Bf16 => each(bytes, |chunk| bf16::from_le_bytes(chunk).to_f32()),
            Self::I64 => each(bytes, |chunk| i64::from_le_bytes(chunk) as f32),
            Self::I32 => each(bytes, |chunk| i32::from_le_bytes(chunk) as f32),
            Self::I16 => each(bytes, |chunk| f32::from(i16::from_le_bytes(chunk))),
            Self::I8 => each(bytes, |[byte]| f32::from(i8::from_le_bytes([byte]))),
            Self::U8 | Self::Bool => each(bytes, |[byte]| f32::from(byte)),
        }
    }
}

/// Most dimensions of a tensor: kernels have four.
pub(crate) const MAX_DIMENSIONS: usize = 8;

/// How many values a shape has; `None` where the number is larger than any.
pub(crate) fn size_of(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |size, &side| size.checked_mul(side))
}

impl NamedTensor {
    /// Reads values, whose bytes must be as many as the shape says.
    pub(crate) fn read(
        format: &'static str,
        name: &str,
        shape: &[usize],
        value: ValueType,
        bytes: &[u8],
    ) -> Result<Self, ModelError> {
        if shape.len() > MAX_DIMENSIONS {
            return Err(ModelError::unsupported(
                format,
                format!("a tensor \"{name}\" of {} dimensions", shape.len()),
            ));
        }
        if size_of(shape).and_then(|size| size.checked_mul(value.bytes())) != Some(bytes.len()) {
            return Err(ModelError::damaged(
                format,
                format!("the tensor \"{name}\" of shape {shape:?} has {} bytes", bytes.len()),
            ));
        }
        Ok(Self { name: name.to_owned(), shape: shape.to_vec(), values: value.decode(bytes) })
    }

    /// The same values in the order of other dimensions: `axes` says which dimension of this one each becomes.
    pub(crate) fn permuted(&self, axes: &[usize]) -> Self {
        let shape: Vec<usize> = axes.iter().map(|&axis| self.shape[axis]).collect();
        let mut strides = vec![1; self.shape.len()];
        for axis in (1..self.shape.len()).rev() {
            strides[axis - 1] = strides[axis] * self.shape[axis];
        }
        let mut values = Vec::with_capacity(self.values.len());
        let mut place = vec![0; shape.len()];
        for _ in 0..self.values.len() {
            let offset: usize = place.iter().zip(axes).map(|(&at, &axis)| at * strides[axis]).sum();
            values.push(self.values[offset]);
            for dimension in (0..place.len()).rev() {
                place[dimension] += 1;
                if place[dimension] < shape[dimension] {
                    break;
                }
                place[dimension] = 0;
            }
        }
        Self { name: self.name.clone(), shape, values }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn numbers_of_every_kind_are_read() {
        assert_eq!(ValueType::F64.decode(&1.5_f64.to_le_bytes()), [1.5]);
        assert_eq!(ValueType::Bf16.decode(&[0xc0, 0x3f]), [1.5]);
        assert_eq!(ValueType::F16.decode(&[0x00, 0x3e]), [1.5]);
        assert_eq!(ValueType::I64.decode(&(-3_i64).to_le_bytes()), [-3.0]);
        assert_eq!(ValueType::I8.decode(&[0xff]), [-1.0]);
    }

    #[test]
    fn dimensions_change_places() {
        let values: Vec<f32> = (0_u8..6).map(f32::from).collect();
        let tensor = NamedTensor { name: String::new(), shape: vec![2, 3], values };
        let turned = tensor.permuted(&[1, 0]);
        assert_eq!((turned.shape, turned.values), (vec![3, 2], vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
    }
}
