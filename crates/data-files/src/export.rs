//! Labelled images as files: IDX, and PNG pictures with their list of labels, each in a zip.

use std::io::{Cursor, Write as _};

use dataset::LabelledImages;
use ink::{PIXELS, SIDE};
use zip::{CompressionMethod, ZipWriter, result::ZipResult, write::SimpleFileOptions};

/// Images that could not be written; only where memory has run out.
#[derive(Debug, thiserror::Error)]
#[error("the images could not be written: {0}")]
pub struct ExportError(String);

/// A zip of `images-idx3-ubyte` and `labels-idx1-ubyte`, as MNIST's files are.
///
/// # Errors
/// [`ExportError`] where memory has run out.
pub fn idx_zip(images: &LabelledImages) -> Result<Vec<u8>, ExportError> {
    let header = |words: &[usize]| words.iter().flat_map(|&word| (word as u32).to_be_bytes()).collect();
    let mut levels: Vec<u8> = header(&[2051, images.len(), SIDE, SIDE]);
    levels.extend_from_slice(&images.pixels);
    let mut labels: Vec<u8> = header(&[2049, images.len()]);
    labels.extend_from_slice(&images.labels);
    zipped(&[("images-idx3-ubyte".into(), levels), ("labels-idx1-ubyte".into(), labels)])
}

/// A zip of one 28x28 PNG an image, bright ink on black, and `labels.csv`: what `inkling eval --folder` reads.
///
/// # Errors
/// [`ExportError`] where memory has run out.
pub fn picture_zip(images: &LabelledImages) -> Result<Vec<u8>, ExportError> {
    let mut files = Vec::new();
    let mut list = String::from("file,label\n");
    for (index, (levels, label)) in images.pixels.chunks_exact(PIXELS).zip(&images.labels).enumerate() {
        let name = format!("{:04}-{label}.png", index + 1);
        list.extend([name.as_str(), ",", &label.to_string(), "\n"]);
        files.push((name, picture(levels).map_err(|error| ExportError(error.to_string()))?));
    }
    files.push(("labels.csv".into(), list.into_bytes()));
    zipped(&files)
}

/// Answers as Kaggle's Digit Recognizer wants them: `ImageId,Label`, the images counted from 1 in the order of their file.
pub fn submission(answers: &[String]) -> String {
    let mut text = String::from("ImageId,Label\n");
    for (index, answer) in answers.iter().enumerate() {
        text.extend([(index + 1).to_string().as_str(), ",", answer, "\n"]);
    }
    text
}

fn picture(levels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIDE as u32, SIDE as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(levels)?;
    Ok(bytes)
}

fn zipped(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, ExportError> {
    let write = || -> ZipResult<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))?;
            zip.write_all(bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    };
    write().map_err(|error| ExportError(error.to_string()))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::io::Read as _;

    use super::*;
    use crate::{ImportOptions, SourceFile, read};
    use dataset::built_in_digits;

    fn unzipped(bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let count = zip.len();
        let each = |index| {
            let mut file = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().to_owned(), bytes)
        };
        (0..count).map(each).collect()
    }

    #[test]
    fn idx_files_can_be_trained_on_again() {
        let images = built_in_digits(30, 1);
        let zip = vec![SourceFile::new("digits.zip", idx_zip(&images).unwrap())];
        let (found, _) = read(zip, &ImportOptions::default()).unwrap().into_dataset().unwrap();
        assert_eq!((found.train.len(), found.test.len()), (25, 5));
        let sorted = |pixels: Vec<u8>| {
            let mut all: Vec<_> = pixels.chunks_exact(PIXELS).map(<[u8]>::to_vec).collect();
            all.sort();
            all
        };
        let (found, written) = ([found.train.pixels, found.test.pixels].concat(), images.pixels);
        assert!(sorted(found) == sorted(written), "other images came back");
    }

    #[test]
    fn answers_are_counted_from_one() {
        assert_eq!(submission(&["2".into(), "0".into()]), "ImageId,Label\n1,2\n2,0\n");
    }

    #[test]
    fn pictures_have_their_list() {
        let images = built_in_digits(12, 1);
        let files = unzipped(picture_zip(&images).unwrap());
        let list = String::from_utf8(files.last().unwrap().1.clone()).unwrap();
        assert_eq!(list.lines().nth(4), Some("0004-3.png,3"));
        assert_eq!((list.lines().count(), files.len()), (13, 13));
        let mut reader = png::Decoder::new(Cursor::new(&files[3].1[..])).read_info().unwrap();
        let mut levels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut levels).unwrap();
        assert_eq!(levels, images.image(3));
    }
}
