//! What the project ships is as good as it says.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect should end there")]

use std::fs;

use burn::tensor::Device;
use dataset::built_in_digits;
use ink::{Raster, SIDE, normalise};
use network::Network;
use pollster::block_on;
use recipe::ModelCard;
use training::evaluate;
use weights::{Weights, read_safetensors};

fn shipped() -> (Weights, ModelCard) {
    let path = tests::root().join("public/models/fast-cnn.safetensors");
    read_safetensors(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn shipped_weights_reach_the_accuracy_on_their_card() {
    let (weights, card) = shipped();
    let network = Network::from_weights(&weights, &Device::flex());
    let accuracy = |set| block_on(evaluate(&network, &set, 100, async |_| ())).unwrap();
    let Some(mnist) = tests::mnist() else {
        let accuracy = accuracy(built_in_digits(1_000, 3));
        assert!(accuracy.share() > 0.9, "{accuracy:?} of the built-in digits");
        return;
    };
    let accuracy = accuracy(mnist.test);
    println!("shipped weights: {}", accuracy.with_interval());
    assert_eq!(card.test, Some(accuracy), "the card says something else");
    assert!(accuracy.correct >= 9_930, "{accuracy:?}");
}

#[test]
fn every_mnist_image_passes_through_the_pipeline_unchanged() {
    let Some(mnist) = tests::mnist() else { return };
    let test = mnist.test;
    let mut moved = 0;
    for index in 0..test.len() {
        let image = test.image(index);
        let raster = Raster::from_levels(SIDE, SIDE, image.to_vec()).unwrap();
        if normalise(&raster).is_none_or(|again| again != image) {
            moved += 1;
        }
    }
    println!("{moved} of {} images are moved", test.len());
    // Those few have their centre of mass within rounding of half a pixel.
    assert!(moved * 200 <= test.len(), "{moved} images are moved");
}
