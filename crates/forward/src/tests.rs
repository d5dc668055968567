#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use burn::tensor::Device;
use evaluation::Calibration;
use model_spec::{NAMED_NETWORKS, NetworkSpec, PIXELS, Preprocessing, RandomNetworks, TensorKind};
use network::Network;
use pollster::block_on;
use weights::Weights;

use crate::Forward;

const PREPROCESSINGS: [Preprocessing; 3] = [
    Preprocessing::ZeroToOne,
    Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 },
    Preprocessing::L2Columns,
];

/// Random weights, whose running means and variances are not those of the first step.
fn weights(network: &NetworkSpec, seed: u64) -> Weights {
    let mut values = Vec::new();
    for (tensor, own) in Weights::initial(network, seed).tensors() {
        let moved = |(index, value): (usize, &f32)| match tensor.kind {
            TensorKind::Buffer => value + 0.1 * (1 + index % 5) as f32,
            TensorKind::Parameter => value + 0.01 * (index % 7) as f32,
        };
        values.extend(own.iter().enumerate().map(moved));
    }
    Weights::from_values(network.clone(), values).unwrap()
}

/// Probabilities as Burn computes them.
#[track_caller]
fn check(network: &NetworkSpec, seed: u64) {
    let levels: Vec<u8> = (0..3 * PIXELS)
        .map(|index| if index % 5 == 0 { ((index * index / 7) % 256) as u8 } else { 0 })
        .collect();
    let (weights, preprocessing) = (weights(network, seed), PREPROCESSINGS[seed as usize % 3]);
    let expected =
        block_on(Network::from_weights(&weights, preprocessing, &Device::flex()).predict(&levels)).unwrap();
    let got = Forward::new(&weights, preprocessing, Calibration::NONE).predict(&levels);
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(&expected) {
        let apart = got.probabilities.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 2e-4, "seed {seed}: {apart}\n{}", network.to_json());
    }
}

#[test]
fn named_networks_answer_as_with_burn() {
    for (seed, named) in NAMED_NETWORKS.iter().enumerate() {
        check(&named.spec(), seed as u64);
    }
}

#[test]
fn random_networks_answer_as_with_burn() {
    for seed in 0..100 {
        check(&RandomNetworks::new(seed).valid(), seed);
    }
}
