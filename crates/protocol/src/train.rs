//! Training a network.

use evaluation::{Accuracy, EpochScores};
use model_card::ModelCard;
use serde::{Deserialize, Deserializer, Serialize};
use train_config::{LiveChange, StopReason, TrainConfig};

use crate::{Blob, Call, NoProgress, data::DataSource};

/// Train a network. A cancelled run replies with its weights so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Train {
    /// How to train.
    pub config: TrainConfig,
    /// What to train on.
    pub data: DataSource,
    /// The state to resume from.
    pub checkpoint: Option<Blob>,
    /// The CPU's results to check the device against: the reply to [`ComputeReference`].
    pub reference: Option<Blob>,
    /// CPU workers that share every step, at least 1. On a GPU one worker trains alone.
    pub workers: u32,
    /// Parts of equally many epochs that the run is cut into, at least 1. Between two, a run that works alone is written to a
    /// checkpoint and goes on in a new one that is read from it.
    pub sessions: u32,
}

/// What the page wants of a run under way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Steering {
    /// Report a checkpoint as soon as there can be one.
    Save,
    /// Change the run from one of the next steps on. The step is the worker's choice.
    Change(LiveChange),
}

/// What a worker is doing before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainStage {
    /// Getting the images.
    ReadingImages,
    /// Compiling shaders and comparing the GPU's gradients with the CPU's.
    CheckingDevice,
    /// Waiting for the other workers of the data-parallel group.
    WaitingForGroup,
}

/// Loss and accuracy of the steps since the last point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPoint {
    /// Steps completed.
    pub step: u32,
    /// Steps of the whole run.
    pub steps: u32,
    /// Images seen.
    pub images_seen: u64,
    /// Mean cross-entropy, in nats.
    #[serde(deserialize_with = "number_or_nan")]
    pub loss: f32,
    /// Share of right answers, 0 to 1.
    #[serde(deserialize_with = "number_or_nan")]
    pub accuracy: f32,
    /// Learning rate of the last of these steps.
    pub learning_rate: f64,
    /// Milliseconds since the worker took its first step, pauses left out.
    pub elapsed_ms: f64,
}

/// JSON has no NaN and no infinity: they are written as null.
fn number_or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f32::NAN))
}

/// What a run is when its first step is next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// Workers that share every step.
    pub workers: u32,
    /// Images that are learned from.
    pub train_images: u32,
    /// Images that are held back to measure and calibrate.
    pub validation_images: u32,
    /// Steps of the whole run.
    pub steps: u32,
    /// Steps that the checkpoint had done.
    pub steps_done: u32,
    /// The largest relative difference from the CPU's gradients, if that was checked.
    pub device_difference: Option<f32>,
    /// Whether what follows has the same bits as without an interruption: another build may round otherwise.
    pub is_exact: bool,
    /// What was changed before the checkpoint.
    pub changes: Vec<LiveChange>,
}

/// What a run reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrainProgress {
    /// The next stage of the preparations has begun.
    Stage(TrainStage),
    /// The first step is next.
    Started(RunStart),
    /// New points, oldest first; at most ten messages a second.
    Points(Vec<RunPoint>),
    /// Images answered to measure the network.
    Testing {
        /// Answered so far.
        done: u32,
        /// All of them.
        total: u32,
    },
    /// What is needed to go on from here, every few seconds, on a pause, and where the page asked for it. All points up to here
    /// were reported before.
    Checkpoint {
        /// Steps completed.
        steps_done: u32,
        /// Epochs completed.
        epochs_done: u32,
        /// For [`Train::checkpoint`].
        checkpoint: Blob,
    },
    /// The run was changed, as the page asked for: all changes that it has now.
    Changed(Vec<LiveChange>),
    /// The present weights, about once a second.
    Snapshot {
        /// Safetensors.
        weights: Blob,
    },
    /// An epoch and its test are complete.
    EpochDone {
        /// Epochs completed.
        epoch: u32,
        /// Steps completed.
        steps_done: u32,
        /// Loss and accuracy of the parts of the data.
        scores: EpochScores,
        /// The earlier epoch that early stopping went back to; the scores are those of its weights.
        best_epoch: Option<u32>,
        /// The card of the weights.
        card: Box<ModelCard>,
        /// The weights with their card, as safetensors.
        weights: Blob,
        /// What is needed to resume from here.
        checkpoint: Blob,
    },
    /// The run was written to a checkpoint and goes on in a new one that was read from it.
    Reloaded(Reload),
    /// The run is paused.
    Paused,
    /// The run goes on.
    Resumed,
}

/// What a checkpoint is worth: the test images, asked before it was written and after it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reload {
    /// Epochs completed.
    pub epoch: u32,
    /// Of the run that wrote it.
    pub expected: Accuracy,
    /// Of the run that was read from it.
    pub loaded: Accuracy,
}

/// A run is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Why it ended.
    pub reason: StopReason,
    /// The card of the weights.
    pub card: Box<ModelCard>,
    /// The weights with their card, as safetensors.
    pub weights: Blob,
}

impl Call for Train {
    const NAME: &'static str = "train";
    type Reply = Trained;
    type Progress = TrainProgress;
}

/// Compute on the CPU what another device must agree with before it trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComputeReference {
    /// The run to check for.
    pub config: TrainConfig,
}

/// The CPU's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// For [`Train::reference`].
    pub values: Blob,
}

impl Call for ComputeReference {
    const NAME: &'static str = "compute_reference";
    type Reply = Reference;
    type Progress = NoProgress;
}

/// Take every step together with other workers. The ports to them, by rank, are transferred with the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Help {
    /// From 1; the worker that trains is rank 0.
    pub rank: u32,
    /// The run.
    pub train: Train,
}

impl Call for Help {
    const NAME: &'static str = "help";
    type Reply = ();
    type Progress = NoProgress;
}
