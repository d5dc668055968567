//! Digits and numbers in a drawing.
//!
//! A [`Segmentation`] lists the pieces of ink that may be digits. A network classifies the image of each piece. The
//! pieces whose predictions fit together best become the digits.

mod words;

pub use words::InWords;

use evaluation::Prediction;
use ink::{Bounds, Candidate, Image, Line, Raster, cheapest, lines};

/// The most candidates that a network is asked about: more digits than fit on a handwritten page.
pub const MAX_CANDIDATES: usize = 512;

/// The pieces of a drawing that may be digits.
#[derive(Clone, Debug)]
pub struct Segmentation {
    lines: Vec<Line>,
    /// The most digits there can be if there is only one line.
    max_digits: usize,
}

/// A digit and its place in the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct RecognizedDigit {
    /// The extent of its ink.
    pub bounds: Bounds,
    /// The network's input.
    pub image: Image,
    /// The network's answer.
    pub prediction: Prediction,
}

/// The digits of one line, from left to right; never empty.
pub type RecognizedNumber = Vec<RecognizedDigit>;

impl Segmentation {
    /// Segments ink drawn in `strokes` strokes: a single line cannot hold more digits than strokes.
    pub fn of_strokes(raster: &Raster, strokes: usize) -> Self {
        Self { max_digits: strokes, ..Self::of(raster) }
    }

    /// Segments any ink. Lines beyond [`MAX_CANDIDATES`] are left out.
    pub fn of(raster: &Raster) -> Self {
        let mut count = 0;
        let mut lines = lines(raster);
        lines.retain(|line| {
            let fits = count + line.candidates.len() <= MAX_CANDIDATES;
            count += if fits { line.candidates.len() } else { 0 };
            fits
        });
        Self { lines, max_digits: usize::MAX }
    }

    /// The images to classify.
    pub fn images(&self) -> Vec<Image> {
        self.candidates().map(|candidate| candidate.image).collect()
    }

    /// The numbers, from top to bottom, given one prediction for each of [`images`](Self::images), in the same order.
    /// Returns nothing if the number of predictions differs.
    pub fn recognize(&self, predictions: &[Prediction]) -> Vec<RecognizedNumber> {
        if predictions.len() != self.candidates().count() {
            return Vec::new();
        }
        let mut rest = predictions;
        let mut numbers = Vec::new();
        for line in &self.lines {
            let (own, after) = rest.split_at(line.candidates.len());
            rest = after;
            let costs: Vec<f32> =
                line.candidates.iter().zip(own).map(|(one, prediction)| cost(one, prediction)).collect();
            let digit = |index: usize| {
                let Candidate { bounds, image, .. } = &line.candidates[index];
                RecognizedDigit { bounds: *bounds, image: *image, prediction: own[index].clone() }
            };
            let max_digits = if self.lines.len() == 1 { self.max_digits } else { usize::MAX };
            let mut number = cheapest(line, &costs, max_digits);
            if number.is_empty() {
                // A stroke that leaves the paper and comes back is one stroke but may be two digits.
                number = cheapest(line, &costs, usize::MAX);
            }
            let number: RecognizedNumber = number.into_iter().map(digit).collect();
            if !number.is_empty() {
                numbers.push(number);
            }
        }
        numbers
    }

    fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.lines.iter().flat_map(|line| &line.candidates)
    }
}

/// The cost of taking a candidate for a digit: the negative log of the confidence, plus penalties for what is probably
/// not a digit and for cuts through connected ink.
fn cost(candidate: &Candidate, prediction: &Prediction) -> f32 {
    const NOT_A_DIGIT: f32 = 2.0;
    const CUT: f32 = 0.5;
    let surprise = -prediction.confidence.max(1e-4).ln();
    let doubt = if prediction.is_digit { 0.0 } else { NOT_A_DIGIT };
    surprise + doubt + CUT * candidate.cuts as f32
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use evaluation::Calibration;
    use ink::Point;

    use super::*;

    /// Three vertical bars, the last one far from the others.
    fn bars() -> Segmentation {
        let mut raster = Raster::blank(440, 200);
        for x in [100.0, 160.0, 400.0] {
            raster.ink_segment(Point { x, y: 30.0 }, Point { x, y: 170.0 }, 6.0);
        }
        Segmentation::of(&raster)
    }

    fn sure_of(digit: usize, confidence: f32) -> Prediction {
        let mut all = [(1.0 - confidence) / 9.0; 10];
        all[digit] = confidence;
        Calibration { least_confidence: 0.5, ..Calibration::NONE }.read(&all)
    }

    /// Checks the digits found when single bars look like ones and pairs like fours, with these confidences.
    #[track_caller]
    fn check(single: f32, pair: f32, expected: &[u8]) {
        check_segmentation(&bars(), single, pair, expected);
    }

    #[track_caller]
    fn check_segmentation(segmentation: &Segmentation, single: f32, pair: f32, expected: &[u8]) {
        let predictions: Vec<Prediction> = segmentation
            .candidates()
            .map(|own| match own.end - own.first {
                1 => sure_of(1, single),
                2 => sure_of(4, pair),
                _ => sure_of(0, 0.11),
            })
            .collect();
        let numbers = segmentation.recognize(&predictions);
        let digits: Vec<u8> = numbers[0].iter().map(|digit| digit.prediction.class).collect();
        assert_eq!((numbers.len(), digits.as_slice()), (1, expected));
    }

    #[test]
    fn the_most_confident_combination_wins() {
        check(0.99, 0.3, &[1, 1, 1]);
        check(0.6, 0.98, &[4, 1]);
    }

    #[test]
    fn there_are_no_more_digits_than_strokes() {
        let of = |strokes| Segmentation { max_digits: strokes, ..bars() };
        check_segmentation(&of(3), 0.99, 0.3, &[1, 1, 1]);
        check_segmentation(&of(2), 0.99, 0.3, &[4, 1]);
        // The last bar is too far away to belong to one digit.
        check_segmentation(&of(1), 0.99, 0.3, &[1, 1, 1]);
    }

    #[test]
    fn predictions_for_another_drawing_are_ignored() {
        assert!(bars().recognize(&[sure_of(1, 0.9)]).is_empty());
        assert!(Segmentation::of(&Raster::blank(10, 10)).recognize(&[]).is_empty());
    }
}
