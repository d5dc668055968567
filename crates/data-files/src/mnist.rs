//! MNIST's four files: their names, sums and mirrors.
//!
//! The project does not contain them. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten
//! digits"; usually given as CC BY-SA 3.0.

use dataset::Dataset;
use model_spec::Import;
use sha2::{Digest as _, Sha256};

use crate::{ImportError, ImportOptions, Imported, Question, Reading, SourceFile, options::UPRIGHT};

/// One of the four files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MnistFile {
    /// Name on every mirror.
    pub name: &'static str,
    /// Length in bytes.
    pub size_bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// The files as they were published, gzipped.
pub const FILES: [MnistFile; 4] = [
    MnistFile {
        name: "train-images-idx3-ubyte.gz",
        size_bytes: 9_912_422,
        sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    },
    MnistFile {
        name: "train-labels-idx1-ubyte.gz",
        size_bytes: 28_881,
        sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    },
    MnistFile {
        name: "t10k-images-idx3-ubyte.gz",
        size_bytes: 1_648_877,
        sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    },
    MnistFile {
        name: "t10k-labels-idx1-ubyte.gz",
        size_bytes: 4_542,
        sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
];

/// Public mirrors, tried in this order; each file lies below them under its name.
pub const MIRRORS: [&str; 3] = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
];

impl MnistFile {
    /// Whether these bytes are the file as it was published.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        bytes.len() as u64 == self.size_bytes && hex(&Sha256::digest(bytes)) == self.sha256
    }
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The data set of the four files.
///
/// # Errors
/// [`ImportError`] where a file is damaged.
pub fn dataset(files: Vec<(String, Vec<u8>)>) -> Result<Dataset, ImportError> {
    let files = files.into_iter().map(|(path, bytes)| SourceFile::new(&path, bytes)).collect();
    // What is known needs no looking.
    let mut options = ImportOptions::default();
    options.set(Question::Orientation, UPRIGHT.into());
    let imported = Reading::new(files, &options, &mut |_| ())?.finish(Some(Import::AsIs))?;
    // Every image passes through the ink pipeline unchanged.
    let Imported { train, test, .. } = imported;
    Ok(Dataset { train, test, name: "MNIST".into(), import: Import::Ink, ..Dataset::default() })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn only_the_published_bytes_match() {
        let file = MnistFile {
            name: "abc",
            size_bytes: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        };
        assert!(file.matches(b"abc"));
        assert!(!file.matches(b"abd"));
        assert!(!file.matches(b"abcd"));
    }
}
