//! Files of weights.

use model_card::ModelCard;
use protocol::{
    Blobs, Delivery, JobError,
    inspect::{Inspect, Inspected, Tried},
};
use training::{TriedScales, try_scales};
use weights::Weights;

use crate::{failure, serve::Worker};

/// Reads safetensors.
pub(crate) fn read(file: &[u8]) -> Result<(Weights, ModelCard), JobError> {
    weights::read_safetensors(file)
        .map_err(|error| JobError::BadInput(format!("These weights cannot be used: {error}.")))
}

/// Writes safetensors.
pub(crate) fn write(weights: &Weights, card: &ModelCard) -> Result<Vec<u8>, JobError> {
    weights::write_safetensors(weights, card).map_err(failure::of_writing)
}

/// Handles [`Inspect`]. A file without a card is tried on digits that are known: its scale may be another one than usual.
pub(crate) async fn inspect(
    worker: &Worker,
    mut request: Delivery<Inspect>,
) -> Result<Delivery<Inspected>, JobError> {
    let model = request.content.model;
    let (weights, mut card) = read(&request.take(model)?)?;
    if card != ModelCard::unknown(card.network.clone()) {
        return Ok(Delivery::bare(Inspected { card, file: None, tried: None }));
    }
    let Some(found) = try_scales(&weights, &worker.device).await.map_err(failure::of_device)? else {
        return Ok(Delivery::bare(Inspected { card, file: None, tried: None }));
    };
    card.preprocessing = found.best;
    let mut blobs = Blobs::new();
    let file = Some(blobs.add(write(&weights, &card)?));
    let TriedScales { accuracy, accuracy_at_zero_to_one, .. } = found;
    let tried = Some(Tried { accuracy, accuracy_at_zero_to_one });
    Ok(Delivery { content: Inspected { card, file, tried }, blobs })
}
