//! Writing models as files of others and as links, and what else is done with a model that is there.

use checkpoint::Checkpoint;
use model_card::{LayerSummary, ModelCard};
use model_io::{LinkWeights, Package, read_link, summary, write_onnx};
use protocol::{
    Blobs, Call as _, Delivery, FromWorker, JobError, JobId, Message, ToWorker,
    files::Written,
    model_files::{
        DrawQr, MadeLink, MakeLink, ModelFormat, OpenLink, OpenedLink, QrCode, SetCard, Summarize, WriteModel,
    },
};
use weights::{Precision, Weights, read_safetensors, write_safetensors, write_safetensors_as};

use crate::{
    errors::{of_input, of_writing},
    serve::{reply, unknown},
};

/// Passes a call to its handler.
pub(crate) fn answer(
    job: JobId,
    name: &str,
    message: Message<ToWorker>,
) -> Result<Message<FromWorker>, JobError> {
    match name {
        WriteModel::NAME => reply(job, message, write),
        MakeLink::NAME => reply(job, message, make_link),
        OpenLink::NAME => reply(job, message, |call| open_link(&call)),
        Summarize::NAME => reply(job, message, summarize),
        SetCard::NAME => reply(job, message, set_card),
        DrawQr::NAME => reply(job, message, |call| draw_qr(&call)),
        other => Err(unknown(other)),
    }
}

fn model(
    request: &mut Delivery<impl Sized>,
    model: protocol::Blob,
) -> Result<(Weights, ModelCard), JobError> {
    read_safetensors(&request.take(model)?).map_err(of_input)
}

/// Handles [`WriteModel`].
fn write(mut request: Delivery<WriteModel>) -> Result<Delivery<Written>, JobError> {
    let file = request.content.model;
    let (weights, card) = model(&mut request, file)?;
    let file = match request.content.format {
        ModelFormat::Onnx => write_onnx(&weights, &card),
        ModelFormat::Zip => {
            let checkpoint = request.content.checkpoint.map(|bytes| request.take(bytes)).transpose()?;
            let checkpoint =
                checkpoint.as_deref().map(Checkpoint::from_bytes).transpose().map_err(of_input)?;
            let name = &request.content.name;
            let package = match &checkpoint {
                Some(checkpoint) => Package::of_run(name, checkpoint, &weights, &card).map_err(of_input)?,
                None => Package::new(name, &weights, &card),
            };
            package.zip().map_err(of_writing)?
        }
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
fn make_link(mut request: Delivery<MakeLink>) -> Result<Delivery<MadeLink>, JobError> {
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
fn open_link(request: &Delivery<OpenLink>) -> Result<Delivery<OpenedLink>, JobError> {
    let linked = read_link(&request.content.link).map_err(|error| JobError::BadInput(error.to_string()))?;
    let mut blobs = Blobs::new();
    let model = blobs.add(write_safetensors(&linked.weights, &linked.card).map_err(of_writing)?);
    Ok(Delivery { content: OpenedLink { name: linked.name, card: linked.card, model }, blobs })
}

/// Handles [`Summarize`].
fn summarize(mut request: Delivery<Summarize>) -> Result<Delivery<Vec<LayerSummary>>, JobError> {
    let file = request.content.model;
    let (weights, _) = model(&mut request, file)?;
    Ok(Delivery::bare(summary(&weights)))
}

/// Handles [`SetCard`].
fn set_card(mut request: Delivery<SetCard>) -> Result<Delivery<Written>, JobError> {
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
fn draw_qr(request: &Delivery<DrawQr>) -> Result<Delivery<QrCode>, JobError> {
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
