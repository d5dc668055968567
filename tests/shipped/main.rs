//! What the project ships is as good as it says.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect should end there")]

mod built_in;
mod cases;
mod hand;
mod no_digit;
mod photographs;
mod strokes;

use std::fs;

use burn::tensor::Device;
use data_files::{Making, RawImages};
use dataset::{LabelledImages, careful_digits};
use evaluation::{Calibration, ClassificationReport};
use ink::{CENTRE, Raster, SIDE, normalise, placed};
use model_card::ModelCard;
use network::Network;
use pollster::block_on;
use weights::{Weights, read_safetensors};

fn model(file: &str) -> (Weights, ModelCard) {
    let path = tests::root().join("public/models").join(file);
    read_safetensors(&fs::read(path).unwrap()).unwrap()
}

/// What a model answers to all images of a set, calibrated as its card says.
fn assess((weights, card): &(Weights, ModelCard), set: &LabelledImages) -> ClassificationReport {
    let network = Network::for_prediction(weights, card.preprocessing, &Device::flex());
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    block_on(training::classification_report(&network, calibration, set, 100, async |_| ())).unwrap()
}

/// A model has the accuracy on its card, on MNIST's test images, and at least so many right ones.
#[track_caller]
fn check(file: &str, least_right: u32) {
    let model = model(file);
    let found = assess(&model, &tests::mnist().test);
    let (accuracy, error) = (found.accuracy(), found.expected_calibration_error());
    println!(
        "{file}: {}, calibration error {:.2} %, {:.2} % taken for no digit",
        accuracy.with_interval(),
        100.0 * error,
        100.0 * found.rejected_share()
    );
    assert_eq!(model.1.test, Some(accuracy), "{file}: the card says something else");
    assert!(accuracy.correct >= least_right, "{file}: {accuracy:?}");
    assert!(error <= 0.005, "{file}: expected calibration error {error}");
}

#[test]
#[cfg_attr(not(has_mnist), ignore = "INKLING_MNIST_DIR is not set")]
fn shipped_weights_reach_the_accuracy_on_their_card() {
    check("reader-cnn.safetensors", 9_960);
    check("small-cnn.safetensors", 9_940);
}

#[test]
fn shipped_weights_read_the_built_in_digits() {
    for file in ["reader-cnn.safetensors", "small-cnn.safetensors"] {
        let accuracy = assess(&model(file), &careful_digits(1_000, 3)).accuracy();
        assert!(accuracy.share() > 0.85, "{file}: {accuracy:?}");
    }
}

/// As collections of postcodes are: 16 x 16 pixels, cut out without a margin, bright on dark or dark on bright.
#[test]
#[cfg_attr(not(has_mnist), ignore = "INKLING_MNIST_DIR is not set")]
fn small_scans_of_either_polarity_are_read() {
    const SMALL: usize = 16;
    let test = tests::mnist().test.take(2_000);
    let mut values = Vec::new();
    for index in 0..test.len() {
        let image = Raster::from_levels(SIDE, SIDE, test.image(index).to_vec()).unwrap();
        let small = placed(&image, SMALL, (CENTRE, CENTRE)).unwrap();
        let small = Raster::from_levels(SIDE, SIDE, small.to_vec()).unwrap();
        let (left, top, width, height) = small.ink_bounds().unwrap();
        let mut cut_out = [0; SMALL * SMALL];
        for row in 0..height {
            let start = (row + (SMALL - height) / 2) * SMALL + (SMALL - width) / 2;
            cut_out[start..start + width]
                .copy_from_slice(&small.levels()[(top + row) * SIDE + left..][..width]);
        }
        values.extend(cut_out);
    }
    let reader = model("reader-cnn.safetensors");
    for inverted in [false, true] {
        let values = values.iter().map(|&value| if inverted { 255 - value } else { value }).collect();
        let pixels = RawImages { width: SMALL, height: SMALL, values }.made(Making::FOUND);
        let accuracy = assess(&reader, &LabelledImages { pixels, labels: test.labels.clone() }).accuracy();
        println!("MNIST at 16 x 16, inverted: {inverted}: {}", accuracy.with_interval());
        assert!(accuracy.share() >= 0.985, "{accuracy:?}");
    }
}

#[test]
#[cfg_attr(not(has_mnist), ignore = "INKLING_MNIST_DIR is not set")]
fn every_mnist_image_passes_through_the_pipeline_unchanged() {
    let test = tests::mnist().test;
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
