//! Which images are learned from, and which are held back.

use model_spec::NOT_A_DIGIT;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg32;

use crate::LabelledImages;

/// Stream of the generator that draws splits; others draw weights and orders.
const STREAM: u64 = 0x5917;

/// Indices of images; nothing is copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Learned from, in ascending order.
    pub train: Vec<u32>,
    /// Held back to measure and calibrate, in ascending order; there may be none.
    pub validation: Vec<u32>,
}

impl Split {
    /// Holds a share of the images back, 0 to 1, of each class as large a part as of the others. The same for the same labels
    /// and seed. Images of no digit are never held back.
    pub fn stratified(labels: &[u8], validation_share: f64, seed: u64) -> Self {
        let mut by_class = vec![Vec::new(); usize::from(u8::MAX) + 1];
        for (index, &label) in labels.iter().enumerate() {
            by_class[usize::from(label)].push(index as u32);
        }
        by_class[usize::from(NOT_A_DIGIT)].clear();
        let mut rng = Pcg32::new(seed, STREAM);
        let counts = quotas(&by_class, validation_share);
        let mut is_held_back = vec![false; labels.len()];
        for (mut indices, count) in by_class.into_iter().zip(counts) {
            indices.shuffle(&mut rng);
            for &index in &indices[..count] {
                is_held_back[index as usize] = true;
            }
        }
        let (validation, train) = (0..labels.len() as u32).partition(|&index| is_held_back[index as usize]);
        Self { train, validation }
    }

    /// As [`stratified`](Self::stratified), but images that are the same stay on one side.
    pub fn of(images: &LabelledImages, validation_share: f64, seed: u64) -> Self {
        let mut split = Self::stratified(&images.labels, validation_share, seed);
        split.keep_together(&images.equal_images(), |number| images.labels[number as usize] != NOT_A_DIGIT);
        split
    }

    /// Moves the images of each group to the side of its first; none is held back with one that may not be.
    pub fn keep_together(&mut self, groups: &[Vec<u32>], may_be_held_back: impl Fn(u32) -> bool) {
        if groups.is_empty() {
            return;
        }
        let count = self.train.len() + self.validation.len();
        let mut is_held_back = vec![false; count];
        for &index in &self.validation {
            is_held_back[index as usize] = true;
        }
        for group in groups {
            let side = group.first().is_some_and(|&first| is_held_back[first as usize])
                && group.iter().all(|&index| may_be_held_back(index));
            for &index in group {
                is_held_back[index as usize] = side;
            }
        }
        (self.validation, self.train) = (0..count as u32).partition(|&index| is_held_back[index as usize]);
    }
}

/// How many of each class are held back: in all the share of the whole, to the nearest number; those classes round up of which
/// rounding down would take the most.
fn quotas(by_class: &[Vec<u32>], share: f64) -> Vec<usize> {
    let exact: Vec<f64> = by_class.iter().map(|indices| share * indices.len() as f64).collect();
    let mut counts: Vec<usize> = exact.iter().map(|exact| exact.floor() as usize).collect();
    let total = exact.iter().sum::<f64>().round() as usize;
    let missing = total.saturating_sub(counts.iter().sum());
    let mut classes: Vec<usize> = (0..by_class.len()).collect();
    // Stable: of equals the first class.
    classes.sort_by(|&a, &b| (exact[b].fract()).total_cmp(&exact[a].fract()));
    for &class in classes
        .iter()
        .filter(|&&class| counts[class] < by_class[class].len())
        .take(missing)
        .collect::<Vec<_>>()
    {
        counts[class] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn labels_of(labels: &[u8], indices: &[u32]) -> Vec<usize> {
        let mut counts = vec![0; 10];
        for &index in indices {
            counts[usize::from(labels[index as usize])] += 1;
        }
        counts
    }

    /// Sizes of the two parts, for labels in any order.
    #[track_caller]
    fn check(labels: &[u8], share: f64, expected: usize) -> Split {
        let split = Split::stratified(labels, share, 7);
        assert_eq!(split.validation.len(), expected);
        let mut all = [&split.train[..], &split.validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..labels.len() as u32).collect::<Vec<_>>());
        split
    }

    #[test]
    fn every_class_gives_its_share_whatever_the_order() {
        let turning: Vec<u8> = (0..60_000).map(|index| (index % 10) as u8).collect();
        let mut sorted = turning.clone();
        sorted.sort_unstable();
        for labels in [&turning, &sorted] {
            let split = check(labels, 0.2, 12_000);
            assert_eq!(labels_of(labels, &split.validation), [1_200; 10]);
        }
    }

    #[test]
    fn rounding_is_settled_over_the_classes() {
        let split = check(&[0, 0, 0, 1, 1, 1, 2, 2, 2, 3], 0.5, 5);
        assert!(split.train.len() == 5);
        check(&[], 0.5, 0);
        check(&[4, 4, 4], 0.0, 0);
        check(&[1, 2, 3], 0.9, 3);
    }

    #[test]
    fn the_seed_draws_and_no_digit_stays() {
        let labels: Vec<u8> =
            (0..1_000).map(|index| if index % 4 == 0 { NOT_A_DIGIT } else { (index % 7) as u8 }).collect();
        let (one, other) = (Split::stratified(&labels, 0.1, 1), Split::stratified(&labels, 0.1, 2));
        assert_eq!(one, Split::stratified(&labels, 0.1, 1));
        assert_ne!(one, other);
        assert!(one.validation.iter().all(|&index| labels[index as usize] != NOT_A_DIGIT));
    }
}
