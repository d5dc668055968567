//! A link that holds a model.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_io::read_link;

fuzz_target!(|text: &str| {
    let _ = read_link(text);
    let _ = read_link(&format!("#m=1.{text}z"));
});
