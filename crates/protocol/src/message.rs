//! The messages.

use recipe::{Accuracy, Assessment, DataChoice, ModelCard, Reading, TrainRecipe};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Tells the answers to one order from those to another. The page counts up.
pub type JobId = u32;

/// Images that a worker is asked to read at once at most.
pub const MOST_IMAGES: usize = 512;

/// Where a worker computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backend {
    /// The CPU, by SIMD instructions.
    Cpu,
    /// WebGPU.
    WebGpu,
}

/// Where a worker finds its images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSource {
    /// Which images.
    pub choice: DataChoice,
    /// Absolute address of the folder with MNIST's files, ending in a slash.
    pub mnist_url: String,
    /// Names of the user's files, in the order of their buffers.
    pub file_names: Vec<String>,
}

/// Labelled images to test weights on. The buffers that go with each are named with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestData {
    /// The test images of what can be trained on. Buffers: the user's files.
    Split(DataSource),
    /// A pair of IDX files, a CSV file, or one of strokes: their names. Buffers: the files.
    Files(Vec<String>),
    /// Images that the page has made of pictures: their names. Buffers: `labels.csv`, 784 grey levels an image.
    Pictures(Vec<String>),
    /// Images that the page keeps, and what they are called. Buffers: 784 grey levels an image, a label an image.
    Images(String),
}

/// How labelled images are written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportFormat {
    /// A zip of two IDX files.
    Idx,
    /// A zip of PNG pictures and `labels.csv`.
    Pictures,
}

/// Accuracy before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of the weights that were given.
    pub before: Accuracy,
    /// Of the weights that came out.
    pub after: Accuracy,
}

/// What to rehearse while a hand is learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOrder {
    /// Where the images are.
    pub known: DataSource,
    /// Whether the weights came with the site: then what their card says of the test images need not be measured again.
    pub is_shipped: bool,
}

/// What learning a hand has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandReport {
    /// On the drawings that were learned from.
    pub learned: Change,
    /// On the drawings that were held back; of none where there are too few.
    pub held_back: Change,
    /// On test images of the data that is rehearsed.
    pub known: Change,
    /// What that data is called.
    pub known_name: String,
}

/// A training run to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainOrder {
    /// What to do.
    pub recipe: TrainRecipe,
    /// What to do it on.
    pub data: DataSource,
    /// Whether the first buffer is a checkpoint to go on from.
    pub has_checkpoint: bool,
    /// Whether the next buffer is the CPU's reference to check the device against.
    pub has_reference: bool,
    /// CPU workers that share every step, at least 1; a GPU's worker is always alone.
    pub workers: u32,
}

/// A place beside a worker that trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Helper {
    /// From 1; the worker that trains is 0.
    pub rank: u32,
    /// What all of them do.
    pub order: Box<TrainOrder>,
}

/// What the page says. The buffers that go with a message are named with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Use these weights for predictions. Buffer: safetensors.
    Load(JobId),
    /// Check a file of weights without using it. Buffer: safetensors.
    Inspect(JobId),
    /// Read images, at most [`MOST_IMAGES`]. Buffer: 784 grey levels each.
    Predict(JobId),
    /// Compute the reference that another device is checked against before it follows this recipe.
    Reference(JobId, Box<TrainRecipe>),
    /// Train. Buffers: the checkpoint, the reference (as flagged), then the user's files.
    Train(JobId, Box<TrainOrder>),
    /// Share the steps of another worker. Buffers: those of its order; with them come message channels to the other
    /// ranks, in their order.
    Help(Helper),
    /// Test weights. Buffers: safetensors, then those of the test data.
    Evaluate(JobId, TestData),
    /// Go on training weights with a person's drawings, rehearsing other images. Buffers: safetensors; 784 grey levels and
    /// a label of each drawing to learn from; the same of those that are held back; the user's files.
    LearnHand(JobId, HandOrder),
    /// Write labelled images to a file. Buffers: 784 grey levels each, a label each.
    Export(JobId, ExportFormat),
    /// Round weights to 16 bits. Buffer: safetensors.
    Halve(JobId),
    /// Stop doing training steps until told to go on.
    Pause,
    /// Go on.
    Resume,
    /// End the run after the pass under way; its weights so far are sent.
    Stop,
    /// Say [`FromWorker::Pong`].
    Ping,
}

/// Loss and accuracy of the steps since the last point, for a curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPoint {
    /// Steps finished.
    pub step: u32,
    /// Steps of the whole run.
    pub steps: u32,
    /// Images seen.
    pub images_seen: u64,
    /// Mean cross-entropy, in nats.
    pub loss: f32,
    /// Share answered rightly, 0 to 1.
    pub accuracy: f32,
}

/// Why a job failed: tells the page what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The order cannot be followed; the person can change it.
    Order,
    /// The device is lost or computes wrongly; another one can go on.
    Device,
}

