//! A link that holds settings, a run or a sweep.
#![no_main]

use experiments::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = decode(text);
    let _ = decode(&format!("#x=1.{text}"));
});
