//! How good a model's answers are, beyond their accuracy.

use serde::{Deserialize, Serialize};

use crate::{Accuracy, Prediction};

/// Bins of a reliability diagram, of one width.
pub const RELIABILITY_BINS: usize = 15;

/// Answers counted by what they were and how sure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// Images by their label, then by the class that was read.
    pub confusion: Vec<Vec<u32>>,
    /// Answers by their confidence, from 0 to 1.
    pub bins: [Bin; RELIABILITY_BINS],
    /// Images, of any label, that were taken for no digit.
    pub rejected: u32,
    /// Images of none of the classes: in none of the other figures but `rejected`.
    pub not_digits: u32,
}

/// Answers of about the same confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// How many there are, and how many are right.
    pub accuracy: Accuracy,
    /// Sum of their confidences.
    pub confidence_sum: f64,
}

impl ClassificationReport {
    /// Nothing counted yet.
    pub fn new(classes: usize) -> Self {
        Self {
            confusion: vec![vec![0; classes]; classes],
            bins: Default::default(),
            rejected: 0,
            not_digits: 0,
        }
    }

    /// Counts an answer; a label that is no class is that of an image of none.
    pub fn add(&mut self, prediction: &Prediction, label: u8) {
        self.rejected += u32::from(!prediction.is_digit);
        let Some(row) = self.confusion.get_mut(usize::from(label)) else {
            self.not_digits += 1;
            return;
        };
        if let Some(cell) = row.get_mut(usize::from(prediction.class)) {
            *cell += 1;
        }
        let place = (prediction.confidence * RELIABILITY_BINS as f32) as usize;
        let bin = &mut self.bins[place.min(RELIABILITY_BINS - 1)];
        bin.accuracy.total += 1;
        bin.accuracy.correct += u32::from(prediction.class == label);
        bin.confidence_sum += f64::from(prediction.confidence);
    }

    /// Right answers among the digits, whether they were rejected or not.
    pub fn accuracy(&self) -> Accuracy {
        let correct = self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum();
        Accuracy { correct, total: self.confusion.iter().flatten().sum() }
    }

    /// Expected calibration error, 0 to 1: how far confidence and accuracy lie apart, in the mean over the digits.
    pub fn expected_calibration_error(&self) -> f64 {
        let total = f64::from(self.accuracy().total.max(1));
        let apart = |bin: &Bin| (f64::from(bin.accuracy.correct) - bin.confidence_sum).abs();
        self.bins.iter().map(apart).sum::<f64>() / total
    }

    /// Share of all images that were taken for no digit, 0 to 1.
    pub fn rejected_share(&self) -> f64 {
        f64::from(self.rejected) / f64::from((self.accuracy().total + self.not_digits).max(1))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn answers_are_counted_where_they_belong() {
        let reading = |class: u8, confidence: f32| Prediction {
            probabilities: Vec::new(),
            class,
            confidence,
            is_digit: confidence >= 0.5,
        };
        let mut found = ClassificationReport::new(10);
        found.add(&reading(7, 0.95), 7);
        found.add(&reading(7, 0.95), 1);
        found.add(&reading(2, 0.4), 2);
        found.add(&reading(2, 0.3), u8::MAX);
        assert_eq!(found.accuracy(), Accuracy { correct: 2, total: 3 });
        assert_eq!((found.confusion[1][7], found.confusion[2][2]), (1, 1));
        assert_eq!((found.rejected, found.not_digits), (2, 1));
        assert!((found.rejected_share() - 0.5).abs() < 1e-9);
        // 1.9 expected and 1 right; 0.4 expected and 1 right; of three.
        assert!((found.expected_calibration_error() - (0.9 + 0.6) / 3.0).abs() < 1e-6);
        assert_eq!(ClassificationReport::new(10).expected_calibration_error(), 0.0);
    }
}
