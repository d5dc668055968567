//! Every way in for bytes from outside, as one list. `cargo xtask fuzz` drives it, and the tests replay what the fuzzers found.
//!
//! To add one: an entry here, a file in `fuzz/fuzz_targets`, and a few files that it reads in `fuzz/corpus`.

use backup::Backup;
use checkpoint::Checkpoint;
use data_files::{ImportOptions, SourceFile};
use model_io::{ModelFile, read_link};
use peak_alloc::PeakAlloc;

/// Counts what every program takes that drives these readers: fuzzers, and the tests of this crate.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// A way in.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// That of its fuzzer and of its folder of files.
    pub name: &'static str,
    /// Memory in MiB that it may take at most, whatever the bytes say.
    pub limit_mib: usize,
    /// Reads bytes, and forgets what it has read. It must neither panic nor hang.
    pub read: fn(&[u8]),
}

/// Of models: what a file may have, unpacked.
const MODEL_MIB: usize = 64;
/// Of data: the same.
const DATA_MIB: usize = 512;
/// Of links: a page of text, and what twenty thousand weights are rounded from.
const LINK_MIB: usize = 4;

/// All of them.
pub const READERS: [Reader; 14] = [
    Reader {
        name: "safetensors",
        limit_mib: MODEL_MIB,
        read: |bytes| model("model.safetensors", b"", bytes),
    },
    Reader { name: "pickle", limit_mib: MODEL_MIB, read: |bytes| model("model.pt", b"\x80\x02", bytes) },
    Reader { name: "zip", limit_mib: MODEL_MIB, read: |bytes| model("model.zip", b"", bytes) },
    Reader { name: "onnx", limit_mib: MODEL_MIB, read: |bytes| model("model.onnx", b"\x08\x07\x12", bytes) },
    Reader {
        name: "hdf5",
        limit_mib: MODEL_MIB,
        read: |bytes| model("model.h5", b"\x89HDF\r\n\x1a\n", bytes),
    },
    Reader { name: "tfjs", limit_mib: MODEL_MIB, read: tfjs },
    Reader { name: "npz", limit_mib: MODEL_MIB, read: |bytes| model("model.npz", b"", bytes) },
    Reader { name: "link", limit_mib: LINK_MIB, read: model_link },
    Reader { name: "run_link", limit_mib: LINK_MIB, read: run_link },
    Reader { name: "backup", limit_mib: MODEL_MIB, read: |bytes| drop(Backup::from_bytes(bytes)) },
    Reader { name: "checkpoint", limit_mib: MODEL_MIB, read: |bytes| drop(Checkpoint::from_bytes(bytes)) },
    Reader { name: "idx", limit_mib: DATA_MIB, read: |bytes| data("images-idx3-ubyte", b"\x00\x00", bytes) },
    Reader { name: "csv", limit_mib: DATA_MIB, read: |bytes| data("table.csv", b"", bytes) },
    Reader {
        name: "strokes",
        limit_mib: DATA_MIB,
        read: |bytes| drop(data_files::parse_strokes("strokes.jsonl", bytes)),
    },
];

impl Reader {
    /// Reads bytes. What is counted is shared by all threads, so only one may do so at a time.
    ///
    /// # Panics
    /// Where that takes more than twice the memory that it may.
    pub fn check(&self, bytes: &[u8]) {
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        (self.read)(bytes);
        let mib = (ALLOCATED.peak_usage() - before) >> 20;
        assert!(mib <= 2 * self.limit_mib, "{} took {mib} MiB", self.name);
    }
}

/// As [`Reader::check`], of the reader of this name.
///
/// # Panics
/// As there, and where there is none.
pub fn check(name: &str, bytes: &[u8]) {
    let reader = READERS.into_iter().find(|reader| reader.name == name);
    reader.expect("every fuzzer has the name of a reader").check(bytes);
}

/// A model's file; `head` is what every file of its kind begins with.
fn model(name: &str, head: &[u8], bytes: &[u8]) {
    drop(model_io::read(&[ModelFile { name: name.into(), bytes: [head, bytes].concat() }]));
}

/// A description of TensorFlow.js and, after a zero byte, its weights.
fn tfjs(bytes: &[u8]) {
    let (description, weights) = bytes
        .iter()
        .position(|&byte| byte == 0)
        .map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 1..]));
    let description = ModelFile { name: "model.json".into(), bytes: description.to_vec() };
    let weights = ModelFile { name: "model.weights.bin".into(), bytes: weights.to_vec() };
    drop(model_io::read(&[description, weights]));
}

fn data(name: &str, head: &[u8], bytes: &[u8]) {
    let file = SourceFile::new(name, [head, bytes].concat());
    drop(data_files::read(vec![file], &ImportOptions::default()));
}

/// A link that holds a model: whole, and without the letters that every one has.
fn model_link(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    drop(read_link(&text));
    drop(read_link(&format!("#m=1.{text}z")));
}

/// A link that holds settings, a run, a sweep or a drawing.
fn run_link(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    drop(experiments::decode(&text));
    drop(experiments::decode(&format!("#x=1.{text}")));
    drop(ink::linked_drawing(&format!("#d=1.{text}")));
}
