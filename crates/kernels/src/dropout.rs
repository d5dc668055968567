//! Dropout whose masks come from a counter, not from a device's generator.
//!
//! A mask depends on the seed alone: the same on the CPU and on a GPU, in a resumed run and beside other runs. And it
//! is cheap: with the ChaCha generator that Burn uses, random numbers took 14 % of a step.

/// A mask of inverted dropout: each value is 0 with the probability (to the nearest 65,536th), else scaled up so that
/// the expected value stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropoutMask {
    /// Of dropping a value, 0 to below 1.
    pub probability: f64,
    /// Names the mask.
    pub seed: u64,
    /// Values of the mask that come before: one batch has one mask, however it is divided.
    pub skipped: usize,
}

/// Increment of the counter: odd, and far from a multiple of anything.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl DropoutMask {
    /// A value is dropped where its 16 bits are below this.
    pub fn threshold(&self) -> u32 {
        (self.probability * 65_536.0).round() as u32
    }

    /// What a value that is kept is multiplied with.
    pub fn factor(&self) -> f32 {
        (1.0 - self.probability).recip() as f32
    }

    /// The counter before the first word, which serves the four values from `skipped`, rounded down to fours, on.
    pub const fn first_state(&self) -> u64 {
        self.seed.wrapping_add(GOLDEN.wrapping_mul(self.skipped as u64 / 4))
    }

    /// Multiplies values by the mask.
    pub fn apply(&self, values: &mut [f32]) {
        let (threshold, kept) = (self.threshold(), self.factor());
        let mut state = self.first_state();
        let first = self.skipped % 4;
        let (head, rest) = values.split_at_mut(values.len().min((4 - first) % 4));
        let mut drop_some = |values: &mut [f32], first: usize| {
            state = state.wrapping_add(GOLDEN);
            let word = mix(state) >> (16 * first);
            for (place, value) in values.iter_mut().enumerate() {
                let bits = (word >> (16 * place)) as u32 & 0xffff;
                *value = if bits < threshold { 0.0 } else { *value * kept };
            }
        };
        if !head.is_empty() {
            drop_some(head, first);
        }
        // Fours of a known length become one vector each.
        let (fours, tail) = rest.as_chunks_mut::<4>();
        for four in fours {
            drop_some(four, 0);
        }
        if !tail.is_empty() {
            drop_some(tail, 0);
        }
    }
}

/// First factor of [`mix`].
pub const MIX_1: u64 = 0xbf58_476d_1ce4_e5b9;

/// Second factor of [`mix`].
pub const MIX_2: u64 = 0x94d0_49bb_1331_11eb;

/// Scrambles a number: the finaliser of `SplitMix64`.
///
/// G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
pub const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(MIX_1);
    value = (value ^ (value >> 27)).wrapping_mul(MIX_2);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn mask(length: usize, probability: f64, seed: u64) -> Vec<f32> {
        let mut values = vec![1.0; length];
        DropoutMask { probability, seed, skipped: 0 }.apply(&mut values);
        values
    }

    #[track_caller]
    fn check(probability: f64) {
        let values = mask(100_001, probability, 7);
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

    #[test]
    fn a_mask_is_the_same_in_parts() {
        let whole = mask(64, 0.5, 3);
        for cut in [1, 2, 3, 4, 7, 32, 63] {
            let mut values = vec![1.0; 64];
            let (head, rest) = values.split_at_mut(cut);
            DropoutMask { probability: 0.5, seed: 3, skipped: 0 }.apply(head);
            DropoutMask { probability: 0.5, seed: 3, skipped: cut }.apply(rest);
            assert_eq!(values, whole, "cut at {cut}");
        }
    }
}
