//! Computes the fingerprint of everything that determines what a message means.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// The sources of the calls and of the types they carry. When a type moves to another crate, add its folder here.
const FOLDERS: [&str; 5] =
    ["src", "../evaluation/src", "../model-card/src", "../model-spec/src", "../train-config/src"];

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
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let digest = hasher.finalize();
    fs::write(Path::new(&out).join("fingerprint"), format!("{:?}", &digest[..]))
        .expect("OUT_DIR is writable");
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
