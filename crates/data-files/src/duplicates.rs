//! Images that stand in two parts.

use std::collections::HashMap;

use dataset::LabelledImages;
use ink::{PIXELS, SIDE};
use serde::{Deserialize, Serialize};

/// Images of a test part that also stand among those learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicates {
    /// The same to the last pixel.
    pub exact: u32,
    /// Nearly the same: alike in every block of 4x4 pixels and by a cosine of at least 0.98; exact ones are not counted.
    pub near: u32,
}

impl Duplicates {
    /// Counts the images of `test` that have their like in `train`. Blank ones are not counted.
    pub fn between(train: &LabelledImages, test: &LabelledImages) -> Self {
        let mut known: HashMap<u64, Vec<u32>> = HashMap::new();
        for (index, image) in train.pixels.chunks_exact(PIXELS).enumerate() {
            known.entry(outline(image)).or_default().push(index as u32);
        }
        let mut found = Self::default();
        for image in test.pixels.chunks_exact(PIXELS).filter(|image| image.iter().any(|&level| level > 0)) {
            let Some(candidates) = known.get(&outline(image)) else { continue };
            let others = || candidates.iter().map(|&index| train.image(index as usize));
            if others().any(|other| other == image) {
                found.exact += 1;
            } else if others().any(|other| likeness(other, image) >= LEAST_LIKENESS) {
                found.near += 1;
            }
        }
        found
    }
}

const LEAST_LIKENESS: f64 = 0.98;

/// A bit for each block of 4x4 pixels: whether it holds much ink.
fn outline(image: &[u8]) -> u64 {
    const BLOCK: usize = 4;
    const MUCH: u32 = 16 * 64;
    let mut bits = 0;
    for block in 0..(SIDE / BLOCK) * (SIDE / BLOCK) {
        let (top, left) = (block / (SIDE / BLOCK) * BLOCK, block % (SIDE / BLOCK) * BLOCK);
        let sum: u32 = (0..BLOCK)
            .flat_map(|row| image[(top + row) * SIDE + left..][..BLOCK].iter())
            .map(|&level| u32::from(level))
            .sum();
        bits = bits << 1 | u64::from(sum > MUCH);
    }
    bits
}

fn likeness(a: &[u8], b: &[u8]) -> f64 {
    let product =
        |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(&a, &b)| u64::from(a) * u64::from(b)).sum::<u64>() as f64;
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use dataset::built_in_digits;

    #[test]
    fn what_stands_in_both_parts_is_counted() {
        let (train, mut test) = (built_in_digits(300, 1), built_in_digits(50, 2));
        assert_eq!(Duplicates::between(&train, &test), Duplicates::default());
        test.append(&train.subset(&[3, 4, 200]));
        let mut noisy = train.subset(&[7]);
        for level in &mut noisy.pixels {
            *level = level.saturating_sub(3);
        }
        test.append(&noisy);
        test.push(&[0; PIXELS], 1);
        assert_eq!(Duplicates::between(&train, &test), Duplicates { exact: 3, near: 1 });
    }
}
