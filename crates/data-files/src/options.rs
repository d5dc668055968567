//! What was decided about files, and how a person changes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What files leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which column of a table holds the labels.
    LabelColumn,
    /// Which is darker, ink or paper.
    Polarity,
    /// Whether images lie upright, or turned and mirrored as EMNIST's.
    Orientation,
    /// Whether images are taken as they are, or ink is found, centred and scaled.
    Images,
}

impl Question {
    /// Every question.
    pub const ALL: [Self; 4] = [Self::LabelColumn, Self::Polarity, Self::Orientation, Self::Images];

    /// What it is about, for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::LabelColumn => "Column of the labels",
            Self::Polarity => "Ink",
            Self::Orientation => "Orientation",
            Self::Images => "Images",
        }
    }
}

/// What was decided, out of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What it is about.
    pub question: Question,
    /// One of the options.
    pub chosen: String,
    /// All that are possible, for people; any of them can be given back as [`ImportOptions`].
    pub options: Vec<String>,
    /// Whether the files leave no doubt.
    pub is_certain: bool,
}

/// Answers that a person gave; what is left open is decided from the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOptions {
    answers: BTreeMap<Question, String>,
}

impl ImportOptions {
    /// Sets an answer, which should be one of the options of a [`Choice`].
    pub fn set(&mut self, question: Question, answer: String) {
        self.answers.insert(question, answer);
    }

    /// The answer to a question, where there is one.
    pub fn get(&self, question: Question) -> Option<&str> {
        self.answers.get(&question).map(String::as_str)
    }
}

pub(crate) const DARK_INK: &str = "dark on light";
pub(crate) const BRIGHT_INK: &str = "bright on dark";
pub(crate) const UPRIGHT: &str = "upright";
pub(crate) const TURNED: &str = "turned and mirrored, as EMNIST";
pub(crate) const AS_THEY_ARE: &str = "as they are";
pub(crate) const FOUND_INK: &str = "ink found, centred and scaled";
