//! Dropout whose masks come from a counter, not from a device's generator.
//!
//! A mask depends on the seed alone: the same on the CPU and on a GPU, in a resumed run and beside other runs. And it
//! is cheap: with the ChaCha generator that Burn uses, random numbers took 14 % of a step.

use burn::tensor::{Tensor, TensorData};

/// Inverted dropout: drops values with this probability and scales the others so that the expected value stays.
pub(crate) fn dropped<const D: usize>(values: Tensor<D>, probability: f64, seed: u64) -> Tensor<D> {
    let shape = values.shape();
    let mask = TensorData::new(mask(shape.num_elements(), probability, seed), shape);
    let mask = Tensor::from_data(mask, &values.device());
    values * mask
}

/// `length` values, each 0 with this probability (to the nearest 65,536th), else `1 / (1 - probability)`.
fn mask(length: usize, probability: f64, seed: u64) -> Vec<f32> {
    let threshold = (probability * 65_536.0).round() as u64;
    let kept = (1.0 - probability).recip() as f32;
    let words = (0..length.div_ceil(4) as u64).map(|counter| mix(seed.wrapping_add(mix(counter))));
    let mut values: Vec<f32> = words
        .flat_map(|word| [word, word >> 16, word >> 32, word >> 48])
        .map(|bits| if bits & 0xffff < threshold { 0.0 } else { kept })
        .collect();
    values.truncate(length);
    values
}

/// The finaliser of `SplitMix64`: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators"
/// (OOPSLA 2014).
pub(crate) fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(probability: f64) {
        let values = mask(100_001, probability, 7);
        assert_eq!(values.len(), 100_001);
        let dropped = values.iter().filter(|&&value| value == 0.0).count() as f64 / 100_001.0;
        // Five standard deviations.
        let bound = 5.0 * (probability * (1.0 - probability) / 100_001.0).sqrt();
        assert!((dropped - probability).abs() < bound, "{dropped}");
        let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / 100_001.0;
        assert!((mean - 1.0).abs() < bound / (1.0 - probability));
    }

    #[test]
    fn the_right_share_is_dropped_and_the_mean_stays() {
        check(0.25);
        check(0.5);
        check(0.1);
    }

    #[test]
    fn masks_depend_on_the_seed_alone() {
        assert_eq!(mask(64, 0.5, 1), mask(64, 0.5, 1));
        assert_eq!(mask(64, 0.5, 1)[..33], mask(33, 0.5, 1)[..]);
        assert_ne!(mask(64, 0.5, 1), mask(64, 0.5, 2));
    }
}
