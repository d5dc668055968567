//! What several of the tests need: where the project and the data lie.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use dataset::{Split, mnist};

/// The project's root.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
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
