//! Everything that goes on elsewhere, in one zip.

use std::io::{Cursor, Write as _};

use model_card::ModelCard;
use serde_json::json;
use weights::{Weights, WeightsError, write_safetensors};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{ModelError, model_card_out::readme, onnx_out::write_onnx, pytorch_out::model_py};

const TRAIN_PY: &str = include_str!("pytorch/train.py");
const REQUIREMENTS: &str = include_str!("pytorch/requirements.txt");

/// A file's name and what it holds.
pub type NamedFile = (&'static str, Vec<u8>);

/// The weights, the network in PyTorch, a script that goes on training it, the ONNX file and a card to read.
///
/// # Errors
/// [`ModelError`] where a file cannot be written, which valid weights never cause.
pub fn package_files(name: &str, weights: &Weights, card: &ModelCard) -> Result<[NamedFile; 7], ModelError> {
    let config = json!({
        "schema": 1,
        "training": card.config,
        "epochs_done": card.epochs_done,
        "trained_on": card.trained_on,
        "class_names": (0..card.network.classes()).map(|class| card.class_name(class)).collect::<Vec<_>>(),
    });
    let config = serde_json::to_string_pretty(&config).map_err(refused)?;
    Ok([
        ("README.md", readme(name, card).into()),
        ("model.safetensors", write_safetensors(weights, card)?),
        ("model.onnx", write_onnx(weights, card)),
        ("model.py", model_py(card).into()),
        ("train.py", TRAIN_PY.into()),
        ("requirements.txt", REQUIREMENTS.into()),
        ("config.json", config.into()),
    ])
}

/// All of [`package_files`] in a zip; the same bytes for the same model.
///
/// # Errors
/// As for [`package_files`].
pub fn write_package(name: &str, weights: &Weights, card: &ModelCard) -> Result<Vec<u8>, ModelError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Without a time.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (file, bytes) in package_files(name, weights, card)? {
        zip.start_file(file, options).map_err(refused)?;
        zip.write_all(&bytes).map_err(refused)?;
    }
    Ok(zip.finish().map_err(refused)?.into_inner())
}

fn refused(error: impl core::fmt::Display) -> ModelError {
    WeightsError::NotSafetensors(error.to_string()).into()
}
