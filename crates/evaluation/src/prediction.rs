//! What a model answers to one image.

use serde::{Deserialize, Serialize};

/// A calibrated answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Probability of each class; their sum is 1.
    pub probabilities: Vec<f32>,
    /// The likeliest class; the first one among equals.
    pub class: u8,
    /// Its probability, 0 to 1.
    pub confidence: f32,
    /// Whether it is sure enough to be taken for one of the classes at all.
    pub is_digit: bool,
}

impl Prediction {
    /// Probability of one class; 0 where there is no such class.
    pub fn probability(&self, class: usize) -> f32 {
        self.probabilities.get(class).copied().unwrap_or(0.0)
    }
}

/// Probabilities of a network's outputs; their sum is 1.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}
