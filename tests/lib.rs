//! What several of the tests need: where the project and the data lie.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use dataset::{Split, WrittenDigit, mnist, parse_strokes};

/// The project's root.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Writers whom `recipes/reader-cnn.toml` holds back from training.
pub const UNSEEN: [&str; 6] = ["tra03", "tra08", "tra13", "tra18", "tra23", "tra28"];

/// Digits as pen strokes from the file in `INKLING_STROKES` (as `inkling eval --strokes` reads them); without it `None`, which
/// is said.
///
/// # Panics
/// Where the variable names a file that cannot be read.
pub fn strokes() -> Option<Vec<WrittenDigit>> {
    let Some(file) = env::var_os("INKLING_STROKES").map(PathBuf::from) else {
        println!("INKLING_STROKES is not set: nothing is tested on pen strokes");
        return None;
    };
    let bytes = fs::read(root().join(file)).expect("INKLING_STROKES is a file");
    Some(parse_strokes(&bytes).expect("INKLING_STROKES holds pen strokes"))
}

/// MNIST from the folder in `INKLING_MNIST_DIR`; without it `None`, which is said.
///
/// # Panics
/// Where the variable names a folder whose files are missing or damaged.
pub fn mnist() -> Option<Split> {
    let Some(folder) = env::var_os("INKLING_MNIST_DIR").map(PathBuf::from) else {
        println!(
            "INKLING_MNIST_DIR is not set: what needs MNIST is tested on the built-in digits, or not at all"
        );
        return None;
    };
    let folder = if folder.is_absolute() { folder } else { root().join(folder) };
    let files = mnist::FILES.map(|file| {
        let bytes = fs::read(folder.join(file.name)).expect("INKLING_MNIST_DIR holds MNIST's four files");
        assert!(file.matches(&bytes), "{} is not the published file", file.name);
        (file.name.to_owned(), bytes)
    });
    Some(mnist::split(&files).expect("the published files are sound"))
}
