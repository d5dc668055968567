//! A ReLU that lets a little through below zero.

use serde::{Deserialize, Serialize};

use super::LayerError;
use crate::Shape;

/// Settings of a leaky ReLU; the default is PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakyRelu {
    /// Slope below zero, 0 to 1.
    #[serde(default = "usual_slope", alias = "slope")]
    pub negative_slope: f64,
}

const fn usual_slope() -> f64 {
    0.01
}

impl LeakyRelu {
    pub(crate) fn output(&self, input: Shape) -> Result<Shape, LayerError> {
        if (0.0..=1.0).contains(&self.negative_slope) {
            Ok(input)
        } else {
            Err(LayerError::out_of_range("the negative slope", self.negative_slope, "0 to 1"))
        }
    }
}
