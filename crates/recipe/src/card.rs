//! What is known of a set of weights, kept in the file beside them.

use serde::{Deserialize, Serialize};

use crate::{Accuracy, Architecture, Calibration, TrainRecipe};

/// A model card: enough to know what a set of weights is and how to make it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The network that the weights belong to.
    pub architecture: Architecture,
    /// How they were trained, where that is known.
    pub recipe: Option<TrainRecipe>,
    /// What they were trained on, for people; empty where unknown.
    pub trained_on: String,
    /// Epochs completed.
    pub epochs_done: u32,
    /// Accuracy on the test images, where it was measured.
    pub test: Option<Accuracy>,
    /// What they were tested on, for people; empty where they were not.
    pub tested_on: String,
    /// How its probabilities are to be read; older cards do not say.
    #[serde(default)]
    pub calibration: Option<Calibration>,
}

impl ModelCard {
    /// The card of weights of which nothing but the architecture is known.
    pub const fn unknown(architecture: Architecture) -> Self {
        Self {
            architecture,
            recipe: None,
            trained_on: String::new(),
            epochs_done: 0,
            test: None,
            tested_on: String::new(),
            calibration: None,
        }
    }

    /// What it is and how good, in a few words: `Fast CNN 99.40 %`; without an accuracy that was not measured.
    pub fn short(&self) -> String {
        let accuracy = self.test.map_or_else(String::new, |test| format!(" {:.2} %", 100.0 * test.share()));
        format!("{}{accuracy}", self.architecture.title())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn no_accuracy_is_claimed_that_was_not_measured() {
        let unknown = ModelCard::unknown(Architecture::FastCnn);
        assert_eq!(unknown.short(), "Fast CNN");
        let tested = ModelCard { test: Some(Accuracy { correct: 9_889, total: 10_000 }), ..unknown };
        assert_eq!(tested.short(), "Fast CNN 98.89 %");
    }
}
