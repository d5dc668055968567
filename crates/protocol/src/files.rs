//! Writing files for the user.

use serde::{Deserialize, Serialize};

use crate::{Blob, Call, NoProgress, data::LabelledBlobs};

/// A file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its contents.
    pub file: Blob,
}

/// How labelled images are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A zip of two IDX files.
    Idx,
    /// A zip of PNG pictures and `labels.csv`.
    Pictures,
}

/// Write labelled images to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The format of the file.
    pub format: ExportFormat,
    /// The images.
    pub images: LabelledBlobs,
}

impl Call for Export {
    const NAME: &'static str = "export";
    type Reply = Written;
    type Progress = NoProgress;
}
