//! Initial weights: the same on every device for the same seed.

use rand::RngExt as _;
use rand_pcg::Pcg32;
use recipe::Architecture;

use crate::Weights;

/// Stream of the generator that draws initial weights; others draw the order of images and dropout.
const STREAM: u64 = 0x1417;

impl Weights {
    /// Random weights, uniform in plus or minus `1 / sqrt(fan_in)`: PyTorch's default for convolutions and dense layers.
    ///
    /// K. He et al., "Delving deep into rectifiers" (arXiv 1502.01852), with PyTorch's `a = sqrt(5)`.
    pub fn initial(architecture: Architecture, seed: u64) -> Self {
        let mut rng = Pcg32::new(seed, STREAM);
        let mut values = Vec::with_capacity(architecture.parameter_count());
        for parameter in architecture.parameters() {
            let bound = (parameter.fan_in as f32).sqrt().recip();
            values.extend((0..parameter.size()).map(|_| bound * (2.0 * rng.random::<f32>() - 1.0)));
        }
        Self { architecture, values }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn initial_weights_repeat_and_keep_their_range() {
        for architecture in Architecture::ALL {
            let weights = Weights::initial(architecture, 3);
            assert_eq!(weights, Weights::initial(architecture, 3));
            assert_ne!(weights, Weights::initial(architecture, 4));
            for (parameter, values) in weights.parameters() {
                let bound = (parameter.fan_in as f32).sqrt().recip();
                assert!(values.iter().all(|value| value.abs() <= bound));
                let mean: f32 = values.iter().sum::<f32>() / values.len() as f32;
                assert!(mean.abs() < 3.0 * bound / (3.0 * values.len() as f32).sqrt(), "{}", parameter.name);
            }
        }
    }
}
