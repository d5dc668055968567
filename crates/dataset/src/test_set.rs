//! Labelled images from the files that a person gives to test on.

use std::io::Read as _;

use flate2::read::GzDecoder;
use ink::{Drawing, PIXELS};

use crate::{
    CsvError, IdxError, IdxFile, LabelledImages, StrokesError, WrittenDigit, parse_csv, parse_idx,
    parse_strokes,
};

/// Files that cannot be tested on; the text is for the person who gave them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum TestSetError {
    #[error("{name} cannot be used: {error}.")]
    Idx { name: String, error: IdxError },
    #[error("{name} cannot be used: {error}.")]
    Csv { name: String, error: CsvError },
    #[error("{name} cannot be used: {error}.")]
    Strokes { name: String, error: StrokesError },
    #[error("{0} is empty.")]
    Empty(String),
    #[error(
        "Give an IDX file of images together with the one of its labels, or one CSV file, or one of strokes."
    )]
    NoPair,
    #[error("There are {images} images but {labels} labels.")]
    Length { images: usize, labels: usize },
}

/// Reads a pair of IDX files in either order, one of pen strokes (both gzipped or not), or one of CSV rows; what a file holds
/// is seen from its first byte. Every image goes through the pipeline of pictures, strokes through that of drawings.
///
/// # Errors
/// [`TestSetError`] names the file and what is wrong with it.
pub fn test_set(files: &[(String, Vec<u8>)]) -> Result<LabelledImages, TestSetError> {
    if let Some((name, _)) = files.iter().find(|(_, bytes)| bytes.is_empty()) {
        return Err(TestSetError::Empty(name.clone()));
    }
    match files {
        [(name, bytes)] => match first_byte(bytes) {
            Some(b'{') => {
                let written = parse_strokes(bytes);
                let written = written.map_err(|error| TestSetError::Strokes { name: name.clone(), error })?;
                Ok(drawn_digits(&written))
            }
            Some(0) => Err(TestSetError::NoPair),
            _ => parse_csv(bytes).map_err(|error| TestSetError::Csv { name: name.clone(), error }),
        },
        [(one_name, one), (other_name, other)] => {
            let idx = |name: &String, bytes: &[u8]| {
                parse_idx(bytes).map_err(|error| TestSetError::Idx { name: name.clone(), error })
            };
            match (idx(one_name, one)?, idx(other_name, other)?) {
                (IdxFile::Images(images), IdxFile::Labels(labels))
                | (IdxFile::Labels(labels), IdxFile::Images(images)) => {
                    if images.len() != labels.len() {
                        return Err(TestSetError::Length { images: images.len(), labels: labels.len() });
                    }
                    Ok(LabelledImages { pixels: images.through_pipeline(), labels })
                }
                _ => Err(TestSetError::NoPair),
            }
        }
        _ => Err(TestSetError::NoPair),
    }
}

/// The first byte that is no space, after unpacking.
fn first_byte(bytes: &[u8]) -> Option<u8> {
    let mut start = [0; 16];
    let start = if bytes.starts_with(&[0x1f, 0x8b]) {
        // Damaged data is named by whoever reads all of it.
        let length = GzDecoder::new(bytes).read(&mut start).unwrap_or(0);
        &start[..length]
    } else {
        &bytes[..bytes.len().min(16)]
    };
    start.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Written digits on the page's canvas, each in the middle of the paper, keeping its shape.
pub fn drawn_digits(written: &[WrittenDigit]) -> LabelledImages {
    const FILLED: f32 = 0.65;
    let mut images = LabelledImages::default();
    for digit in written {
        let image = Drawing::from_strokes(digit.on_paper(FILLED, (0.5, 0.5))).image();
        // Strokes have points, and each leaves ink.
        images.push(&image.unwrap_or([0; PIXELS]), digit.label);
    }
    images
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn idx(magic: u32, sizes: &[u32], values: &[u8]) -> (String, Vec<u8>) {
        let header = std::iter::once(&magic).chain(sizes).flat_map(|word| word.to_be_bytes());
        ("a.idx".into(), header.chain(values.iter().copied()).collect())
    }

    fn text(text: &str) -> (String, Vec<u8>) {
        ("b.txt".into(), text.as_bytes().to_vec())
    }

    #[track_caller]
    fn check(files: &[(String, Vec<u8>)], expected: Result<&[u8], &str>) {
        let found = test_set(files).map(|set| set.labels).map_err(|error| error.to_string());
        assert_eq!(found.as_deref(), expected.map_err(String::from).as_ref().map(|labels| *labels));
    }

    #[test]
    fn what_a_file_holds_is_seen_from_its_bytes() {
        let mut ink = vec![0; 2 * 16];
        ink[5..10].fill(255);
        ink[21..27].fill(255);
        let images = idx(2051, &[2, 4, 4], &ink);
        let labels = idx(2049, &[2], &[3, 4]);
        check(&[images.clone(), labels.clone()], Ok(&[3, 4]));
        check(&[labels.clone(), images.clone()], Ok(&[3, 4]));
        check(&[text("{\"label\":8,\"strokes\":[[[1,2],[3,4]]]}")], Ok(&[8]));
        check(&[text(&format!("7{}", ",9".repeat(784)))], Ok(&[7]));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        check(&[text("")], Err("b.txt is empty."));
        check(
            &[text("1,2")],
            Err("b.txt cannot be used: row 1 has 2 columns; a label and 784 pixels are needed."),
        );
        check(
            &[text("{\"label\":8,\"strokes\":[[[1,")],
            Err(
                "b.txt cannot be used: line 1 is no JSON object with a label and strokes: EOF while parsing a value at line 1 column 26.",
            ),
        );
        let labels = idx(2049, &[2], &[3, 4]);
        let alone = "Give an IDX file of images together with the one of its labels, or one CSV file, or one of strokes.";
        check(std::slice::from_ref(&labels), Err(alone));
        check(&[labels.clone(), labels.clone()], Err(alone));
        check(&[idx(2051, &[1, 2, 2], &[0, 0, 9, 0]), labels], Err("There are 1 images but 2 labels."));
    }
}
