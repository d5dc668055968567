//! A sum over source files, for build scripts: it tells two builds of the same code from two of other code.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// The SHA-256 of these files and of every Rust file below these folders; cargo is told to ask again when one of them changes.
///
/// # Errors
/// Where a folder or a file cannot be read.
pub fn of(sources: &[&str]) -> io::Result<[u8; 32]> {
    let mut paths = Vec::new();
    for source in sources {
        println!("cargo::rerun-if-changed={source}");
        let path = Path::new(source);
        if path.is_file() {
            paths.push(path.to_owned());
        } else {
            collect(path, &mut paths)?;
        }
    }
    // Sorted, so that the order does not depend on the machine.
    paths.sort();
    let mut hasher = Sha256::new();
    for path in paths {
        let mut bytes = fs::read(&path)?;
        // Git may add carriage returns on Windows.
        bytes.retain(|&byte| byte != b'\r');
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(&bytes);
    }
    Ok(hasher.finalize().into())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}
