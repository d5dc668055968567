//! Initial weights: the same on every device for the same seed.

use model_spec::{Init, NetworkSpec};
use rand::RngExt as _;
use rand_pcg::Pcg32;

use crate::Weights;

/// Stream of the generator that draws initial weights; others draw the order of images and dropout.
const STREAM: u64 = 0x1417;

impl Weights {
    /// Random weights, uniform in plus or minus `1 / sqrt(fan_in)`: PyTorch's default for convolutions and dense layers.
    ///
    /// K. He et al., "Delving deep into rectifiers" (arXiv 1502.01852), with PyTorch's `a = sqrt(5)`.
    pub fn initial(network: &NetworkSpec, seed: u64) -> Self {
        let mut rng = Pcg32::new(seed, STREAM);
        let mut values = Vec::with_capacity(network.value_count());
        for tensor in network.tensors() {
            match tensor.init {
                Init::Uniform { fan_in } => {
                    let bound = (fan_in as f32).sqrt().recip();
                    values.extend((0..tensor.size()).map(|_| bound * (2.0 * rng.random::<f32>() - 1.0)));
                }
                Init::Zeros => values.resize(values.len() + tensor.size(), 0.0),
                Init::Ones => values.resize(values.len() + tensor.size(), 1.0),
            }
        }
        Self { network: network.clone(), values }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::{NAMED_NETWORKS, layers::BatchNorm, normalized};

    use super::*;

    #[test]
    fn initial_weights_repeat_and_keep_their_range() {
        for named in NAMED_NETWORKS {
            let network = normalized(&named.spec().draft(), &BatchNorm::default()).check().unwrap();
            let weights = Weights::initial(&network, 3);
            assert_eq!(weights, Weights::initial(&network, 3));
            assert_ne!(weights, Weights::initial(&network, 4));
            for (tensor, values) in weights.tensors() {
                let bound = match tensor.init {
                    Init::Uniform { fan_in } => (fan_in as f32).sqrt().recip(),
                    Init::Zeros => 0.0,
                    Init::Ones => 1.0,
                };
                assert!(values.iter().all(|value| value.abs() <= bound));
                let mean: f32 = values.iter().sum::<f32>() / values.len() as f32;
                let expected = if tensor.init == Init::Ones { 1.0 } else { 0.0 };
                let apart = 3.0 * bound / (3.0 * values.len() as f32).sqrt();
                assert!((mean - expected).abs() <= apart, "{}", tensor.name);
            }
        }
    }
}
