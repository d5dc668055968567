//! Probabilities that can be believed, and the answer "not a digit".
//!
//! A card holds a temperature and the confidence below which the page asks "not a digit?". Both are found on the
//! validation part at the end of every epoch, where it has a hundred images.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::Prediction;

/// What turns a network's probabilities into ones that are right as often as they say.
///
/// One temperature divides all logits: C. Guo et al., "On calibration of modern neural networks", ICML 2017.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Above 1 the network was too sure, below 1 not sure enough; above 0.
    pub temperature: f32,
    /// Below this probability of the best digit an image is taken for no digit, 0 to 1.
    pub least_confidence: f32,
    /// Whether it was fitted on the weights that these were fine-tuned from, and not on these.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub is_inherited: bool,
}

impl Calibration {
    /// Probabilities as they are; everything is a digit.
    pub const NONE: Self = Self { temperature: 1.0, least_confidence: 0.0, is_inherited: false };

    /// Digits that a calibrated model may take for none, as a share of the images that it is calibrated on.
    pub const REJECTED_SHARE: f64 = 0.006;

    /// Reads a network's probabilities, one for each class.
    pub fn read(&self, probabilities: &[f32]) -> Prediction {
        let tempered = self.tempered(probabilities);
        let best = |best: usize, class: usize| if tempered[class] > tempered[best] { class } else { best };
        let class = (1..tempered.len()).fold(0, best);
        let confidence = tempered.get(class).copied().unwrap_or(0.0);
        let is_digit = confidence >= self.least_confidence;
        Prediction { class: class as u8, confidence, is_digit, probabilities: tempered }
    }

    /// Reads a network's probabilities for an image of these grey levels. Blank paper is no digit, whatever the network says.
    pub fn read_image(&self, levels: &[u8], probabilities: &[f32]) -> Prediction {
        let prediction = self.read(probabilities);
        let has_ink = levels.iter().any(|&level| level > 0);
        Prediction { is_digit: prediction.is_digit && has_ink, ..prediction }
    }

    /// A digit that is right three times in four is not asked about, however few are less sure.
    const MOST_DOUBTED: f32 = 0.75;

    /// The temperature that makes the labels of validation images likeliest, and the confidence that this share of them,
    /// 0 to 1, does not reach, at most three quarters. [`Calibration::NONE`] where there are no images.
    pub fn fitted(probabilities: &[Vec<f32>], labels: &[u8], rejected_share: f64) -> Self {
        if probabilities.is_empty() {
            return Self::NONE;
        }
        let mut fitted = Self { temperature: likeliest(probabilities, labels).recip() as f32, ..Self::NONE };
        let mut confidences: Vec<f32> = probabilities.iter().map(|all| fitted.read(all).confidence).collect();
        confidences.sort_by(f32::total_cmp);
        let rejected = (rejected_share * confidences.len() as f64) as usize;
        fitted.least_confidence = confidences[rejected.min(confidences.len() - 1)].min(Self::MOST_DOUBTED);
        fitted
    }

    fn tempered(self, probabilities: &[f32]) -> Vec<f32> {
        let exponent = self.temperature.recip();
        let powers: Vec<f32> = probabilities.iter().map(|probability| probability.powf(exponent)).collect();
        let sum: f32 = powers.iter().sum();
        powers.into_iter().map(|power| power / sum).collect()
    }
}

/// Factors of the logits that are looked at: temperatures from e^-2 to e^2.
const FACTORS: RangeInclusive<f64> = 0.135..=7.39;
/// Stands in for a probability of 0, whose logarithm is of no use.
const LEAST_PROBABILITY: f32 = 1e-30;

