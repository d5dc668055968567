//! Testing a model on labelled images.

use evaluation::ClassificationReport;
use serde::{Deserialize, Serialize};

use crate::{
    Blob, Call,
    data::{DataSource, LabelledBlobs},
};

/// The labelled images to test on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestData {
    /// The test images of a data set; all that are labelled where it has no test part.
    Split(DataSource),
    /// Images that the page keeps.
    Images {
        /// What they are called, for people.
        name: String,
        /// The images.
        images: LabelledBlobs,
    },
}

/// Test a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluate {
    /// Safetensors.
    pub model: Blob,
    /// The images to test on.
    pub data: TestData,
}

/// The result of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// What was found.
    pub report: ClassificationReport,
    /// What the images are called, for people.
    pub images: String,
    /// Names of the classes; empty where they are the ten digits.
    pub class_names: Vec<String>,
    /// Three bytes an image, in the order of the test part: what it shows, what was read, and how sure, 0 to 255.
    pub answers: Blob,
}

/// Test images answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateProgress {
    /// Answered so far.
    pub done: u32,
    /// All of them.
    pub total: u32,
}

impl Call for Evaluate {
    const NAME: &'static str = "evaluate";
    type Reply = Evaluation;
    type Progress = EvaluateProgress;
}

/// Read the images of a data set that have no labels, and write the answers as Kaggle wants them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Safetensors.
    pub model: Blob,
    /// The data set.
    pub source: DataSource,
}

/// The answers to images without labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// `submission.csv`.
    pub file: Blob,
    /// Two bytes an image, in their order: what was read, and how sure, 0 to 255.
    pub answers: Blob,
}

impl Call for Answer {
    const NAME: &'static str = "answer";
    type Reply = Answers;
    type Progress = EvaluateProgress;
}
