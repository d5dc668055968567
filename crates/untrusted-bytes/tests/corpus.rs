//! What the fuzzers found is read again: without a panic, and within twice the memory that a reader may take.

use std::{fs, path::Path};

use untrusted_bytes::READERS;

/// One test, because all threads share what is counted.
#[test]
fn what_the_fuzzers_found_is_read_again() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    for reader in READERS {
        let name = reader.name;
        assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name} has no fuzzer");
        let folder = fuzz.join("corpus").join(name);
        let mut count = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // Where it panics, this was printed last.
            println!("{}", path.display());
            reader.check(&fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{} is empty", folder.display());
    }
    // A fuzzer that nobody replays is as good as none.
    assert_eq!(fs::read_dir(fuzz.join("fuzz_targets")).unwrap().count(), READERS.len());
}
