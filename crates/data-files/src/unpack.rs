//! Gzip and zip, as often as files are packed in them.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::{
    ImportError, SourceFile,
    source::{is_litter, name_of},
};

/// Largest sum of what files unpack to, in bytes: seven times Kaggle's `train.csv`.
pub const MAX_UNPACKED_BYTES: u64 = 512 << 20;
/// Most files of one import.
pub const MAX_FILES: usize = 200_000;
/// A file that is packed more often is meant to do harm.
const MAX_DEPTH: usize = 4;

/// Unpacks all files, drops what a system left among them, and keeps one of each that has the same name and contents.
pub(crate) fn unpack(files: Vec<SourceFile>) -> Result<Vec<SourceFile>, ImportError> {
    let mut all = Unpacked {
        files: Vec::new(),
        bytes_left: MAX_UNPACKED_BYTES,
        by_name: std::collections::HashMap::new(),
    };
    for file in files {
        all.add(file, 0)?;
    }
    Ok(all.files)
}

struct Unpacked {
    files: Vec<SourceFile>,
    bytes_left: u64,
    by_name: std::collections::HashMap<String, Vec<usize>>,
}

impl Unpacked {
    fn add(&mut self, file: SourceFile, depth: usize) -> Result<(), ImportError> {
        if is_litter(&file.path) {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(ImportError::file(&file.path, format!("it is packed more than {MAX_DEPTH} times")));
        }
        if file.bytes.starts_with(&[0x1f, 0x8b]) {
            let bytes = self.read(&file.path, MultiGzDecoder::new(&file.bytes[..]), "gzip")?;
            let path = file.path.strip_suffix(".gz").unwrap_or(&file.path);
            return self.add(SourceFile { path: path.to_owned(), bytes }, depth + 1);
        }
        if file.bytes.starts_with(b"PK\x03\x04") || file.bytes.starts_with(b"PK\x05\x06") {
            return self.add_zip(&file, depth);
        }
        // A folder may hold each file both packed and unpacked.
        let bare: String =
            name_of(&file.path).to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        let holds = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with('/'))
        };
        let is_known = |&other: &usize| {
            let other = &self.files[other];
            (holds(other.folder(), file.folder()) || holds(file.folder(), other.folder()))
                && other.bytes == file.bytes
        };
        let known = self.by_name.entry(bare).or_default();
        if known.iter().any(is_known) {
            return Ok(());
        }
        known.push(self.files.len());
        if self.files.len() == MAX_FILES {
            return Err(ImportError::TooManyFiles);
        }
        self.files.push(file);
        Ok(())
    }

    fn add_zip(&mut self, file: &SourceFile, depth: usize) -> Result<(), ImportError> {
        let damaged = |error: &dyn core::fmt::Display| {
            ImportError::file(&file.path, format!("the zip is damaged, cut off or locked: {error}"))
        };
        let mut archive = ZipArchive::new(Cursor::new(&file.bytes[..])).map_err(|error| damaged(&error))?;
        let names: Vec<&str> = archive.file_names().collect();
        if let Some(what) = what_else(&names) {
            return Err(ImportError::file(&file.path, what));
        }
        if names.len() > MAX_FILES {
            return Err(ImportError::TooManyFiles);
        }
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
            if entry.is_dir() {
                continue;
            }
            // A zip is a folder by its name; so `mnist.npz` is one of arrays.
            let path = format!("{}/{}", file.path, entry.name().replace('\\', "/"));
            let bytes = self.read(&path, entry, "zip")?;
            self.add(SourceFile { path, bytes }, depth + 1)?;
        }
        Ok(())
    }

    /// Reads at most what all files together may still hold, so that a bomb takes no more.
    fn read(&mut self, path: &str, source: impl Read, packing: &str) -> Result<Vec<u8>, ImportError> {
        let mut bytes = Vec::new();
        source.take(self.bytes_left + 1).read_to_end(&mut bytes).map_err(|error| {
            ImportError::file(path, format!("the {packing} data is damaged or cut off: {error}"))
        })?;
        self.bytes_left = self.bytes_left.checked_sub(bytes.len() as u64).ok_or(ImportError::TooMuch)?;
        Ok(bytes)
    }
}

/// What a zip is that holds no images, by the names in it.
fn what_else(names: &[&str]) -> Option<&'static str> {
    let has = |end: &str| names.iter().any(|name| name.ends_with(end));
    if has("xl/workbook.xml") {
        Some("it is an Excel workbook: save the sheet as CSV")
    } else if has("data.pkl") {
        Some("it is a PyTorch file of weights, not of images")
    } else if has("model.weights.h5") {
        Some("it is a Keras model, not a file of images")
    } else {
        None
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

    use super::*;

    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    pub(crate) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[track_caller]
    fn check(files: &[(&str, Vec<u8>)], expected: Result<&[(&str, &[u8])], &str>) {
        let files = files.iter().map(|(path, bytes)| SourceFile::new(path, bytes.clone())).collect();
        match (unpack(files), expected) {
            (Ok(found), Ok(expected)) => {
                let found: Vec<_> = found.iter().map(|file| (file.path.as_str(), &file.bytes[..])).collect();
                assert_eq!(found, expected);
            }
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn what_is_packed_is_unpacked_however_often() {
        check(&[("a.gz.gz", gzip(&gzip(b"one")))], Ok(&[("a", b"one")]));
        let zip = zipped(&[("train.csv", b"1"), ("__MACOSX/._train.csv", b"x"), ("0\\a.png", b"2")]);
        check(&[("k.zip", zip.clone())], Ok(&[("k.zip/train.csv", b"1"), ("k.zip/0/a.png", b"2")]));
        check(&[("k.zip.gz", gzip(&zip))], Ok(&[("k.zip/train.csv", b"1"), ("k.zip/0/a.png", b"2")]));
        check(&[("a", b"one".to_vec()), ("a.gz", gzip(b"one"))], Ok(&[("a", b"one")]));
    }

    #[test]
    fn what_is_damaged_or_meant_to_harm_is_said() {
        let cut = gzip(&[7; 1_000]);
        check(&[("a.gz", cut[..20].to_vec())], Err("a.gz cannot be used: the gzip data is damaged"));
        check(&[("a.zip", b"PK\x03\x04".to_vec())], Err("the zip is damaged"));
        let mut nested = b"x".to_vec();
        for _ in 0..6 {
            nested = gzip(&nested);
        }
        check(&[("a", nested)], Err("it is packed more than 4 times"));
        check(&[("a.xlsx", zipped(&[("xl/workbook.xml", b"")]))], Err("save the sheet as CSV"));
        check(&[("a.pt", zipped(&[("a/data.pkl", b"")]))], Err("a PyTorch file of weights"));
    }

    /// 600 MiB of zeros in 600 kB, packed by hand: a block is repeated.
    #[test]
    fn a_bomb_takes_no_more_than_the_limit() {
        let block = gzip(&vec![0; 4 << 20]);
        let bomb = block.repeat(140);
        check(&[("bomb.gz", bomb)], Err("unpack to more than 512 MiB"));
    }
}
