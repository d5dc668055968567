//! What several of the tests need: where the project and the data lie.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use data_files::{mnist, parse_strokes};
use dataset::{Dataset, WrittenDigit};

/// The project's root.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Writers whom `recipes/reader-cnn.toml` holds back from training.
pub const UNSEEN: [&str; 6] = ["tra03", "tra08", "tra13", "tra18", "tra23", "tra28"];

/// Digits as pen strokes from the file in `INKLING_STROKES` (as `inkling eval --strokes` reads them). Tests that need it are
/// ignored without.
///
/// # Panics
/// Where the variable is not set, or names a file that cannot be read.
pub fn strokes() -> Vec<WrittenDigit> {
    let file = env::var_os("INKLING_STROKES").map(PathBuf::from).expect("INKLING_STROKES is set");
    let bytes = fs::read(root().join(file)).expect("INKLING_STROKES is a file");
    parse_strokes("INKLING_STROKES", &bytes).expect("INKLING_STROKES holds pen strokes")
}

/// MNIST from the folder in `INKLING_MNIST_DIR`. Tests that need it are ignored without.
///
/// # Panics
/// Where the variable is not set, or names a folder whose files are missing or damaged.
pub fn mnist() -> Dataset {
    let folder = env::var_os("INKLING_MNIST_DIR").map(PathBuf::from).expect("INKLING_MNIST_DIR is set");
    let folder = if folder.is_absolute() { folder } else { root().join(folder) };
    let files = mnist::FILES.map(|file| {
        let bytes = fs::read(folder.join(file.name)).expect("INKLING_MNIST_DIR holds MNIST's four files");
        assert!(file.matches(&bytes), "{} is not the published file", file.name);
        (file.name.to_owned(), bytes)
    });
    mnist::dataset(files.into()).expect("the published files are sound")
}
