//! A backup.
#![no_main]

use backup::Backup;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Backup::from_bytes(bytes);
});
