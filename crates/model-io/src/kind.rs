//! What a file is that is no model.

/// A name for what stands there, where it is something that people choose by mistake.
pub(crate) fn what_else(name: &str, bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(512)];
    let text = String::from_utf8_lossy(start);
    let lower = text.trim_start().to_lowercase();
    let what = if bytes.is_empty() {
        "empty"
    } else if text.starts_with("version https:") && text.contains("git-lfs") {
        "a Git LFS pointer, a note of where the file lies: download the file itself, or run git lfs pull"
    } else if lower.starts_with("<!doctype html") || lower.starts_with("<html") || lower.starts_with("<?xml")
    {
        "a web page: the download gave a page in place of the file"
    } else if start.starts_with(&[0x89, b'P', b'N', b'G'])
        || start.starts_with(&[0xff, 0xd8, 0xff])
        || start.starts_with(b"GIF8")
    {
        "a picture: read it on the Draw page, or bring it as data"
    } else if start.starts_with(&[0, 0, 8, 1]) || start.starts_with(&[0, 0, 8, 3]) {
        "a file of images or labels: bring it on the Data page"
    } else if start.starts_with(&[0x1f, 0x8b]) {
        "packed with gzip: unpack it first"
    } else if start.starts_with(b"Rar!") || start.starts_with(b"7z\xbc\xaf") {
        "an archive: unpack it first"
    } else if start.starts_with(b"%PDF") {
        "a PDF"
    } else if start.starts_with(b"{") {
        "JSON that describes no model of TensorFlow.js"
    } else if start.get(4..8) == Some(b"TFL3") {
        "a TensorFlow Lite model, which cannot be trained on: take the Keras file that it was made from"
    } else if start.starts_with(b"INKBACKUP") || name.ends_with(".inkling-backup") {
        "a backup: restore it under Storage"
    } else if start.starts_with(b"GGUF") {
        "a language model (GGUF)"
    } else {
        "of no kind that is known here: models come as .safetensors, .pt, .pth, .onnx, .keras, .h5, .npz, a zip from \
         this page, or TensorFlow.js's model.json with its .bin files"
    };
    what.to_owned()
}
