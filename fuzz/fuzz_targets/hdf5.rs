//! HDF5, as Keras writes it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_io::{ModelFile, read};

fuzz_target!(|bytes: &[u8]| {
    let bytes = [b"\x89HDF\r\n\x1a\n", bytes].concat();
    let _ = read(&[ModelFile { name: "model.h5".into(), bytes }]);
});
