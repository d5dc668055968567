//! Pickles, as older PyTorch files are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_io::{ModelFile, read};

fuzz_target!(|bytes: &[u8]| {
    let bytes = [b"\x80\x02", bytes].concat();
    let _ = read(&[ModelFile { name: "model.pt".into(), bytes }]);
});
