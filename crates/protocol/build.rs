//! Computes the fingerprint of everything that determines what a message means.

use std::{env, fs, path::Path};

/// The sources of the calls and of the types they carry. When a type moves to another crate, add its folder here.
const FOLDERS: [&str; 5] =
    ["src", "../evaluation/src", "../model-card/src", "../model-spec/src", "../train-config/src"];

fn main() {
    let sum = source_sum::of_folders(&FOLDERS).expect("the source folders can be read");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("fingerprint"), format!("{sum:?}")).expect("OUT_DIR is writable");
}
