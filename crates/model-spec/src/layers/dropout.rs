//! Dropout.
//!
//! N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15 (2014).

use serde::{Deserialize, Serialize};

use super::LayerError;
use crate::Shape;

/// Settings of dropout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// Share of the values that are set to zero while training, 0 to 0.95. The others grow by `1 / (1 - probability)`.
    #[serde(alias = "p", alias = "rate")]
    pub probability: f64,
}

impl Dropout {
    pub(crate) fn output(&self, input: Shape) -> Result<Shape, LayerError> {
        if (0.0..=0.95).contains(&self.probability) {
            Ok(input)
        } else {
            Err(LayerError::out_of_range("the probability", self.probability, "0 to 0.95"))
        }
    }
}
