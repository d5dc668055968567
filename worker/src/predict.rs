//! Reading what is drawn.

use evaluation::{Calibration, Prediction};
use model_card::ModelCard;
use model_spec::PIXELS;
use network::Network;
use protocol::{
    Delivery, JobError,
    predict::{Load, MAX_IMAGES, Predict},
};

use crate::{failure, model, serve::Worker};

/// Images that are classified at once when a whole page of digits is read.
const BATCH_IMAGES: usize = 64;

/// The model for predictions, and how its probabilities are calibrated.
pub(crate) struct LoadedModel {
    network: Network,
    calibration: Calibration,
}

/// Handles [`Load`].
pub(crate) fn load(
    worker: &mut Worker,
    mut request: Delivery<Load>,
) -> Result<Delivery<ModelCard>, JobError> {
    let file = request.content.model;
    let (weights, card) = model::read(&request.take(file)?)?;
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let network = Network::for_prediction(&weights, card.preprocessing, &worker.device);
    worker.model = Some(LoadedModel { network, calibration });
    Ok(Delivery::bare(card))
}

/// Handles [`Predict`].
pub(crate) async fn predict(
    worker: &Worker,
    mut request: Delivery<Predict>,
) -> Result<Delivery<Vec<Prediction>>, JobError> {
    let levels = request.content.levels;
    let levels = request.take(levels)?;
    let Some(LoadedModel { network, calibration }) = &worker.model else {
        return Err(JobError::BadInput("No model is loaded yet.".into()));
    };
    let images = levels.len() / PIXELS;
    if !levels.len().is_multiple_of(PIXELS) || !(1..=MAX_IMAGES).contains(&images) {
        let length = levels.len();
        return Err(JobError::Internal(format!("{length} grey levels are not 1 to {MAX_IMAGES} images")));
    }
    let mut predictions = Vec::with_capacity(images);
    for levels in levels.chunks(BATCH_IMAGES * PIXELS) {
        let probabilities = network.predict(levels).await.map_err(failure::of_device)?;
        let each = levels.chunks_exact(PIXELS).zip(&probabilities);
        predictions.extend(each.map(|(image, all)| calibration.read_image(image, all)));
    }
    Ok(Delivery::bare(predictions))
}
