//! Labelled images in memory.

use core::hash::{Hash as _, Hasher as _};
use std::{collections::HashSet, hash::DefaultHasher};

use ink::PIXELS;
use model_spec::{Import, NOT_A_DIGIT};

use crate::Split;

/// Images of 28x28 grey levels (0 is paper, 255 is ink) and the class that each shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledImages {
    /// `784 * len()` grey levels, image by image, row by row.
    pub pixels: Vec<u8>,
    /// `len()` classes, from 0; in training images also [`NOT_A_DIGIT`].
    pub labels: Vec<u8>,
}

/// Images to learn from and images to test on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// May be learned from, or held back for validation.
    pub train: LabelledImages,
    /// The first so many of them may be held back; all where there is no number. Others are copies of each other.
    pub splittable: Option<usize>,
    /// Never learned from.
    pub test: LabelledImages,
    /// Images whose classes nobody said, 784 grey levels each: answers are asked for.
    pub unlabelled: Vec<u8>,
    /// Names of the classes; empty where they are the ten digits.
    pub class_names: Vec<String>,
    /// What the images are, for people: `MNIST`, `built-in digits`, ...
    pub name: String,
    /// How the images were made from those in files.
    pub import: Import,
}

impl Dataset {
    /// Classes to tell apart: as many as have names, else ten, or more where labels say so.
    pub fn classes(&self) -> u32 {
        if !self.class_names.is_empty() {
            return self.class_names.len() as u32;
        }
        let labels = self.train.labels.iter().chain(&self.test.labels);
        let largest = labels.copied().filter(|&label| label != NOT_A_DIGIT).max().unwrap_or(0);
        (u32::from(largest) + 1).max(10)
    }

    /// What each class is called: by its name, else its number.
    pub fn names_of_classes(&self) -> Vec<String> {
        if self.class_names.is_empty() {
            (0..self.classes()).map(|class| class.to_string()).collect()
        } else {
            self.class_names.clone()
        }
    }

    /// Whether a network that tells so many classes apart can learn from it: exactly as many as have names, or at least ten digits.
    pub fn fits(&self, classes: usize) -> bool {
        let own = self.classes() as usize;
        if self.class_names.is_empty() { own <= classes } else { own == classes }
    }

