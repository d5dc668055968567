//! What a network answers to labelled images, counted.

use burn::tensor::{Tensor, TensorData};
use dataset::{LabelledImages, Part};
use evaluation::{Accuracy, Calibration, ClassificationReport, Score};
use model_spec::PIXELS;
use network::{Batch, DeviceError, Network};

/// Loss and accuracy on a part of the data, `micro_batch` images at a time; `progress` is told how many are done.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn measure(
    network: &Network,
    part: Part<'_>,
    micro_batch: usize,
    mut progress: impl AsyncFnMut(u32),
) -> Result<Score, DeviceError> {
    let mut sums = Sums::default();
    while sums.done < part.len() {
        sums.add(network, part, 0..part.len(), micro_batch).await?;
        progress(sums.done as u32).await;
    }
    Ok(sums.score(part.len()))
}

/// Reads all images of a set, `micro_batch` at a time; `progress` is told how many are done.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn classification_report(
    network: &Network,
    calibration: Calibration,
    set: &LabelledImages,
    micro_batch: usize,
    progress: impl AsyncFnMut(u32),
) -> Result<ClassificationReport, DeviceError> {
    Ok(classification_answers(network, calibration, set, micro_batch, progress).await?.0)
}

/// As [`classification_report`], with the answer to each image.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn classification_answers(
    network: &Network,
    calibration: Calibration,
    set: &LabelledImages,
    micro_batch: usize,
    mut progress: impl AsyncFnMut(u32),
) -> Result<(ClassificationReport, Vec<Answer>), DeviceError> {
    let mut report = ClassificationReport::new(network.spec().classes());
    let mut answers = Vec::with_capacity(set.len());
    let mut done = 0;
    for (levels, labels) in set.pixels.chunks(micro_batch * PIXELS).zip(set.labels.chunks(micro_batch)) {
        let probabilities = network.predict(levels).await?;
        for ((image, all), &label) in levels.chunks_exact(PIXELS).zip(&probabilities).zip(labels) {
            let prediction = calibration.read_image(image, all);
            report.add(&prediction, label);
            answers.push(Answer { class: prediction.class, confidence: prediction.confidence });
        }
        done += labels.len() as u32;
        progress(done).await;
    }
    Ok((report, answers))
}

/// What was read in an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// From 0.
    pub class: u8,
    /// Calibrated, 0 to 1.
    pub confidence: f32,
}

/// Loss and right answers of the images so far.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// Images answered, of those that are one's own.
    pub(crate) done: usize,
    loss: f64,
    right: f64,
}

impl Sums {
    /// Answers the next `micro_batch` images of `own`, a range of the part.
    pub(crate) async fn add(
        &mut self,
        network: &Network,
        part: Part<'_>,
        own: core::ops::Range<usize>,
        micro_batch: usize,
    ) -> Result<(), DeviceError> {
        let start = own.start + self.done;
        let end = own.end.min(start + micro_batch);
        let (levels, labels) = part.range(start..end);
        let sums = network.test_pass(Batch::Levels { levels: &levels, labels: &labels });
        let [loss, right] = read_sums(sums).await?;
        self.loss += f64::from(loss);
        self.right += f64::from(right);
        self.done += end - start;
        Ok(())
    }

    pub(crate) fn values(&self) -> Vec<f32> {
        vec![self.loss as f32, self.right as f32]
    }

    pub(crate) fn take_values(&mut self, values: &[f32]) {
        if let [loss, right] = *values {
            (self.loss, self.right) = (f64::from(loss), f64::from(right));
        }
    }

    pub(crate) fn score(&self, total: usize) -> Score {
        Score {
            accuracy: Accuracy { correct: self.right.round() as u32, total: total as u32 },
            loss: (self.loss / total.max(1) as f64) as f32,
        }
    }
}

/// Sum of the losses and number of right answers.
pub(crate) async fn read_sums(sums: Tensor<1>) -> Result<[f32; 2], DeviceError> {
    let data: TensorData = sums.into_data_async().await.map_err(|error| DeviceError(format!("{error:?}")))?;
    let mut values = data.iter::<f32>();
    Ok([values.next().unwrap_or(f32::NAN), values.next().unwrap_or(0.0)])
}
