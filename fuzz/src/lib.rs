//! What all fuzzers share: a reader's limit on memory is held like a panic.

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Reads bytes with the reader of this name.
///
/// # Panics
/// Where there is none, and where it takes more than twice the memory that it may.
pub fn drive(name: &str, bytes: &[u8]) {
    let reader = untrusted_bytes::reader(name).expect("every fuzzer has the name of a reader");
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    (reader.read)(bytes);
    let mib = (ALLOCATED.peak_usage() - before) >> 20;
    assert!(mib <= 2 * reader.limit_mib, "{name} took {mib} MiB");
}
