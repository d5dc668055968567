//! What can be wrong with files.

use crate::unpack::{MAX_FILES, MAX_UNPACKED_BYTES};

/// Files that cannot be used; the text is for the person who gave them. Rows and columns are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum ImportError {
    #[error("{file} cannot be used: {why}.")]
    File { file: String, why: String },
    #[error("{file}, row {row}: {why}.")]
    Row { file: String, row: usize, why: String },
    #[error("{file}, row {row}, column {column} is {text:?}: {needed} is needed.")]
    Cell { file: String, row: usize, column: String, text: String, needed: String },
    #[error(
        "The files unpack to more than {} MiB. Give fewer of them, or a smaller one.",
        MAX_UNPACKED_BYTES >> 20
    )]
    TooMuch,
    #[error("There are more than {MAX_FILES} files. Give fewer of them.")]
    TooManyFiles,
    #[error("No images were found in {0}.")]
    NoImages(String),
    #[error("{0}")]
    Pairing(String),
    #[error(
        "There are {0} different labels, and at most 254 classes can be told apart. Is {1} the column of the labels?"
    )]
    TooManyClasses(usize, String),
    #[error(
        "The images have no labels. To train or to test on them, bring their labels too; without labels they can only be read."
    )]
    NoLabels,
    #[error("Too few images: {0}. At least 10 are needed to train and to test.")]
    TooFew(usize),
}

impl ImportError {
    pub(crate) fn file(file: &str, why: impl Into<String>) -> Self {
        Self::File { file: file.to_owned(), why: why.into() }
    }
}
