//! Digits and numbers in a drawing.
//!
//! A [`Sheet`] says which pieces of ink may be digits; a network reads the image of each; then the pieces that read best
//! together are taken.

use ink::{Bounds, Candidate, Image, Line, Raster, cheapest, lines};
use recipe::Reading;

/// Candidates that a network is asked about at most: a page of more digits than a hand writes.
pub const MOST_CANDIDATES: usize = 512;

/// What of a drawing may be digits.
#[derive(Clone, Debug)]
pub struct Sheet {
    lines: Vec<Line>,
    /// Digits of the only line at most.
    most_digits: usize,
}

/// A digit and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadDigit {
    /// Where its ink lies.
    pub bounds: Bounds,
    /// What the network saw.
    pub image: Image,
    /// What it read.
    pub reading: Reading,
}

/// Digits of one line, from left to right; at least one.
pub type ReadNumber = Vec<ReadDigit>;

impl Sheet {
    /// As [`Sheet::of`], for the ink of so many strokes: who lifts the pen so often writes no more digits in a line.
    pub fn of_strokes(raster: &Raster, strokes: usize) -> Self {
        Self { most_digits: strokes, ..Self::of(raster) }
    }

    /// Looks for what may be digits; of more than [`MOST_CANDIDATES`] the lines that are too many are left out.
    pub fn of(raster: &Raster) -> Self {
        let mut count = 0;
        let mut lines = lines(raster);
        lines.retain(|line| {
            let fits = count + line.candidates.len() <= MOST_CANDIDATES;
            count += if fits { line.candidates.len() } else { 0 };
            fits
        });
        Self { lines, most_digits: usize::MAX }
    }

    /// What a network is to read, in this order.
    pub fn images(&self) -> Vec<Image> {
        self.candidates().map(|candidate| candidate.image).collect()
    }

    /// The numbers, from top to bottom, that the readings of all images make; none where their number is another.
    pub fn read(&self, readings: &[Reading]) -> Vec<ReadNumber> {
        if readings.len() != self.candidates().count() {
            return Vec::new();
        }
        let mut rest = readings;
        let mut numbers = Vec::new();
        for line in &self.lines {
            let (own, after) = rest.split_at(line.candidates.len());
            rest = after;
            let costs: Vec<f32> =
                line.candidates.iter().zip(own).map(|(one, read)| cost(one, read)).collect();
            let digit = |place: usize| {
                let Candidate { bounds, image, .. } = line.candidates[place];
                ReadDigit { bounds, image, reading: own[place] }
            };
            let most = if self.lines.len() == 1 { self.most_digits } else { usize::MAX };
            let mut number = cheapest(line, &costs, most);
            if number.is_empty() {
                // A stroke that goes out of the paper and in again is one, but no one digit.
                number = cheapest(line, &costs, usize::MAX);
            }
            let number: ReadNumber = number.into_iter().map(digit).collect();
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

/// What it costs to take a candidate for a digit: the surprise at its being the one that is read, and more for what is
/// probably none and for a cut through connected ink.
fn cost(candidate: &Candidate, reading: &Reading) -> f32 {
    const NO_DIGIT: f32 = 2.0;
    const CUT: f32 = 0.5;
    let surprise = -reading.confidence.max(1e-4).ln();
    let doubt = if reading.is_digit { 0.0 } else { NO_DIGIT };
    surprise + doubt + CUT * candidate.cuts as f32
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use ink::Point;
    use recipe::{CLASSES, Calibration};

    use super::*;

    /// Three bars beside each other, the last one far off.
    fn bars() -> Sheet {
        let mut raster = Raster::blank(440, 200);
        for x in [100.0, 160.0, 400.0] {
            raster.ink_segment(Point { x, y: 30.0 }, Point { x, y: 170.0 }, 6.0);
        }
        Sheet::of(&raster)
    }

    fn sure_of(digit: usize, confidence: f32) -> Reading {
        let mut all = [(1.0 - confidence) / 9.0; CLASSES];
        all[digit] = confidence;
        Calibration { least_confidence: 0.5, ..Calibration::NONE }.read(&all)
    }

    /// Digits that are read when single bars are read as ones this surely and pairs as fours that surely.
    #[track_caller]
    fn check(single: f32, pair: f32, expected: &[u8]) {
        check_sheet(&bars(), single, pair, expected);
    }

    #[track_caller]
    fn check_sheet(sheet: &Sheet, single: f32, pair: f32, expected: &[u8]) {
        let readings: Vec<Reading> = sheet
            .candidates()
            .map(|own| match own.end - own.first {
                1 => sure_of(1, single),
                2 => sure_of(4, pair),
                _ => sure_of(0, 0.11),
            })
            .collect();
        let numbers = sheet.read(&readings);
        let digits: Vec<u8> = numbers[0].iter().map(|digit| digit.reading.digit).collect();
        assert_eq!((numbers.len(), digits.as_slice()), (1, expected));
    }

    #[test]
    fn what_reads_best_together_is_taken() {
        check(0.99, 0.3, &[1, 1, 1]);
        check(0.6, 0.98, &[4, 1]);
    }

    #[test]
    fn there_are_no_more_digits_than_strokes() {
        let of = |strokes| Sheet { most_digits: strokes, ..bars() };
        check_sheet(&of(3), 0.99, 0.3, &[1, 1, 1]);
        check_sheet(&of(2), 0.99, 0.3, &[4, 1]);
        // The last bar is too far off for one digit.
        check_sheet(&of(1), 0.99, 0.3, &[1, 1, 1]);
    }

    #[test]
    fn readings_of_something_else_are_not_taken() {
        assert!(bars().read(&[sure_of(1, 0.9)]).is_empty());
        assert!(Sheet::of(&Raster::blank(10, 10)).read(&[]).is_empty());
    }
}
