//! What is only asked about leaves nothing behind.

use wasm_bindgen_test::wasm_bindgen_test;

use burn::tensor::Device;
use model_spec::{PIXELS, Preprocessing, named_network};
use pollster::block_on;
use weights::Weights;

use crate::{Batch, Network, read_flat};

const IMAGES: usize = 64;

/// A network that learns, as it is measured after an epoch: here it would keep some 17 KiB of each image.
#[wasm_bindgen_test]
fn measuring_a_network_that_learns_keeps_nothing() {
    let network = named_network("fast-cnn").unwrap().spec();
    let weights = Weights::initial(&network, 1);
    let network = Network::from_weights(&weights, Preprocessing::ZeroToOne, &Device::flex().autodiff());
    let (levels, labels) = (vec![100; IMAGES * PIXELS], [3; IMAGES]);
    let ask = || {
        let sums = network.test_pass(Batch::Levels { levels: &levels, labels: &labels });
        block_on(read_flat(vec![sums])).unwrap();
        block_on(network.predict(&levels)).unwrap();
    };
    (0..4).for_each(|_| ask());
    let pages = core::arch::wasm32::memory_size::<0>();
    (0..40).for_each(|_| ask());
    let after = core::arch::wasm32::memory_size::<0>();
    assert!(after <= pages + 1, "{pages} pages of 64 KiB became {after}");
}
