//! What one file or folder gives, before images are paired with labels and made 28x28.

use crate::source::Role;

/// Images of one size, as they lie in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawImages {
    /// Columns of each, in pixels.
    pub width: usize,
    /// Rows of each, in pixels.
    pub height: usize,
    /// Levels of 0 to 255, image by image, row by row.
    pub values: Vec<u8>,
}

impl RawImages {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.values.len() / (self.width * self.height)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// What an image is said to show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Label {
    Number(i64),
    Text(String),
}

impl Label {
    /// A cell of a table or the name of a folder; whole numbers may be written as `7.0`.
    pub(crate) fn of(text: &str) -> Self {
        let text = text.trim().trim_matches(['\'', '"']).trim();
        let float =
            || text.replace(',', ".").parse().ok().filter(|n: &f64| n.fract() == 0.0 && n.abs() < 1e15);
        let number = text.parse().ok().or_else(|| float().map(|number| number as i64));
        number.map_or_else(|| Self::Text(text.to_owned()), Self::Number)
    }
}

impl core::fmt::Display for Label {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

/// Images, labels, or both.
#[derive(Clone, Debug)]
pub(crate) struct RawSet {
    /// The file or folder that they come from.
    pub(crate) source: String,
    pub(crate) role: Option<Role>,
    pub(crate) images: Option<RawImages>,
    pub(crate) labels: Option<Vec<Label>>,
}

impl RawSet {
    /// Number of images, or else of labels.
    pub(crate) fn len(&self) -> usize {
        let labels = self.labels.as_ref().map_or(0, Vec::len);
        self.images.as_ref().map_or(labels, RawImages::len)
    }
}
