//! Tables of labelled pixels.
#![no_main]

use data_files::{ImportOptions, SourceFile, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.to_vec();
    let _ = read(vec![SourceFile::new("table.csv", bytes)], &ImportOptions::default());
});
