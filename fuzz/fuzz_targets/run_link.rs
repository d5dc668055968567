//! A link that holds settings, a run, a sweep or a drawing.
#![no_main]

use experiments::decode;
use ink::linked_drawing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = decode(text);
    let _ = decode(&format!("#x=1.{text}"));
    let _ = linked_drawing(&format!("#d=1.{text}"));
});
