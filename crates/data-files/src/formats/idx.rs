//! The IDX format of MNIST's files, of any type of value and any number of sizes.
//!
//! Two zeros, a type, a number of sizes, the sizes (big-endian), then the values. Source: Y. LeCun, C. Cortes, C. Burges, "The
//! MNIST database of handwritten digits". QMNIST's labels are rows of eight 32-bit numbers, the class first.

use crate::{
    ImportError,
    numbers::{Numbers, ValueType},
    raw::RawSet,
    source::SourceFile,
};

/// Reads images or labels.
pub(crate) fn read(file: &SourceFile) -> Result<RawSet, ImportError> {
    let wrong = |why: String| ImportError::file(&file.path, why);
    let &[_, _, code, sizes, ..] = &file.bytes[..] else {
        return Err(wrong(format!("its header is cut off after {} bytes", file.bytes.len())));
    };
    let value = match code {
        8 => ValueType::U8,
        9 => ValueType::I8,
        0xb => ValueType::I16,
        0xc => ValueType::I32,
        0xd => ValueType::F32,
        0xe => ValueType::F64,
        code => return Err(wrong(format!("its values are of the type {code}, which IDX does not have"))),
    };
    let header = 4 + 4 * usize::from(sizes);
    let words = file
        .bytes
        .get(4..header)
        .ok_or_else(|| wrong(format!("its header is cut off after {} bytes", file.bytes.len())))?;
    let sizes = words.as_chunks::<4>().0.iter().map(|&word| u64::from(u32::from_be_bytes(word))).collect();
    Numbers { value, is_big_endian: true, sizes, bytes: &file.bytes[header..] }.into_set(file)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::raw::Label;

    fn idx(code: u8, sizes: &[u32], values: &[u8]) -> SourceFile {
        let header = [0, 0, code, sizes.len() as u8];
        let bytes = header
            .into_iter()
            .chain(sizes.iter().flat_map(|size| size.to_be_bytes()))
            .chain(values.iter().copied());
        SourceFile::new("a.idx", bytes.collect())
    }

    fn labels(file: &SourceFile) -> Vec<Label> {
        read(file).unwrap().labels.unwrap()
    }

    #[test]
    fn labels_of_any_width_are_read() {
        let expected = [Label::Number(7), Label::Number(0)];
        let wide =
            |numbers: &[i32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>();
        assert_eq!(labels(&idx(8, &[2], &[7, 0])), expected);
        assert_eq!(labels(&idx(0xc, &[2], &wide(&[7, 0]))), expected);
        assert_eq!(labels(&idx(0xc, &[2, 3], &wide(&[7, 9, 9, 0, 9, 9]))), expected);
        assert_eq!(labels(&idx(0xd, &[1], &7_f32.to_be_bytes())), expected[..1]);
    }

    #[test]
    fn images_of_any_scale_are_read() {
        let images =
            |code, sizes: &[u32], values: &[u8]| read(&idx(code, sizes, values)).unwrap().images.unwrap();
        let plain = images(8, &[2, 2, 3], &[0, 1, 2, 3, 4, 255, 6, 7, 8, 9, 10, 11]);
        assert_eq!((plain.width, plain.height, plain.len(), plain.values[5]), (3, 2, 2, 255));
        assert_eq!(images(8, &[1, 1, 2, 2], &[0, 100, 200, 255]).values, [0, 100, 200, 255]);
        let floats: Vec<u8> = [0.0_f32, 0.5, 1.0, 0.2].iter().flat_map(|value| value.to_be_bytes()).collect();
        assert_eq!(images(0xd, &[1, 2, 2], &floats).values, [0, 128, 255, 51]);
        let wide: Vec<u8> = [0_i16, 16_383, 32_767, 0].iter().flat_map(|value| value.to_be_bytes()).collect();
        assert_eq!(images(0xb, &[1, 2, 2], &wide).values, [0, 127, 255, 0]);
        assert_eq!(images(8, &[1, 16], &[9; 16]).width, 4);
    }

    #[track_caller]
    fn check(file: &SourceFile, complaint: &str) {
        let error = read(file).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }

    #[test]
    fn what_is_wrong_is_said_and_takes_no_memory() {
        check(
            &idx(8, &[u32::MAX, 28, 28], &[0; 10]),
            "promises 3367254359280 bytes of values, but 10 follow",
        );
        check(&idx(8, &[2], &[1, 2, 3]), "promises 2 bytes of values, but 3 follow");
        check(&SourceFile::new("a", vec![0, 0, 8, 3, 0]), "its header is cut off after 5 bytes");
        check(&idx(8, &[1, 0, 4], &[]), "its images are 0x4 pixels");
        check(&idx(8, &[u32::MAX; 4], &[]), "more than can be counted");
    }
}
