//! Files of models, in and out.
//!
//! [`read`] takes bytes of any file in which people keep networks and gives networks with their weights: safetensors, PyTorch, ONNX,
//! Keras, TensorFlow.js, NumPy. Some files describe their layers; of others, only tensors are known, and every way to put them together
//! is a [`Candidate`]. Nothing in a file is run, and none is read beyond [`MAX_FILE_BYTES`].
//!
//! The way in, a file a step: `formats` (bytes to layers or tensors), `blocks` (tensors that belong to one layer), `guess` (layers that
//! fit each other), `stack` (a network from layers). This crate knows neither Burn nor a browser.

mod blocks;
mod error;
mod formats;
mod guess;
mod kind;
mod link;
mod model_card_out;
mod onnx_out;
mod package;
mod protobuf;
mod pytorch_out;
mod quantize;
mod range_coder;
mod stack;
mod summary;
mod tensor;
#[cfg(test)]
mod tests;

pub use error::ModelError;
pub use link::{LinkError, LinkWeights, LinkedModel, MAX_LINK_LENGTH, is_model_link, read_link};
pub use onnx_out::write_onnx;
pub use package::{NamedFile, Package};
pub use summary::{BARS, summary};
pub use tensor::NamedTensor;
pub use weights::MAX_FILE_BYTES;

use model_card::ModelCard;
use weights::{Reading, Weights, WeightsError};

/// A file as a person chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Its name, perhaps with folders.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A network that a file may hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The network, its weights, and what is known of how they are used.
    pub reading: Reading,
    /// Names of the classes, where the file says them.
    pub class_names: Vec<String>,
    /// What was assumed, for people; empty where nothing was.
    pub assumes: String,
}

impl Candidate {
    /// What is known of it. A scale of pixels that the file does not say is 0 to 1.
    pub fn card(&self) -> ModelCard {
        ModelCard {
            preprocessing: self.reading.preprocessing.unwrap_or_default(),
            class_names: self.class_names.clone(),
            ..ModelCard::unknown(self.reading.weights.network().clone())
        }
    }
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Who writes such files, for people.
    pub format: &'static str,
    /// The card, where it is one of our own files. There is one candidate then.
    pub card: Option<ModelCard>,
    /// Every way to read it, the likeliest first; at least one.
    pub candidates: Vec<Candidate>,
}

/// Reads a model from one file, or from a description and the files with its weights.
///
/// # Errors
/// [`ModelError`] says what a file is that cannot be read, or what does not fit.
pub fn read(files: &[ModelFile]) -> Result<Found, ModelError> {
    let of_model = files.iter().filter(|file| !formats::is_optimizer(&file.name));
    let size = of_model.map(|file| file.bytes.len()).sum();
    if size > MAX_FILE_BYTES {
        return Err(ModelError::TooLarge { size });
    }
    if let [file] = files {
        match weights::read_safetensors(&file.bytes) {
            Ok((weights, card)) => {
                let reading = Reading { weights, preprocessing: Some(card.preprocessing), is_unusual: false };
                let (class_names, assumes) = (card.class_names.clone(), String::new());
                let candidate = Candidate { reading, class_names, assumes };
                return Ok(Found { format: "Inkling", card: Some(card), candidates: vec![candidate] });
            }
            Err(WeightsError::NoCard | WeightsError::NotSafetensors(_)) => {}
            // What is too short for its header may be a file of another kind.
            Err(WeightsError::Truncated(_)) if !formats::is_safetensors(&file.bytes) => {}
            Err(error) => return Err(error.into()),
        }
    }
    formats::read(files)
}

/// Weights that are no numbers are of no use.
pub(crate) fn finite(weights: &Weights) -> Result<(), ModelError> {
    for (tensor, values) in weights.tensors() {
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite { name: tensor.name.clone(), index }.into());
        }
    }
    Ok(())
}
