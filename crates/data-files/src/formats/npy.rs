//! NumPy's `.npy`, alone or in an `.npz`, which is a zip of them.
//!
//! An array of objects is a pickle, which is a program: it is refused, never run.

use crate::{
    ImportError,
    numbers::{Numbers, ValueType},
    raw::RawSet,
    source::SourceFile,
};

/// Reads images or labels.
pub(crate) fn read(file: &SourceFile) -> Result<RawSet, ImportError> {
    let wrong = |why: &str| ImportError::file(&file.path, why);
    let array = npy::array(&file.bytes).map_err(|error| ImportError::file(&file.path, error.to_string()))?;
    let npy::Array { kind, is_turned, sizes, bytes } = array;
    let (value, is_big_endian) = match kind.as_deref() {
        Some(kind) if kind.contains('O') => {
            return Err(wrong(
                "it holds Python objects, a pickle, which is never run here: write plain numbers with NumPy",
            ));
        }
        Some(kind) => {
            let value = match kind.trim_start_matches(['<', '>', '|', '=']) {
                "u1" | "b1" => ValueType::U8,
                "i1" => ValueType::I8,
                "u2" => ValueType::U16,
                "i2" => ValueType::I16,
                "u4" => ValueType::U32,
                "i4" => ValueType::I32,
                "u8" | "i8" => ValueType::I64,
                "f2" => ValueType::F16,
                "f4" => ValueType::F32,
                "f8" => ValueType::F64,
                _ => {
                    return Err(ImportError::file(
                        &file.path,
                        format!("its values are of the type {kind}; numbers are needed"),
                    ));
                }
            };
            (value, kind.starts_with('>'))
        }
        None => return Err(wrong("its values are records; plain numbers are needed")),
    };
    if is_turned && sizes.len() > 1 {
        let bytes = rows_first(bytes, &sizes, value.bytes() as usize);
        return Numbers { value, is_big_endian, sizes, bytes: &bytes }.into_set(file);
    }
    Numbers { value, is_big_endian, sizes, bytes }.into_set(file)
}

/// Values whose first index runs fastest, so that the last does.
fn rows_first(bytes: &[u8], sizes: &[u64], width: usize) -> Vec<u8> {
    let count = bytes.len() / width;
    let sizes: Vec<usize> = sizes.iter().map(|&size| size as usize).collect();
    if sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size)) != Some(count) {
        return bytes.to_vec();
    }
    let steps: Vec<usize> = sizes
        .iter()
        .scan(1, |step, &size| {
            let own = *step;
            *step *= size;
            Some(own)
        })
        .collect();
    let mut all = Vec::with_capacity(bytes.len());
    let (mut at, mut index) = (0, vec![0; sizes.len()]);
    for _ in 0..count {
        all.extend_from_slice(&bytes[at * width..(at + 1) * width]);
        for axis in (0..sizes.len()).rev() {
            index[axis] += 1;
            at += steps[axis];
            if index[axis] < sizes[axis] {
                break;
            }
            at -= steps[axis] * sizes[axis];
            index[axis] = 0;
        }
    }
    all
}

#[cfg(test)]
pub(crate) mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::raw::Label;

    pub(crate) fn npy(kind: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let start =
            [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes()];
        [start.concat(), values.to_vec()].concat()
    }

    fn found(kind: &str, shape: &str, values: &[u8]) -> Result<RawSet, ImportError> {
        read(&SourceFile::new("mnist.npz/x_train.npy", npy(kind, shape, values)))
    }

    #[test]
    fn arrays_are_images_or_labels() {
        let images = found("|u1", "(2, 4, 4)", &[7; 32]).unwrap().images.unwrap();
        assert_eq!((images.len(), images.width), (2, 4));
        assert_eq!(found("|u1", "(2, 4, 4, 1)", &[7; 32]).unwrap().images.unwrap().len(), 2);
        assert_eq!(found("|u1", "(2, 16)", &[7; 32]).unwrap().images.unwrap().len(), 2);
        let labels =
            found("<i8", "(2,)", &[3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]).unwrap().labels.unwrap();
        assert_eq!(labels, [Label::Number(3), Label::Number(9)]);
        // One-hot, as `to_categorical` writes it.
        let one_hot: Vec<u8> =
            [0.0_f32, 0.0, 1.0, 1.0, 0.0, 0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let labels = found("<f4", "(2, 3)", &one_hot).unwrap().labels.unwrap();
        assert_eq!(labels, [Label::Number(2), Label::Number(0)]);
    }

    #[test]
    fn a_pickle_is_never_run() {
        for (kind, complaint) in [("|O", "a pickle, which is never run here"), ("<U3", "numbers are needed")]
        {
            assert!(found(kind, "(2,)", &[0; 16]).unwrap_err().to_string().contains(complaint));
        }
        let error = found("|u1", "(99999999999, 28, 28)", &[0; 16]).unwrap_err().to_string();
        assert!(error.contains("but 16 follow"), "{error}");
    }
}
