//! ONNX.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_io::{ModelFile, read};

fuzz_target!(|bytes: &[u8]| {
    let bytes = [b"\x08\x07\x12", bytes].concat();
    let _ = read(&[ModelFile { name: "model.onnx".into(), bytes }]);
});
