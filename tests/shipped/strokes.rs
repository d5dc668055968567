//! Pen strokes of writers never trained on: single digits and numbers.

use burn::tensor::Device;
use dataset::{LabelledImages, WrittenDigit};
use evaluation::{Accuracy, Calibration};
use ink::{Drawing, Point, Raster, normalise};
use network::Network;
use pollster::block_on;
use recognition::{RecognizedNumber, Segmentation};
use tests::UNSEEN;

use super::{assess, model};

/// The digits of the writers never trained on.
pub(super) fn unseen() -> Vec<WrittenDigit> {
    let written = tests::strokes();
    written.into_iter().filter(|digit| UNSEEN.contains(&digit.writer.as_str())).collect()
}

/// Draws a digit, its longer side of this size, at this place: how wide it has become.
pub(super) fn ink_at(
    raster: &mut Raster,
    digit: &WrittenDigit,
    (left, top): (f32, f32),
    size: f32,
    radius: f32,
) -> f32 {
    let points = || digit.strokes.iter().flatten();
    let low = |axis: fn(&Point) -> f32| points().map(axis).fold(f32::INFINITY, f32::min);
    let high = |axis: fn(&Point) -> f32| points().map(axis).fold(f32::NEG_INFINITY, f32::max);
    let (x, y) = (low(|point| point.x), low(|point| point.y));
    let (width, height) = (high(|point| point.x) - x, high(|point| point.y) - y);
    let scale = size / height.max(width).max(1.0);
    let place = |point: &Point| Point { x: left + scale * (point.x - x), y: top + scale * (point.y - y) };
    for stroke in &digit.strokes {
        raster.ink_stroke(&stroke.iter().map(place).collect::<Vec<_>>(), radius);
    }
    scale * width
}

/// Digits of the unseen writers, a third of the paper to nine tenths high, from corner to corner, with a pen of half the usual
/// width to one and a half.
fn unseen_on_paper() -> Vec<(Raster, u8, usize)> {
    let each = unseen().into_iter().enumerate().map(|(index, digit)| {
        let step = |count: usize| (index % count) as f32 / (count - 1) as f32;
        let mut raster = Raster::blank(Drawing::SIDE as usize, Drawing::SIDE as usize);
        for stroke in digit.on_paper(0.33 + 0.57 * step(7), (step(5), step(3))) {
            raster.ink_stroke(&stroke, (0.5 + step(4)) * Drawing::PEN_RADIUS);
        }
        (raster, digit.label, digit.strokes.len())
    });
    each.collect()
}

#[test]
#[cfg_attr(not(has_strokes), ignore = "INKLING_STROKES is not set")]
fn writers_never_trained_on_are_read_at_any_size_place_and_pen_width() {
    let drawn = unseen_on_paper();
    let mut set = LabelledImages::default();
    for (raster, label, _) in &drawn {
        set.push(&normalise(raster).unwrap(), *label);
    }
    let found = assess(&model("reader-cnn.safetensors"), &set);
    println!("unseen writers: {}", found.accuracy().with_interval());
    assert!(found.accuracy().share() >= 0.985, "{:?}", found.accuracy());
}

/// A digit that is taken apart, or two strokes for two digits, would be read wrongly by the page alone.
#[test]
#[cfg_attr(not(has_strokes), ignore = "INKLING_STROKES is not set")]
fn a_single_digit_is_read_as_one() {
    let drawn = unseen_on_paper();
    let reader = Reader::shipped();
    let mut right = Accuracy::default();
    for (raster, label, strokes) in drawn.iter().step_by(3) {
        right.total += 1;
        right.correct +=
            u32::from(in_digits(&reader.recognize(&Segmentation::of_strokes(raster, *strokes))) == [*label]);
    }
    println!("single digits of unseen writers, read as numbers may be: {}", right.with_interval());
    assert!(right.share() >= 0.97, "{right:?}");
}

/// Numbers of two to six digits, each by one unseen writer, as they stand beside each other on paper.
#[test]
#[cfg_attr(not(has_strokes), ignore = "INKLING_STROKES is not set")]
fn numbers_of_unseen_writers_are_read_wholly() {
    let unseen = unseen();
    let reader = Reader::shipped();
    let mut right = Accuracy::default();
    for writer in UNSEEN {
        let own: Vec<&WrittenDigit> = unseen.iter().filter(|digit| digit.writer == writer).collect();
        let mut rest = &own[..];
        for length in (2..=6).cycle() {
            if rest.len() < length {
                break;
            }
            let (digits, after) = rest.split_at(length);
            rest = after;
            let expected: Vec<u8> = digits.iter().map(|digit| digit.label).collect();
            right.total += 1;
            right.correct += u32::from(in_digits(&reader.read(&composed(digits))) == expected);
        }
    }
    println!("numbers of unseen writers read wholly: {}", right.with_interval());
    assert!(right.share() >= 0.95, "{right:?}");
}

pub(super) struct Reader {
    network: Network,
    calibration: Calibration,
}

impl Reader {
    pub(super) fn shipped() -> Self {
        let (weights, card) = model("reader-cnn.safetensors");
        let network = Network::for_prediction(&weights, card.preprocessing, &Device::flex());
        Self { network, calibration: card.calibration.unwrap() }
    }

    pub(super) fn read(&self, raster: &Raster) -> Vec<RecognizedNumber> {
        self.recognize(&Segmentation::of(raster))
    }

    fn recognize(&self, segmentation: &Segmentation) -> Vec<RecognizedNumber> {
        let probabilities = block_on(self.network.predict(&segmentation.images().concat())).unwrap();
        let predictions: Vec<_> = probabilities.iter().map(|all| self.calibration.read(all)).collect();
        segmentation.recognize(&predictions)
    }
}

/// The digits of the only number; none where there are several.
fn in_digits(numbers: &[RecognizedNumber]) -> Vec<u8> {
    match numbers {
        [number] => number.iter().map(|digit| digit.prediction.class).collect(),
        _ => Vec::new(),
    }
}

/// Digits beside each other, 100 pixels high more or less, a fifth of that apart, not quite on a line.
fn composed(digits: &[&WrittenDigit]) -> Raster {
    let mut raster = Raster::blank(120 * digits.len() + 80, 200);
    let mut left = 40.0;
    for (index, digit) in digits.iter().enumerate() {
        let size = 90.0 + 5.0 * (index * 7 % 4) as f32;
        let top = 40.0 + 4.0 * (index * 5 % 3) as f32;
        let width = ink_at(&mut raster, digit, (left, top), size, 4.5);
        left += width + 14.0 + 4.0 * (index * 3 % 4) as f32;
    }
    raster
}
