//! Reading files of models in any format.

use model_io::{Candidate, ModelFile};
use protocol::{
    Blobs, Call as _, Delivery, FromWorker, JobError, JobId, Message, ToWorker,
    model_files::{ModelRead, ModelReading, ReadModel},
};
use weights::{Reading, write_safetensors};

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
        ReadModel::NAME => reply(job, message, read),
        other => Err(unknown(other)),
    }
}

/// Handles [`ReadModel`].
fn read(mut request: Delivery<ReadModel>) -> Result<Delivery<ModelRead>, JobError> {
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
