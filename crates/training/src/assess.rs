//! What a network answers to a labelled set, counted.

use dataset::LabelledImages;
use network::{DeviceError, Network};
use recipe::{Assessment, Calibration, PIXELS};

/// Reads all images of a set, `pass_images` at a time; `progress` is told how many are done.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn assess(
    network: &Network,
    calibration: Calibration,
    set: &LabelledImages,
    pass_images: usize,
    mut progress: impl AsyncFnMut(u32),
) -> Result<Assessment, DeviceError> {
    let mut found = Assessment::default();
    let mut done = 0;
    for (levels, labels) in set.pixels.chunks(pass_images * PIXELS).zip(set.labels.chunks(pass_images)) {
        let probabilities = network.predict(levels).await?;
        for ((image, all), &label) in levels.chunks_exact(PIXELS).zip(&probabilities).zip(labels) {
            found.add(&calibration.read_image(image, all), label);
        }
        done += labels.len() as u32;
        progress(done).await;
    }
    Ok(found)
}
