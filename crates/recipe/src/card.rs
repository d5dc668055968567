//! What is known of a set of weights, kept in the file beside them.

use serde::{Deserialize, Serialize};

use crate::{Accuracy, Architecture, TrainRecipe};

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
        }
    }
}
