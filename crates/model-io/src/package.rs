//! Everything that goes on elsewhere, in one zip.

use std::{
    collections::HashMap,
    io::{Cursor, Write as _},
};

use checkpoint::{Checkpoint, Moment};
use model_card::ModelCard;
use safetensors::{Dtype, tensor::TensorView};
use serde_json::json;
use weights::{Weights, WeightsError, write_safetensors};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{ModelError, model_card_out::readme, onnx_out::write_onnx, pytorch_out::model_py};

const TRAIN_PY: &str = include_str!("pytorch/train.py");
const REQUIREMENTS: &str = include_str!("pytorch/requirements.txt");
/// What `train.py` reads the optimizer's state from.
pub(crate) const OPTIMIZER_FILE: &str = "optimizer.safetensors";

/// A file's name and what it holds.
pub type NamedFile = (&'static str, Vec<u8>);

/// A model to be packed.
#[derive(Clone, Debug)]
pub struct Package<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its weights.
    pub weights: &'a Weights,
    /// What is known of them.
    pub card: ModelCard,
    /// The run as it stood with these very weights, where its optimizer's state is to go with them.
    pub checkpoint: Option<&'a Checkpoint>,
}

impl<'a> Package<'a> {
    /// A model without an optimizer's state.
    pub fn new(name: &'a str, weights: &'a Weights, card: &ModelCard) -> Self {
        Self { name, weights, card: card.clone(), checkpoint: None }
    }

    /// A run as it stood at a checkpoint. `weights` and `card` are newer or older ones of the same run: the card's figures stay
    /// where they are of the checkpoint's own weights.
    ///
    /// # Errors
    /// [`ModelError`] where they are of another network.
    pub fn of_run(
        name: &'a str,
        checkpoint: &'a Checkpoint,
        weights: &Weights,
        card: &ModelCard,
    ) -> Result<Self, ModelError> {
        let progress = &checkpoint.progress;
        if card.network != progress.config.network {
            return Err(refused("the checkpoint is of another network"));
        }
        let card =
            if *weights == checkpoint.weights { card.clone() } else { card.of_later_weights(progress.epoch) };
        let card = ModelCard { config: Some(progress.config.clone()), ..card };
        Ok(Self { name, weights: &checkpoint.weights, card, checkpoint: Some(checkpoint) })
    }

    /// The weights, the network in PyTorch, a script that goes on training it, the ONNX file and a card to read; the optimizer's
    /// state where there is one.
    ///
    /// # Errors
    /// [`ModelError`] where a file cannot be written, which valid weights never cause.
    pub fn files(&self) -> Result<Vec<NamedFile>, ModelError> {
        let Self { name, weights, card, checkpoint } = self;
        let config = json!({
            "schema": 1,
            "training": card.config,
            "epochs_done": card.epochs_done,
            "trained_on": card.trained_on,
            "class_names": (0..card.network.classes()).map(|class| card.class_name(class)).collect::<Vec<_>>(),
        });
        let config = serde_json::to_string_pretty(&config).map_err(refused)?;
        let state = checkpoint.filter(|checkpoint| has_state(checkpoint));
        let model = write_safetensors(weights, card)?;
        let state = state.map(|state| optimizer_state(state, &model)).transpose()?;
        let mut files = vec![
            ("README.md", readme(name, card, state.as_ref().map(|_| OPTIMIZER_FILE)).into()),
            ("model.safetensors", model),
            ("model.onnx", write_onnx(weights, card)),
            ("model.py", model_py(card).into()),
            ("train.py", TRAIN_PY.into()),
            ("requirements.txt", REQUIREMENTS.into()),
            ("config.json", config.into()),
        ];
        files.extend(state.map(|state| (OPTIMIZER_FILE, state)));
        Ok(files)
    }

    /// All of [`files`](Self::files) in a zip; the same bytes for the same model.
    ///
    /// # Errors
    /// As for [`files`](Self::files).
    pub fn zip(&self) -> Result<Vec<u8>, ModelError> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        // Without a time.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (file, bytes) in self.files()? {
            zip.start_file(file, options).map_err(refused)?;
            zip.write_all(&bytes).map_err(refused)?;
        }
        Ok(zip.finish().map_err(refused)?.into_inner())
    }
}

/// Whether an optimizer remembers something of the checkpoint's own weights. Early stopping goes back to earlier weights, and leaves
/// the optimizer where it was.
fn has_state(checkpoint: &Checkpoint) -> bool {
    let went_back = checkpoint
        .best
        .as_ref()
        .is_some_and(|best| best.epoch < checkpoint.progress.epoch && best.weights == checkpoint.weights);
    !checkpoint.moments.is_empty() && !went_back
}

/// What an optimizer remembers, as safetensors: `conv1.weight.exp_avg` is what PyTorch keeps as `exp_avg` of the parameter
/// `conv1.weight`. The metadata says after how many `steps`, and of which `model` file, by its checksum.
fn optimizer_state(checkpoint: &Checkpoint, model: &[u8]) -> Result<Vec<u8>, ModelError> {
    let bytes = |moment: &Moment<'_>| moment.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let moments: Vec<(Moment<'_>, Vec<u8>)> =
        checkpoint.moments().map(|moment| (moment, bytes(&moment))).collect();
    let views = moments.iter().map(|(Moment { parameter, name, .. }, bytes)| {
        let view = TensorView::new(Dtype::F32, parameter.shape.clone(), bytes).map_err(refused)?;
        Ok((format!("{}.{name}", parameter.name), view))
    });
    let views = views.collect::<Result<Vec<_>, ModelError>>()?;
    let metadata = HashMap::from([
        ("steps".to_owned(), checkpoint.progress.optimizer_steps.to_string()),
        ("model".to_owned(), format!("{:08x}", crc32fast::hash(model))),
    ]);
    safetensors::serialize(views, Some(metadata)).map_err(refused)
}

fn refused(error: impl core::fmt::Display) -> ModelError {
    WeightsError::NotSafetensors(error.to_string()).into()
}
