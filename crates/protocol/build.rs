//! Makes the fingerprint of everything that determines what the bytes of a message mean.

use std::{env, fs, path::Path};

/// Sources of the messages and of the types within them.
const FOLDERS: [&str; 2] = ["src", "../recipe/src"];

fn main() {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        let entries = fs::read_dir(folder).expect("the source folders stand beside this file");
        paths.extend(entries.map(|entry| entry.expect("a source folder can be listed").path()));
    }
    // By name, so that the order does not depend on the machine.
    paths.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in paths {
        for byte in fs::read(&path).expect("a source file can be read") {
            // FNV-1a, without the carriage returns that git may add on Windows.
            if byte != b'\r' {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("fingerprint"), format!("u64::from_be_bytes({:?})", hash.to_be_bytes()))
        .expect("OUT_DIR can be written");
}
