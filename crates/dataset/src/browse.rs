//! Looking at a set of images: counts, lists in some order, means.

use ink::PIXELS;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg32;

use crate::LabelledImages;

/// Stream of the generator that shuffles what is looked at; others draw splits, weights and orders of training.
const STREAM: u64 = 0x100c;

impl LabelledImages {
    /// Images of each class, for at least so many classes.
    pub fn counts(&self, classes: usize) -> Vec<u32> {
        let mut counts = vec![0; classes];
        for &label in &self.labels {
            let label = usize::from(label);
            if label >= counts.len() {
                counts.resize(label + 1, 0);
            }
            counts[label] += 1;
        }
        counts
    }

    /// The numbers of the images of a class, or of all, in ascending order.
    pub fn numbers(&self, class: Option<u8>) -> Vec<u32> {
        let is_wanted = |number: &u32| class.is_none_or(|class| self.labels[*number as usize] == class);
        (0..self.len() as u32).filter(is_wanted).collect()
    }

    /// The same in an order drawn by a seed.
    pub fn shuffled(&self, class: Option<u8>, seed: u64) -> Vec<u32> {
        let mut numbers = self.numbers(class);
        numbers.shuffle(&mut Pcg32::new(seed, STREAM));
        numbers
    }

    /// The same by the distance from the mean image of their class, the nearest first.
    pub fn by_likeness(&self, class: Option<u8>) -> Vec<u32> {
        let means = self.means();
        let distance = |number: u32| {
            let mean = &means[usize::from(self.labels[number as usize])].mean;
            let square = |(&level, mean): (&u8, &f64)| (f64::from(level) - mean).powi(2);
            self.image(number as usize).iter().zip(mean).map(square).sum::<f64>()
        };
        let mut numbers: Vec<(f64, u32)> =
            self.numbers(class).into_iter().map(|number| (distance(number), number)).collect();
        numbers.sort_by(|(one, first), (other, second)| one.total_cmp(other).then(first.cmp(second)));
        numbers.into_iter().map(|(_, number)| number).collect()
    }

    /// The mean image of each class and its spread.
    pub fn means(&self) -> Vec<ClassMean> {
        let counts = self.counts(1);
        let mut sums = vec![(vec![0_u64; PIXELS], vec![0_u64; PIXELS]); counts.len()];
        for (image, &label) in self.pixels.chunks_exact(PIXELS).zip(&self.labels) {
            let (sum, squares) = &mut sums[usize::from(label)];
            for ((sum, square), &level) in sum.iter_mut().zip(squares).zip(image) {
                *sum += u64::from(level);
                *square += u64::from(level) * u64::from(level);
            }
        }
        let each = sums.into_iter().zip(counts).map(|((sum, squares), count)| {
            let count = f64::from(count.max(1));
            let mean: Vec<f64> = sum.iter().map(|&sum| sum as f64 / count).collect();
            let spread = squares
                .iter()
                .zip(&mean)
                .map(|(&square, mean)| (square as f64 / count - mean * mean).max(0.0).sqrt());
            ClassMean { spread: spread.collect(), mean }
        });
        each.collect()
    }
}

/// What the images of a class have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMean {
    /// Mean grey level of each of the 784 pixels, 0 to 255.
    pub mean: Vec<f64>,
    /// Standard deviation of each, 0 to 127.5.
    pub spread: Vec<f64>,
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Images of one level each.
    fn images(each: &[(u8, u8)]) -> LabelledImages {
        let mut images = LabelledImages::default();
        for &(level, label) in each {
            images.push(&[level; PIXELS], label);
        }
        images
    }

    #[test]
    fn counts_and_lists_are_by_class() {
        let set = images(&[(1, 0), (2, 3), (3, 0), (4, 3), (9, 3)]);
        assert_eq!((set.counts(2), set.counts(10).len()), (vec![2, 0, 0, 3], 10));
        assert_eq!(
            (set.numbers(Some(3)), set.numbers(Some(1)).len(), set.numbers(None).len()),
            (vec![1, 3, 4], 0, 5)
        );
        let mut shuffled = set.shuffled(None, 7);
        assert_eq!(shuffled, set.shuffled(None, 7));
        shuffled.sort_unstable();
        assert_eq!(shuffled, [0, 1, 2, 3, 4]);
    }

    /// The mean of 2, 4 and 9 is 5: 4 is the nearest to it, 9 the strangest.
    #[test]
    fn means_tell_the_usual_from_the_strange() {
        let set = images(&[(2, 1), (4, 1), (9, 1), (7, 0)]);
        let means = set.means();
        assert_eq!((means[1].mean[0], means[0].mean[783]), (5.0, 7.0));
        assert!((means[1].spread[0] - (26.0_f64 / 3.0).sqrt()).abs() < 1e-12 && means[0].spread[0] == 0.0);
        assert_eq!(set.by_likeness(Some(1)), [1, 0, 2]);
    }
}
