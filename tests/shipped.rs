//! What the project ships is as good as it says.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect should end there")]

use std::fs;

use burn::tensor::Device;
use dataset::{LabelledImages, WrittenDigit, built_in_digits, not_digits};
use ink::{Drawing, Point, Raster, SIDE, normalise};
use network::Network;
use pollster::block_on;
use reading::Sheet;
use recipe::{Accuracy, Assessment, Calibration, ModelCard, PIXELS};
use weights::{Weights, read_safetensors};

fn model(file: &str) -> (Weights, ModelCard) {
    let path = tests::root().join("public/models").join(file);
    read_safetensors(&fs::read(path).unwrap()).unwrap()
}

/// What a model answers to all images of a set, calibrated as its card says.
fn assess((weights, card): &(Weights, ModelCard), set: &LabelledImages) -> Assessment {
    let network = Network::from_weights(weights, &Device::flex());
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let mut found = Assessment::default();
    for (levels, labels) in set.pixels.chunks(100 * PIXELS).zip(set.labels.chunks(100)) {
        for (probabilities, &label) in block_on(network.predict(levels)).unwrap().iter().zip(labels) {
            found.add(&calibration.read(probabilities), label);
        }
    }
    found
}

/// A model has the accuracy on its card, on MNIST's test images, and at least so many right ones.
#[track_caller]
fn check(file: &str, least_right: u32) {
    let model = model(file);
    let Some(mnist) = tests::mnist() else {
        let accuracy = assess(&model, &built_in_digits(1_000, 3)).accuracy();
        assert!(accuracy.share() > 0.85, "{file}: {accuracy:?} of the built-in digits");
        return;
    };
    let found = assess(&model, &mnist.test);
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
fn shipped_weights_reach_the_accuracy_on_their_card() {
    check("fast-cnn.safetensors", 9_930);
    check("reader-cnn.safetensors", 9_950);
}

/// Letters, scribbles, noise and two digits at once, none of which the model has seen.
#[test]
fn what_is_no_digit_is_taken_for_none() {
    let reader = model("reader-cnn.safetensors");
    let others = assess(&reader, &not_digits(2_000, 77)).rejected_share();
    println!("{:.1} % of what is no digit is rejected", 100.0 * others);
    assert!(others >= 0.95, "{others}");
    if let Some(mnist) = tests::mnist() {
        let digits = assess(&reader, &mnist.test).rejected_share();
        assert!(digits <= 0.012, "{digits} of MNIST's test images are rejected");
    }
}

/// Writers whom `recipes/reader-cnn.toml` holds back from training.
const UNSEEN: [&str; 10] =
    ["tra01", "tra04", "tra07", "tra10", "tra13", "tra16", "tra19", "tra22", "tra25", "tra28"];

#[test]
fn writers_never_trained_on_are_read_at_any_size_and_place() {
    let Some(written) = tests::strokes() else { return };
    let mut set = LabelledImages::default();
    for (index, digit) in written.iter().filter(|digit| UNSEEN.contains(&digit.writer.as_str())).enumerate() {
        // A third of the paper to nine tenths, from corner to corner.
        let step = |count: usize| (index % count) as f32 / (count - 1) as f32;
        let strokes = digit.on_paper(0.33 + 0.57 * step(7), (step(5), step(3)));
        set.push(&Drawing::from_strokes(strokes).image().unwrap(), digit.label);
    }
    let found = assess(&model("reader-cnn.safetensors"), &set);
    println!("unseen writers: {}", found.accuracy().with_interval());
    assert!(found.accuracy().share() >= 0.97, "{:?}", found.accuracy());
}

/// Numbers of two to six digits, each by one unseen writer, as they stand beside each other on paper.
#[test]
fn numbers_of_unseen_writers_are_read_wholly() {
    let Some(written) = tests::strokes() else { return };
    let (weights, card) = model("reader-cnn.safetensors");
    let network = Network::from_weights(&weights, &Device::flex());
    let calibration = card.calibration.unwrap();
    let mut right = Accuracy::default();
    for writer in UNSEEN {
        let own: Vec<&WrittenDigit> = written.iter().filter(|digit| digit.writer == writer).collect();
        let mut rest = &own[..];
        for length in (2..=6).cycle() {
            if rest.len() < length {
                break;
            }
            let (digits, after) = rest.split_at(length);
            rest = after;
            let sheet = Sheet::of(&composed(digits));
            let pixels = sheet.images().concat();
            let probabilities = block_on(network.predict(&pixels)).unwrap();
            let readings: Vec<_> = probabilities.iter().map(|all| calibration.read(all)).collect();
            let numbers = sheet.read(&readings);
            let expected: Vec<u8> = digits.iter().map(|digit| digit.label).collect();
            let is_right = numbers.len() == 1
                && numbers[0].iter().map(|digit| digit.reading.digit).collect::<Vec<_>>() == expected;
            right.total += 1;
            right.correct += u32::from(is_right);
        }
    }
    println!("numbers of unseen writers read wholly: {}", right.with_interval());
    assert!(right.share() >= 0.85, "{right:?}");
}

/// Digits beside each other, 100 pixels high more or less, a fifth of that apart, not quite on a line.
fn composed(digits: &[&WrittenDigit]) -> Raster {
    let mut raster = Raster::blank(120 * digits.len() + 80, 200);
    let mut left = 40.0;
    for (index, digit) in digits.iter().enumerate() {
        let points = || digit.strokes.iter().flatten();
        let low = |axis: fn(&Point) -> f32| points().map(axis).fold(f32::INFINITY, f32::min);
        let high = |axis: fn(&Point) -> f32| points().map(axis).fold(f32::NEG_INFINITY, f32::max);
        let (x, y) = (low(|point| point.x), low(|point| point.y));
        let (width, height) = (high(|point| point.x) - x, high(|point| point.y) - y);
        let scale = (90.0 + 5.0 * (index * 7 % 4) as f32) / height.max(width).max(1.0);
        let top = 40.0 + 4.0 * (index * 5 % 3) as f32;
        let place = |point: &Point| Point { x: left + scale * (point.x - x), y: top + scale * (point.y - y) };
        for stroke in &digit.strokes {
            raster.ink_stroke(&stroke.iter().map(place).collect::<Vec<_>>(), 4.5);
        }
        left += scale * width + 14.0 + 4.0 * (index * 3 % 4) as f32;
    }
    raster
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
