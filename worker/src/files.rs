//! Files for the user.

use data_files::{idx_zip, picture_zip};
use evaluation::Calibration;
use protocol::{
    Blobs, Delivery, JobError,
    files::{Export, ExportFormat, RoundToHalf, Written},
};
use weights::{Precision, write_safetensors_as};

use crate::{data::labelled, failure, model};

/// Handles [`Export`].
pub(crate) fn export(mut request: Delivery<Export>) -> Result<Delivery<Written>, JobError> {
    let images = labelled(&mut request.blobs, request.content.images)?;
    let file = match request.content.format {
        ExportFormat::Idx => idx_zip(&images),
        ExportFormat::Pictures => picture_zip(&images),
    };
    Ok(written(file.map_err(failure::of_writing)?))
}

/// Handles [`RoundToHalf`].
pub(crate) fn round_to_half(mut request: Delivery<RoundToHalf>) -> Result<Delivery<Written>, JobError> {
    let file = request.content.model;
    let (weights, mut card) = model::read(&request.take(file)?)?;
    // The accuracy was measured on the weights as they were.
    if weights.rounded_to_half() != weights {
        (card.test, card.validation) = (None, None);
        card.tested_on.clear();
        card.calibration = card.calibration.map(|before| Calibration { is_inherited: true, ..before });
    }
    Ok(written(write_safetensors_as(Precision::Half, &weights, &card).map_err(failure::of_writing)?))
}

fn written(file: Vec<u8>) -> Delivery<Written> {
    let mut blobs = Blobs::new();
    let content = Written { file: blobs.add(file) };
    Delivery { content, blobs }
}
