//! Files of models in other formats, and links that hold one. All but [`TryReadings`] is for the worker of
//! [`Program::ReadFiles`](crate::Program::ReadFiles) and [`Program::WriteFiles`](crate::Program::WriteFiles).

use model_card::{LayerSummary, ModelCard};
use model_spec::Preprocessing;
use serde::{Deserialize, Serialize};

use crate::{Blob, Call, NoProgress, files::Written};

/// A file as a person chose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenFile {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub bytes: Blob,
}

/// Read a model from a file of any format, or from the files that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadModel {
    /// The files.
    pub files: Vec<ChosenFile>,
}

/// A way to read a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelReading {
    /// Safetensors with a card.
    pub model: Blob,
    /// That card.
    pub card: ModelCard,
    /// What it does to grey levels, where the file says so.
    pub preprocessing: Option<Preprocessing>,
    /// What was assumed, for people.
    pub assumes: String,
    /// Whether that is something that few networks have.
    pub is_unusual: bool,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRead {
    /// Who writes such files, for people.
    pub format: String,
    /// Whether it is one of our own files, whose card says how it is read.
    pub is_known: bool,
    /// Every way to read it, the likeliest first; at least one.
    pub readings: Vec<ModelReading>,
}

impl Call for ReadModel {
    const NAME: &'static str = "read_model";
    type Reply = ModelRead;
    type Progress = NoProgress;
}

/// Try ways to read a file on digits that are known, and keep the best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TryReadings {
    /// The ways, the likeliest first.
    pub readings: Vec<ModelReading>,
}

/// The best way to read a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriedReadings {
    /// Which one, from 0.
    pub index: u32,
    /// Its card, with the scale that was found.
    pub card: ModelCard,
    /// Safetensors with that card.
    pub model: Blob,
    /// What trying has shown; none where its classes are not the ten digits.
    pub tried: Option<Tried>,
}

/// What weights read of digits that are known, tried because their file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Share that is read rightly, 0 to 1, at the scale on the card.
    pub accuracy: f64,
    /// The same where pixels are taken for 0 to 1; none where the file says how they are scaled.
    pub accuracy_at_zero_to_one: Option<f64>,
}

impl Call for TryReadings {
    const NAME: &'static str = "try_readings";
    type Reply = TriedReadings;
    type Progress = NoProgress;
}

/// A format to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelFormat {
    /// Grey levels in, probabilities out.
    Onnx,
    /// Weights, PyTorch, ONNX and a card to read.
    Zip,
    /// Safetensors of 16 bits a weight.
    Half,
}

/// Write a model in another format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteModel {
    /// Safetensors with a card.
    pub model: Blob,
    /// What it is called.
    pub name: String,
    /// What to write.
    pub format: ModelFormat,
    /// The run that trained it, as it stood: a zip then holds the checkpoint's weights and its optimizer's state.
    pub checkpoint: Option<Blob>,
}

impl Call for WriteModel {
    const NAME: &'static str = "write_model";
    type Reply = Written;
    type Progress = NoProgress;
}

/// Round weights so that they fit a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MakeLink {
    /// Safetensors with a card.
    pub model: Blob,
    /// What it is called.
    pub name: String,
    /// The card of the rounded weights, once their accuracy was measured.
    pub measured: Option<ModelCard>,
}

/// Weights that fit a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeLink {
    /// The part of an address from its `#` on.
    pub link: String,
    /// The rounded weights as safetensors.
    pub rounded: Blob,
    /// The step between two values, in standard deviations of a channel.
    pub relative_step: f64,
}

impl Call for MakeLink {
    const NAME: &'static str = "make_link";
    type Reply = MadeLink;
    type Progress = NoProgress;
}

/// Read the model of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLink {
    /// The part of an address from its `#` on.
    pub link: String,
}

/// The model of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenedLink {
    /// What its sender called it.
    pub name: String,
    /// What it says of itself.
    pub card: ModelCard,
    /// Safetensors with that card.
    pub model: Blob,
}

impl Call for OpenLink {
    const NAME: &'static str = "open_link";
    type Reply = OpenedLink;
    type Progress = NoProgress;
}

/// Say what a model holds, layer by layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summarize {
    /// Safetensors with a card.
    pub model: Blob,
}

impl Call for Summarize {
    const NAME: &'static str = "summarize";
    type Reply = Vec<LayerSummary>;
    type Progress = NoProgress;
}

/// Write a model's file with another card: what its owner says of it has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetCard {
    /// Safetensors.
    pub model: Blob,
    /// The card, of the same network.
    pub card: ModelCard,
}

impl Call for SetCard {
    const NAME: &'static str = "set_card";
    type Reply = Written;
    type Progress = NoProgress;
}

/// Draw a text as a QR code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawQr {
    /// The text, an address for example.
    pub text: String,
}

/// A QR code, without the margin of four modules that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrCode {
    /// Modules along a side.
    pub side: u32,
    /// A byte for each module, row by row; 1 is dark.
    pub modules: Blob,
}

impl Call for DrawQr {
    const NAME: &'static str = "draw_qr";
    type Reply = QrCode;
    type Progress = NoProgress;
}
