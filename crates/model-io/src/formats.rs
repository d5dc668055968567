//! One file a format.

mod archive;
mod hdf5;
mod keras;
mod npz;
mod onnx;
mod pickle;
mod pytorch;
mod safetensors;
mod tfjs;

pub(crate) use safetensors::is_safetensors;

use archive::Archive;

use crate::{Found, ModelError, ModelFile, guess, kind, package::OPTIMIZER_FILE};

/// Reads a model from the files that belong to it.
pub(crate) fn read(files: &[ModelFile]) -> Result<Found, ModelError> {
    if let Some(description) = tfjs::description(files) {
        return Ok(found("TensorFlow.js", vec![tfjs::read(&description, files)?]));
    }
    let file = largest(files)?;
    let bytes = file.bytes.as_slice();
    if is_safetensors(bytes) {
        // Alone, its card is looked at first.
        if files.len() > 1 {
            return crate::read(core::slice::from_ref(file));
        }
        let tensors = safetensors::read(bytes)?;
        return Ok(found("safetensors", guess::candidates("safetensors file", tensors)?));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return zip(file);
    }
    if hdf5::is_hdf5(bytes) {
        return Ok(found("Keras", keras::read_h5(bytes)?));
    }
    if pytorch::is_pickle(bytes) {
        return Ok(found("PyTorch", guess::candidates("PyTorch file", pytorch::read_older(bytes)?)?));
    }
    if onnx::is_onnx(bytes) {
        return Ok(found("ONNX", vec![onnx::read(bytes)?]));
    }
    Err(ModelError::NotAModel(kind::what_else(&file.name, bytes)))
}

fn found(format: &'static str, candidates: Vec<crate::Candidate>) -> Found {
    Found { format, card: None, candidates }
}

/// Which of several zips it is.
fn zip(file: &ModelFile) -> Result<Found, ModelError> {
    let bytes = file.bytes.as_slice();
    let mut archive = Archive::open("zip", bytes)?;
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    let names = || names.iter().map(String::as_str);
    if pytorch::is_pytorch(names()) {
        return Ok(found("PyTorch", guess::candidates("PyTorch file", pytorch::read_zip(bytes)?)?));
    }
    if keras::is_keras(names()) {
        return Ok(found("Keras", keras::read_zip(bytes)?));
    }
    if npz::is_npz(names()) {
        return Ok(found("NumPy", guess::candidates("NumPy file", npz::read(bytes)?)?));
    }
    // A folder that was packed: our own zip, or a model.json and its weights.
    let wanted = |name: &&str| {
        [".safetensors", ".json", ".bin"].iter().any(|end| name.ends_with(end))
            && !name.contains("__MACOSX")
            && !is_optimizer(name)
    };
    let inner: Vec<String> = names().filter(wanted).map(str::to_owned).collect();
    let mut files = Vec::new();
    for name in inner {
        let bytes = archive.read(&name)?;
        files.push(ModelFile { name, bytes });
    }
    if files.iter().any(|file| file.bytes.starts_with(b"PK")) {
        return Err(ModelError::NotAModel("a zip within a zip: unpack it first".into()));
    }
    if files.is_empty() {
        return Err(ModelError::NotAModel("a zip without a model in it".into()));
    }
    if let Some(file) = files.iter().find(|file| file.name.ends_with(".safetensors")) {
        return crate::read(core::slice::from_ref(file));
    }
    read(&files)
}

/// The model among the files of a folder: the largest one that may be one.
fn largest(files: &[ModelFile]) -> Result<&ModelFile, ModelError> {
    let is_beside = |name: &str| [".py", ".md", ".txt", ".json"].iter().any(|end| name.ends_with(end));
    let size = |file: &&ModelFile| file.bytes.len();
    let may_be = files.iter().filter(|file| !is_optimizer(&file.name) && !is_beside(&file.name));
    may_be.max_by_key(size).or_else(|| files.iter().max_by_key(size)).ok_or(ModelError::NoFile)
}

/// Whether a file of our own zip holds an optimizer's state: it is larger than the model, and none.
pub(crate) fn is_optimizer(name: &str) -> bool {
    name.ends_with(OPTIMIZER_FILE)
}
