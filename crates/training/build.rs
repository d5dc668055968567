//! Sums up the sources that decide what a step computes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

const FOLDERS: [&str; 6] =
    ["src", "../augment/src", "../dataset/src", "../fused/src", "../kernels/src", "../network/src"];

fn main() {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        collect_sources(Path::new(folder), &mut paths);
    }
    // Sorted, so that the order does not depend on the machine.
    paths.sort();
    let mut hasher = Sha256::new();
    for path in paths {
        let mut bytes = fs::read(&path).expect("a source file can be read");
        // Git may add carriage returns on Windows.
        bytes.retain(|&byte| byte != b'\r');
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(&bytes);
    }
    let digest = hasher.finalize();
    let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    println!("cargo::rustc-env=INKLING_ARITHMETIC={:016x}", u64::from_be_bytes(*first));
}

fn collect_sources(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source folders exist") {
        let path = entry.expect("a source folder can be listed").path();
        if path.is_dir() {
            collect_sources(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}
