//! A description of TensorFlow.js, and its weights.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_io::{ModelFile, read};

fuzz_target!(|files: (&str, &[u8])| {
    let description = ModelFile { name: "model.json".into(), bytes: files.0.as_bytes().to_vec() };
    let weights = ModelFile { name: "model.weights.bin".into(), bytes: files.1.to_vec() };
    let _ = read(&[description, weights]);
});