/// What the worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// Ready for orders.
    Ready(Backend),
    /// [`ToWorker::Load`] is done.
    Loaded(JobId, Box<ModelCard>),
    /// [`ToWorker::Inspect`] is done. Buffer: the file, as it came.
    Inspected(JobId, Box<ModelCard>),
    /// What the network reads in each image, calibrated as its card says.
    Predicted(JobId, Vec<Reading>),
    /// Buffer: the reference.
    Reference(JobId),
    /// What the worker is doing, for people: "Reading MNIST", "Compiling shaders".
    Doing(JobId, String),
    /// The run has begun.
    Started {
        /// The order.
        job: JobId,
        /// Workers that share every step.
        workers: u32,
        /// Images trained on.
        train_images: u32,
        /// Steps of the whole run.
        steps: u32,
        /// Steps that the checkpoint had done.
        steps_done: u32,
        /// Largest difference from the CPU's reference, where that was checked; a share.
        device_difference: Option<f32>,
    },
    /// New points, oldest first; at most ten messages a second.
    Points(JobId, Vec<RunPoint>),
    /// Test images answered.
    Testing {
        /// The order.
        job: JobId,
        /// Answered so far.
        done: u32,
        /// Test images.
        total: u32,
    },
    /// The weights at this moment, about once a second. Buffer: safetensors.
    Snapshot(JobId),
    /// An epoch is done. Buffers: the weights as safetensors, the checkpoint.
    EpochDone {
        /// The order.
        job: JobId,
        /// Epochs completed.
        epoch: u32,
        /// Accuracy on the test images.
        test: Accuracy,
        /// Mean cross-entropy on the test images, in nats.
        test_loss: f32,
        /// The card of the weights.
        card: Box<ModelCard>,
    },
    /// The run waits.
    Paused(JobId),
    /// The run goes on.
    Resumed(JobId),
    /// The run is over. Buffer: the weights as safetensors.
    Finished {
        /// The order.
        job: JobId,
        /// Whether it was stopped before its end.
        stopped: bool,
        /// The card of the weights.
        card: Box<ModelCard>,
    },
    /// [`ToWorker::Evaluate`] is done; the text says what the images are.
    Evaluated(JobId, Box<Assessment>, String),
    /// [`ToWorker::LearnHand`] is done. Buffer: the weights as safetensors.
    HandLearned(JobId, Box<HandReport>, Box<ModelCard>),
    /// [`ToWorker::Export`] or [`ToWorker::Halve`] is done. Buffer: the file.
    Written(JobId),
    /// The job ended without its result; the text is for people.
    Failed(JobId, FailureKind, String),
    /// The worker cannot go on and must be replaced; the text is for people.
    Fatal(String),
    /// The answer to [`ToWorker::Ping`].
    Pong,
}

/// Bytes that are no message of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message could not be read")]
pub struct DecodeError;

/// The header of a message.
pub fn encode<M: Serialize>(message: &M) -> Vec<u8> {
    // Only a serializer that runs out of room can fail here, and a growing buffer does not.
    postcard::to_allocvec(message).unwrap_or_default()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`DecodeError`] where the bytes are no message, or have something behind them.
pub fn decode<M: DeserializeOwned>(bytes: &[u8]) -> Result<M, DecodeError> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        _ => Err(DecodeError),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use core::fmt::Debug;

    use recipe::{Architecture, Calibration};

    use super::*;

    #[track_caller]
    fn check<M: Serialize + DeserializeOwned + PartialEq + Debug>(message: &M) {
        let bytes = encode(message);
        assert_eq!(decode::<M>(&bytes).as_ref(), Ok(message));
        assert_eq!(decode::<M>(&[bytes.as_slice(), &[0]].concat()), Err(DecodeError));
        for length in 0..bytes.len() {
            assert_ne!(decode::<M>(&bytes[..length]).as_ref(), Ok(message));
        }
    }

    #[test]
    fn messages_come_back_whole_or_not_at_all() {
        let data = DataSource {
            choice: DataChoice::BuiltIn { train_images: 640 },
            mnist_url: "http://localhost/data/".into(),
            file_names: vec!["a".into(), "b".into()],
        };
        let order = TrainOrder {
            recipe: TrainRecipe::default(),
            data: data.clone(),
            has_checkpoint: false,
            has_reference: true,
            workers: 2,
        };
        check(&ToWorker::Help(Helper { rank: 1, order: Box::new(order.clone()) }));
        check(&ToWorker::Train(7, Box::new(order)));
        check(&ToWorker::Evaluate(8, TestData::Split(data.clone())));
        check(&ToWorker::LearnHand(9, HandOrder { known: data, is_shipped: true }));
        check(&ToWorker::Predict(u32::MAX));
        check(&FromWorker::Predicted(3, vec![Calibration::NONE.read(&[0.1; 10])]));
        let mut found = Assessment::default();
        found.add(&Calibration::NONE.read(&[0.1; 10]), 0);
        check(&FromWorker::Evaluated(1, Box::new(found), "MNIST".into()));
        let card = Box::new(ModelCard::unknown(Architecture::WorkshopCnn));
        let test = Accuracy { correct: 9, total: 10 };
        check(&FromWorker::EpochDone { job: 1, epoch: 2, test, test_loss: 0.5, card });
        check(&FromWorker::Failed(2, FailureKind::Device, "lost".into()));
    }
}