    /// Which training images are learned from, and which validate: a share of each class, drawn by a seed. Images that are the
    /// same stay on one side.
    pub fn split(&self, validation_share: f64, seed: u64) -> Split {
        let drawn_from = self.splittable.unwrap_or(usize::MAX).min(self.train.len());
        let mut split = Split::stratified(&self.train.labels[..drawn_from], validation_share, seed);
        split.train.extend(drawn_from as u32..self.train.len() as u32);
        if !split.validation.is_empty() {
            split.keep_together(&self.train.equal_images(), |number| {
                (number as usize) < drawn_from && self.train.labels[number as usize] != NOT_A_DIGIT
            });
        }
        split
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

    /// Numbers of at most `count` images that show what the set holds: the first of each class, then the second of each, and
    /// so on.
    pub fn samples(&self, count: usize) -> Vec<u32> {
        let mut seen = [0_u32; 256];
        let mut samples: Vec<(u32, u8, u32)> = Vec::with_capacity(self.len());
        for (number, &label) in (0..).zip(&self.labels) {
            let of_class = &mut seen[usize::from(label)];
            samples.push((*of_class, label, number));
            *of_class += 1;
        }
        samples.sort_unstable();
        samples.into_iter().take(count).map(|(_, _, number)| number).collect()
    }

    /// The first `count` images, or all where there are fewer.
    #[must_use]
    pub fn take(mut self, count: usize) -> Self {
        self.labels.truncate(count);
        self.pixels.truncate(count * PIXELS);
        self
    }

    /// The images of these indices, in their order.
    ///
    /// # Panics
    /// Where an index is not below [`len`](Self::len).
    #[must_use]
    pub fn subset(&self, indices: &[u32]) -> Self {
        let mut subset = Self::default();
        for &index in indices {
            subset.pixels.extend_from_slice(self.image(index as usize));
            subset.labels.push(self.labels[index as usize]);
        }
        subset
    }

    /// Groups of images that are the same to the last pixel, each of at least two, in ascending order.
    pub fn equal_images(&self) -> Vec<Vec<u32>> {
        let mut hashed: Vec<(u64, u32)> =
            (0..self.len() as u32).map(|index| (self.hash(index), index)).collect();
        hashed.sort_unstable();
        let mut groups = Vec::new();
        for run in hashed.chunk_by(|(one, _), (other, _)| one == other).filter(|run| run.len() > 1) {
            // Of one hash, and nearly always of one image.
            let mut rest: Vec<u32> = run.iter().map(|(_, index)| *index).collect();
            while let Some(&first) = rest.first() {
                let is_equal = |index: &u32| self.image(*index as usize) == self.image(first as usize);
                let (group, others) = rest.iter().partition(|index| is_equal(index));
                rest = others;
                groups.push(group);
            }
        }
        groups.retain(|group: &Vec<u32>| group.len() > 1);
        groups
    }

    /// Leaves out all images that also stand in another set, whatever their labels, but for blank ones; returns how many.
    pub fn remove_all_of(&mut self, other: &Self) -> usize {
        let known: HashSet<&[u8]> =
            other.pixels.chunks_exact(PIXELS).filter(|image| image.iter().any(|&level| level > 0)).collect();
        let kept: Vec<u32> =
            (0..self.len() as u32).filter(|&index| !known.contains(self.image(index as usize))).collect();
        let removed = self.len() - kept.len();
        if removed > 0 {
            *self = self.subset(&kept);
        }
        removed
    }

    fn hash(&self, index: u32) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.image(index as usize).hash(&mut hasher);
        hasher.finish()
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

    #[test]
    fn what_may_not_be_held_back_is_learned_from() {
        let mut train = LabelledImages::default();
        for index in 0..30 {
            train.push(&[index as u8; PIXELS], (index % 3) as u8);
        }
        let dataset = Dataset { train, splittable: Some(20), ..Dataset::default() };
        let split = dataset.split(0.5, 1);
        assert_eq!((split.train.len(), split.validation.len()), (20, 10));
        assert!(split.validation.iter().all(|&index| index < 20));
        assert_eq!(dataset.classes(), 10);
    }

    #[test]
    fn a_set_is_shown_by_images_of_each_class() {
        let labels = vec![1, 1, 1, 0, 0, 2];
        let set = LabelledImages { pixels: vec![0; labels.len() * PIXELS], labels };
        assert_eq!(set.samples(4), [3, 0, 5, 4]);
        assert_eq!(set.samples(9), [3, 0, 5, 4, 1, 2]);
        assert!(LabelledImages::default().samples(4).is_empty());
    }

    /// No image that validates, nor its equal, is learned from.
    #[test]
    fn nothing_leaks_into_validation() {
        for seed in 0..20_u64 {
            let mut train = LabelledImages::default();
            for index in 0..200_u64 {
                // Every third image stands there several times, with labels that differ.
                let shade = if index % 3 == 0 { index % 7 } else { index + 10 };
                let mut image = [0; PIXELS];
                image[..8].copy_from_slice(&(shade + 1).to_le_bytes());
                train.push(&image, ((index * (seed + 1)) % 10) as u8);
            }
            let dataset = Dataset { train, ..Dataset::default() };
            let split = dataset.split(0.3, seed);
            assert!(split.validation.len() > 20 && split.train.len() + split.validation.len() == 200);
            for &held_back in &split.validation {
                let image = dataset.train.image(held_back as usize);
                let learned = split.train.iter().find(|&&index| dataset.train.image(index as usize) == image);
                assert_eq!(learned, None, "seed {seed}");
            }
        }
    }

    /// A copy that may not be held back, or one that is said to be no digit, keeps its likes among what is learned from.
    #[test]
    fn what_may_not_be_held_back_keeps_its_equals() {
        let mut train = LabelledImages::default();
        for index in 0..40_u8 {
            train.push(&[index; PIXELS], index % 4);
        }
        for index in 0..20 {
            train.push(&[index; PIXELS], if index % 2 == 0 { NOT_A_DIGIT } else { index % 4 });
        }
        for splittable in [Some(40), None] {
            let dataset = Dataset { train: train.clone(), splittable, ..Dataset::default() };
            let split = dataset.split(0.5, 3);
            assert!(!split.validation.is_empty());
            assert!(
                split.validation.iter().all(|&index| dataset.train.labels[index as usize] != NOT_A_DIGIT)
            );
            let limit = splittable.unwrap_or(60) as u32;
            assert!(split.validation.iter().all(|&index| index < limit));
        }
    }

    #[test]
    fn what_is_tested_on_is_not_learned_from() {
        let image = |level| [level; PIXELS];
        let (mut train, mut test) = (LabelledImages::default(), LabelledImages::default());
        for level in 0..9 {
            train.push(&image(level), 1);
        }
        for level in [0, 3, 20, 4] {
            test.push(&image(level), 2);
        }
        assert_eq!(train.remove_all_of(&test), 2);
        let levels: Vec<u8> = train.pixels.chunks_exact(PIXELS).map(|image| image[0]).collect();
        assert_eq!(levels, [0, 1, 2, 5, 6, 7, 8]);
    }

    #[test]
    fn there_are_as_many_classes_as_labels_name() {
        let labels = vec![25, 0, NOT_A_DIGIT];
        let train = LabelledImages { pixels: vec![0; 3 * PIXELS], labels };
        assert_eq!(Dataset { train, ..Dataset::default() }.classes(), 26);
        let named = Dataset { class_names: vec!["A".into(), "B".into()], ..Dataset::default() };
        assert!(named.fits(2) && !named.fits(10) && Dataset::default().fits(26));
    }
}
