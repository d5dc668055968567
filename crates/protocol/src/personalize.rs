//! Fine-tuning a model on one person's handwriting.

use evaluation::Accuracy;
use model_card::ModelCard;
use serde::{Deserialize, Serialize};

use crate::{
    Blob, Call,
    data::{DataSource, LabelledBlobs},
};

/// Fine-tune a model on a person's drawings, with images of a data set in between so that nothing is forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personalize {
    /// Safetensors.
    pub model: Blob,
    /// The drawings to learn from.
    pub learn: LabelledBlobs,
    /// The drawings to measure on, never learned from.
    pub held_back: LabelledBlobs,
    /// The images that are rehearsed.
    pub rehearsal: DataSource,
    /// The name of the model that is fine-tuned.
    pub name: String,
    /// Whether the model came with the site: the accuracy on its card need not be measured again.
    pub is_shipped: bool,
}

/// Accuracy before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of the model as it was.
    pub before: Accuracy,
    /// Of the fine-tuned model.
    pub after: Accuracy,
}

/// What fine-tuning has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalizationReport {
    /// On the drawings that were learned from.
    pub learned: Change,
    /// On the drawings that were held back; of none if there are too few.
    pub held_back: Change,
    /// On the test images of the data set that was rehearsed.
    pub rehearsed: Change,
    /// What that data set is called.
    pub rehearsed_name: String,
}

/// A fine-tuned model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Personalized {
    /// What has changed.
    pub report: PersonalizationReport,
    /// The card of the new weights.
    pub card: ModelCard,
    /// The new weights with their card, as safetensors.
    pub weights: Blob,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalizeStage {
    /// Getting the images to rehearse.
    ReadingImages,
    /// Training.
    FineTuning,
    /// Testing both models.
    Measuring,
}

/// How far fine-tuning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PersonalizeProgress {
    /// The next stage has begun.
    Stage(PersonalizeStage),
    /// Training steps done.
    Steps {
        /// Steps so far.
        done: u32,
        /// All steps.
        total: u32,
    },
}

impl Call for Personalize {
    const NAME: &'static str = "personalize";
    type Reply = Personalized;
    type Progress = PersonalizeProgress;
}
