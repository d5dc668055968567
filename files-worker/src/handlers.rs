//! What the calls do.

use model_card::{LayerSummary, ModelCard};
use model_io::{Candidate, LinkWeights, ModelFile, read_link, summary, write_onnx, write_package};
use protocol::{
    Blobs, Delivery, JobError,
    files::Written,
    model_files::{
        DrawQr, MadeLink, MakeLink, ModelFormat, ModelRead, ModelReading, OpenLink, OpenedLink, QrCode,
        ReadModel, SetCard, Summarize, WriteModel,
    },
};
use weights::{Precision, Reading, Weights, read_safetensors, write_safetensors, write_safetensors_as};

/// Of something the user gave.
fn of_input(error: impl core::fmt::Display) -> JobError {
    // Some say it in whole sentences.
    JobError::BadInput(format!("This model cannot be used: {}.", error.to_string().trim_end_matches('.')))
}

/// Of writing what should always be writable.
fn of_writing(error: impl core::fmt::Display) -> JobError {
    JobError::Internal(format!("a file could not be written: {error}"))
}

/// Handles [`ReadModel`].
pub(crate) fn read(mut request: Delivery<ReadModel>) -> Result<Delivery<ModelRead>, JobError> {
    let mut files = Vec::new();
    for file in core::mem::take(&mut request.content.files) {
        files.push(ModelFile { name: file.name, bytes: request.take(file.bytes)? });
    }
    let found = model_io::read(&files).map_err(of_input)?;
    drop(files);
    let (mut blobs, mut readings) = (Blobs::new(), Vec::new());
    for candidate in found.candidates {
        let card = found.card.clone().unwrap_or_else(|| candidate.card());
        let Candidate { reading: Reading { weights, preprocessing, is_unusual }, assumes, .. } = candidate;
        let model = blobs.add(write_safetensors(&weights, &card).map_err(of_writing)?);
        readings.push(ModelReading { model, card, preprocessing, assumes, is_unusual });
    }
    let content = ModelRead { format: found.format.into(), is_known: found.card.is_some(), readings };
    Ok(Delivery { content, blobs })
}

fn model(
    request: &mut Delivery<impl Sized>,
    model: protocol::Blob,
) -> Result<(Weights, ModelCard), JobError> {
    read_safetensors(&request.take(model)?).map_err(of_input)
}

/// Handles [`WriteModel`].
pub(crate) fn write(mut request: Delivery<WriteModel>) -> Result<Delivery<Written>, JobError> {
    let file = request.content.model;
    let (weights, card) = model(&mut request, file)?;
    let file = match request.content.format {
        ModelFormat::Onnx => write_onnx(&weights, &card),
        ModelFormat::Zip => write_package(&request.content.name, &weights, &card).map_err(of_writing)?,
        ModelFormat::Half => {
            let is_exact = weights.rounded_to_half() == weights;
            let card = if is_exact { card } else { card.of_rounded_weights() };
            write_safetensors_as(Precision::Half, &weights, &card).map_err(of_writing)?
        }
    };
    let mut blobs = Blobs::new();
    let content = Written { file: blobs.add(file) };
    Ok(Delivery { content, blobs })
}

/// Handles [`MakeLink`].
pub(crate) fn make_link(mut request: Delivery<MakeLink>) -> Result<Delivery<MadeLink>, JobError> {
    let file = request.content.model;
    let (weights, card) = model(&mut request, file)?;
    let name = &request.content.name;
    let made =
        LinkWeights::new(name, &weights, &card).map_err(|error| JobError::BadInput(error.to_string()))?;
    let unmeasured = card.of_rounded_weights();
    let card = request.content.measured.as_ref().unwrap_or(&unmeasured);
    let mut blobs = Blobs::new();
    let rounded = blobs.add(write_safetensors(made.rounded(), card).map_err(of_writing)?);
    let content = MadeLink { link: made.link(name, card), rounded, relative_step: made.relative_step };
    Ok(Delivery { content, blobs })
}

/// Handles [`OpenLink`].
pub(crate) fn open_link(request: &Delivery<OpenLink>) -> Result<Delivery<OpenedLink>, JobError> {
    let linked = read_link(&request.content.link).map_err(|error| JobError::BadInput(error.to_string()))?;
    let mut blobs = Blobs::new();
    let model = blobs.add(write_safetensors(&linked.weights, &linked.card).map_err(of_writing)?);
    Ok(Delivery { content: OpenedLink { name: linked.name, card: linked.card, model }, blobs })
}

/// Handles [`Summarize`].
pub(crate) fn summarize(mut request: Delivery<Summarize>) -> Result<Delivery<Vec<LayerSummary>>, JobError> {
    let file = request.content.model;
    let (weights, _) = model(&mut request, file)?;
    Ok(Delivery::bare(summary(&weights)))
}

/// Handles [`SetCard`].
pub(crate) fn set_card(mut request: Delivery<SetCard>) -> Result<Delivery<Written>, JobError> {
    let file = request.content.model;
    let (weights, _) = model(&mut request, file)?;
    let card = &request.content.card;
    if card.network != *weights.network() {
        return Err(JobError::BadInput("This card is of another network.".into()));
    }
    let file = write_safetensors(&weights, card).map_err(of_writing)?;
    let mut blobs = Blobs::new();
    let content = Written { file: blobs.add(file) };
    Ok(Delivery { content, blobs })
}

/// Handles [`DrawQr`].
pub(crate) fn draw_qr(request: &Delivery<DrawQr>) -> Result<Delivery<QrCode>, JobError> {
    let code = qrcodegen::QrCode::encode_text(&request.content.text, qrcodegen::QrCodeEcc::Low);
    let code =
        code.map_err(|_| JobError::BadInput("This link is too long for a QR code. Copy it instead.".into()))?;
    let side = code.size();
    let modules = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    let modules = modules.map(|(x, y)| u8::from(code.get_module(x, y))).collect::<Vec<u8>>();
    let mut blobs = Blobs::new();
    let content = QrCode { side: side as u32, modules: blobs.add(modules) };
    Ok(Delivery { content, blobs })
}
