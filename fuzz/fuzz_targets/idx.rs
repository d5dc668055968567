//! IDX files.
#![no_main]

use data_files::{ImportOptions, SourceFile, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let bytes = [b"\x00\x00", bytes].concat();
    let _ = read(vec![SourceFile::new("images-idx3-ubyte", bytes)], &ImportOptions::default());
});
