//! Weights tested on labelled images, and such images written to files.

use burn::tensor::Device;
use dataset::{LabelledImages, idx_zip, parse_labels, picture_zip, test_set};
use network::Network;
use protocol::{ExportFormat, FromWorker, JobId, TestData};
use recipe::{Calibration, PIXELS};

use crate::{
    data::Data,
    device,
    scope::{Yielder, post},
    worker::read_model,
};

/// Tests the weights in the first buffer; the error is for people.
pub(crate) async fn evaluate(
    job: JobId,
    source: TestData,
    mut buffers: Vec<Vec<u8>>,
    device: &Device,
    data: &mut Data,
) -> Result<FromWorker, String> {
    let rest = buffers.split_off(1.min(buffers.len()));
    let (weights, card, _) = read_model(buffers)?;
    let (set, name) = test_images(source, rest, data).await?;
    if set.is_empty() {
        return Err("There are no images to test on.".into());
    }
    let network = Network::from_weights(&weights, device);
    let pass_images = device::pace(weights.architecture()).test_images;
    let (total, yielder) = (set.len() as u32, Yielder::new());
    let progress = async |done: u32| {
        post(FromWorker::Testing { job, done, total });
        yielder.pass().await;
    };
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let found = training::assess(&network, calibration, &set, pass_images, progress).await;
    Ok(FromWorker::Evaluated(job, Box::new(found.map_err(|error| error.to_string())?), name))
}

/// The images to test on, and what they are called.
async fn test_images(
    source: TestData,
    mut buffers: Vec<Vec<u8>>,
    data: &mut Data,
) -> Result<(LabelledImages, String), String> {
    match source {
        TestData::Split(source) => {
            let split = data.split(&source, buffers).await?;
            Ok((split.test.clone(), split.name.clone()))
        }
        TestData::Files(names) => {
            let files: Vec<_> = names.iter().cloned().zip(buffers).collect();
            Ok((test_set(&files).map_err(|error| error.to_string())?, names.join(", ")))
        }
        TestData::Pictures(names) => {
            let levels = buffers.pop().unwrap_or_default();
            let labels = parse_labels(&buffers.pop().unwrap_or_default());
            let labels = labels.map_err(|error| format!("{error}."))?;
            let mut set = LabelledImages::default();
            for (name, label) in labels {
                // A list may name folders, pictures do not.
                let file = name.rsplit(['/', '\\']).next().unwrap_or(&name);
                let place = names.iter().position(|known| known == file);
                let image = place.and_then(|place| levels.as_chunks::<PIXELS>().0.get(place));
                let image = image.ok_or_else(|| {
                    format!("labels.csv names {name}, which is not among the pictures that were given.")
                })?;
                set.push(image, label);
            }
            Ok((set, "your pictures".into()))
        }
        TestData::Images(name) => Ok((labelled(buffers)?, name)),
    }
}

/// Images from a buffer of grey levels and one of labels; the error is for people.
pub(crate) fn labelled(buffers: Vec<Vec<u8>>) -> Result<LabelledImages, String> {
    match <[Vec<u8>; 2]>::try_from(buffers) {
        Ok([pixels, labels]) if pixels.len() == PIXELS * labels.len() => {
            Ok(LabelledImages { pixels, labels })
        }
        _ => Err("The images did not arrive whole.".into()),
    }
}

/// Labelled images as a file; the error is for people.
pub(crate) fn export(format: ExportFormat, buffers: Vec<Vec<u8>>) -> Result<Vec<u8>, String> {
    let images = labelled(buffers)?;
    let file = match format {
        ExportFormat::Idx => idx_zip(&images),
        ExportFormat::Pictures => picture_zip(&images),
    };
    file.map_err(|error| error.to_string())
}
