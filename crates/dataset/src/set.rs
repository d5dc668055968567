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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Learned from.
    pub train: LabelledImages,
    /// Never learned from.
    pub test: LabelledImages,
    /// Not learned from either: confidence is calibrated on them. There may be none.
    pub held_back: LabelledImages,
    /// What the images are, for people: `MNIST`, `built-in digits`, ...
    pub name: String,
}

/// One training image in so many is held back.
const HELD_BACK_EVERY: usize = 50;
/// Fewer images say nothing of confidence.
const LEAST_HELD_BACK: usize = 100;

impl Split {
    /// Takes every fiftieth training image out, where that is a hundred at least, to calibrate confidence on.
    #[must_use]
    pub fn holding_back(mut self) -> Self {
        if self.train.len() / HELD_BACK_EVERY < LEAST_HELD_BACK {
            return self;
        }
        let all = core::mem::take(&mut self.train);
        for (index, (image, &label)) in all.pixels.chunks_exact(PIXELS).zip(&all.labels).enumerate() {
            let is_held_back = index % HELD_BACK_EVERY == HELD_BACK_EVERY - 1;
            let set = if is_held_back { &mut self.held_back } else { &mut self.train };
            set.pixels.extend_from_slice(image);
            set.labels.push(label);
        }
        self
    }
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(images: usize, held_back: usize) {
        let mut train = LabelledImages::default();
        for index in 0..images {
            train.push(&[(index / 10) as u8; PIXELS], (index % 7) as u8);
        }
        let split = Split { train: train.clone(), ..Split::default() }.holding_back();
        assert_eq!((split.train.len(), split.held_back.len()), (images - held_back, held_back));
        if held_back > 0 {
            assert_eq!(split.held_back.image(1), train.image(99));
            assert_eq!(split.held_back.labels[1], train.labels[99]);
            assert_eq!(split.train.image(49), train.image(50));
        }
    }

    #[test]
    fn every_fiftieth_image_is_held_back_where_there_are_many() {
        check(0, 0);
        check(4_999, 0);
        check(5_000, 100);
        check(6_049, 120);
    }
}
