//! Computes the fingerprint of everything that determines what a message means.

use std::{env, fs, path::Path};

/// The sources of the calls and of all that they may carry.
const SOURCES: [&str; 10] = [
    "src",
    "../data-files/src",
    "../dataset/src",
    "../evaluation/src",
    "../ink/src",
    "../link-text/src",
    "../model-card/src",
    "../model-spec/src",
    "../npy/src",
    "../train-config/src",
];

fn main() {
    let sum = source_sum::of(&SOURCES).expect("the sources can be read");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("fingerprint"), format!("{sum:?}")).expect("OUT_DIR is writable");
}