/// The factor of all logits that makes the labels likeliest, by Newton's method: the loss has one valley.
fn likeliest(probabilities: &[Vec<f32>], labels: &[u8]) -> f64 {
    let logits: Vec<(Vec<f64>, f64)> = probabilities
        .iter()
        .zip(labels)
        .map(|(all, &label)| {
            let all: Vec<f64> = all.iter().map(|&one| f64::from(one.max(LEAST_PROBABILITY).ln())).collect();
            let own =
                all.get(usize::from(label)).copied().unwrap_or_else(|| f64::from(LEAST_PROBABILITY.ln()));
            (all, own)
        })
        .collect();
    let (mut low, mut high) = FACTORS.into_inner();
    let mut factor = 1.0;
    for _ in 0..30 {
        let (mut slope, mut curvature) = (0.0, 0.0);
        for (all, own) in &logits {
            let (mut sum, mut mean, mut square) = (0.0, 0.0, 0.0);
            for &logit in all {
                // Logarithms of probabilities are at most 0: no power overflows.
                let power = (factor * logit).exp();
                sum += power;
                mean += power * logit;
                square += power * logit * logit;
            }
            mean /= sum;
            slope += mean - own;
            curvature += square / sum - mean * mean;
        }
        if slope > 0.0 {
            high = factor;
        } else {
            low = factor;
        }
        let next = factor - slope / curvature;
        // Beyond what is known of the valley, halving is safe.
        let next = if next > low && next < high { next } else { f64::midpoint(low, high) };
        let change = (next - factor).abs();
        factor = next;
        if change < 1e-7 {
            break;
        }
    }
    factor
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// All but `best` for one digit, the rest for the others.
    fn sure_of(digit: usize, best: f32) -> Vec<f32> {
        let mut all = vec![(1.0 - best) / 9.0; 10];
        all[digit] = best;
        all
    }

    #[test]
    fn blank_paper_is_no_digit() {
        let sure = sure_of(3, 1.0);
        assert!(Calibration::NONE.read_image(&[0, 9], &sure).is_digit);
        assert!(!Calibration::NONE.read_image(&[0, 0], &sure).is_digit);
    }

    #[test]
    fn without_calibration_probabilities_stay() {
        let prediction = Calibration::NONE.read(&sure_of(7, 0.55));
        assert_eq!((prediction.class, prediction.is_digit), (7, true));
        assert!((prediction.confidence - 0.55).abs() < 1e-6);
    }

    #[test]
    fn a_network_that_is_too_sure_is_cooled_down() {
        // It says 99 % and is right nine times in ten.
        let probabilities = vec![sure_of(3, 0.99); 100];
        let labels: Vec<u8> = (0..100).map(|index| if index % 10 == 0 { 4 } else { 3 }).collect();
        let fitted = Calibration::fitted(&probabilities, &labels, 0.0);
        assert!(fitted.temperature > 1.2, "{fitted:?}");
        let confidence = fitted.read(&probabilities[0]).confidence;
        assert!((confidence - 0.9).abs() < 0.01, "{confidence}");
        assert_eq!(Calibration::fitted(&[], &[], 0.5), Calibration::NONE);
    }

    /// Of the loss at this temperature.
    fn loss(probabilities: &[Vec<f32>], labels: &[u8], temperature: f32) -> f64 {
        let own = Calibration { temperature, ..Calibration::NONE };
        let each = probabilities.iter().zip(labels);
        each.map(|(all, &label)| -f64::from(own.read(all).probability(usize::from(label)).max(1e-30)).ln())
            .sum()
    }

    #[test]
    fn no_other_temperature_makes_the_labels_likelier() {
        // Sure to many degrees, right as often as half of that; one right digit has next to no chance.
        let sure = |index: u16| sure_of(usize::from(index % 10), 0.2 + 0.8 * f32::from(index % 97) / 97.0);
        let mut probabilities: Vec<_> = (0..500).map(sure).collect();
        probabilities[8] = sure_of(3, 1.0 - 1e-7);
        let labels: Vec<u8> =
            (0..500).map(|index| (if index % 2 == 0 { index } else { index / 3 } % 10) as u8).collect();
        let fitted = Calibration::fitted(&probabilities, &labels, 0.0).temperature;
        let least = loss(&probabilities, &labels, fitted);
        for step in 0..=400 {
            let other = (-2.0 + f64::from(step) / 100.0).exp() as f32;
            assert!(loss(&probabilities, &labels, other) >= least - 1e-6 * least, "{other} beside {fitted}");
        }
    }

    #[test]
    fn a_network_that_diverged_or_knows_all_has_a_temperature() {
        for one in [f32::NAN, 1.0, 0.0] {
            let mut all = vec![0.0; 10];
            all[3] = one;
            let fitted = Calibration::fitted(&vec![all; 100], &[3; 100], 0.006);
            assert!(fitted.temperature > 0.1 && fitted.temperature < 10.0, "{fitted:?}");
        }
    }

    #[test]
    fn the_share_that_is_asked_for_is_rejected() {
        // From 30 to 95 % sure, and about as often right.
        let confidence = |index: u8| 0.3 + 0.0065 * f32::from(index);
        let probabilities: Vec<_> = (0..100).map(|index| sure_of(5, confidence(index))).collect();
        let is_right = |index: u8| f32::from((u16::from(index) * 37 % 100) as u8) < 100.0 * confidence(index);
        let labels: Vec<u8> = (0..100).map(|index| if is_right(index) { 5 } else { 6 }).collect();
        let rejected = |share: f64| {
            let fitted = Calibration::fitted(&probabilities, &labels, share);
            let predictions = probabilities.iter().map(|all| fitted.read(all));
            predictions.filter(|one| !one.is_digit).map(|one| one.confidence).collect::<Vec<_>>()
        };
        assert_eq!(rejected(0.05).len(), 5);
        // But none that is right three times in four.
        let many = rejected(0.99);
        assert!(many.len() > 50 && many.iter().all(|&confidence| confidence < 0.75), "{many:?}");
    }
}
