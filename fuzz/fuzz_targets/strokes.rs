//! Pen strokes as JSON lines.
#![no_main]

use data_files::parse_strokes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = parse_strokes("strokes.jsonl", bytes);
});
