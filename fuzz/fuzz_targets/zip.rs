//! Zips: PyTorch, Keras, a folder that was packed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_io::{ModelFile, read};

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.to_vec();
    let _ = read(&[ModelFile { name: "model.zip".into(), bytes }]);
});
