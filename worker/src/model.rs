//! Files of weights.

use model_card::ModelCard;
use protocol::{
    Blobs, Delivery, JobError,
    inspect::Inspect,
    model_files::{Tried, TriedReadings, TryReadings},
};
use training::try_readings;
use weights::{Reading, Weights};

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

/// Handles [`Inspect`].
pub(crate) fn inspect(mut request: Delivery<Inspect>) -> Result<Delivery<ModelCard>, JobError> {
    let model = request.content.model;
    let (_, card) = read(&request.take(model)?)?;
    Ok(Delivery::bare(card))
}

/// Handles [`TryReadings`].
pub(crate) async fn try_all(
    worker: &Worker,
    mut request: Delivery<TryReadings>,
) -> Result<Delivery<TriedReadings>, JobError> {
    let (mut readings, mut cards) = (Vec::new(), Vec::new());
    for reading in core::mem::take(&mut request.content.readings) {
        let (weights, card) = read(&request.take(reading.model)?)?;
        readings.push(Reading {
            weights,
            preprocessing: reading.preprocessing,
            is_unusual: reading.is_unusual,
        });
        cards.push(card);
    }
    if readings.is_empty() {
        return Err(JobError::BadInput("There is no model to try.".into()));
    }
    let found = if cards.iter().all(ModelCard::reads_digits) {
        try_readings(&readings.iter().collect::<Vec<_>>(), &worker.device)
            .await
            .map_err(failure::of_device)?
    } else {
        None
    };
    let index = found.map_or(0, |found| found.index);
    let mut card = cards.swap_remove(index);
    if let Some(found) = found {
        card.preprocessing = found.best;
    }
    let tried = found.map(|found| Tried {
        accuracy: found.accuracy,
        accuracy_at_zero_to_one: found.accuracy_at_zero_to_one,
    });
    let mut blobs = Blobs::new();
    let model = blobs.add(write(&readings[index].weights, &card)?);
    Ok(Delivery { content: TriedReadings { index: index as u32, card, model, tried }, blobs })
}
