//! Labelled images in memory.

use ink::PIXELS;

/// Images of 28x28 grey levels (0 is paper, 255 is ink) and the digit that each shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledImages {
    /// `784 * len()` grey levels, image by image, row by row.
    pub pixels: Vec<u8>,
    /// `len()` digits, 0 to 9; in training images also [`recipe::NOT_A_DIGIT`].
    pub labels: Vec<u8>,
}

/// What to train on and what to test on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Learned from.
    pub train: LabelledImages,
    /// Never learned from.
    pub test: LabelledImages,
    /// What the images are, for people: `MNIST`, `built-in digits`, ...
    pub name: String,
}

impl LabelledImages {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Grey levels of one image.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * PIXELS..(index + 1) * PIXELS]
    }

    /// The first `count` images, or all where there are fewer.
    #[must_use]
    pub fn take(mut self, count: usize) -> Self {
        self.labels.truncate(count);
        self.pixels.truncate(count * PIXELS);
        self
    }

    /// Appends all images of another set.
    pub fn append(&mut self, other: &Self) {
        self.pixels.extend_from_slice(&other.pixels);
        self.labels.extend_from_slice(&other.labels);
    }

    /// Takes the images from this place on out, in their order.
    ///
    /// # Panics
    /// Where `index` is above [`len`](Self::len).
    #[must_use]
    pub fn split_off(&mut self, index: usize) -> Self {
        Self { pixels: self.pixels.split_off(index * PIXELS), labels: self.labels.split_off(index) }
    }

    /// Appends one image.
    pub fn push(&mut self, image: &[u8; PIXELS], label: u8) {
        self.pixels.extend_from_slice(image);
        self.labels.push(label);
    }
}
