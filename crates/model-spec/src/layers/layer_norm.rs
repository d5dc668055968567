//! Layer normalization: over all values of an image.
//!
//! J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization" (arXiv 1607.06450).

use serde::{Deserialize, Serialize};

use super::{LayerError, check_epsilon, is_yes, yes};
use crate::{Init, Shape, TensorKind, TensorSpec};

/// Settings of layer normalization; the defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerNorm {
    /// What is added to a variance before its root divides, 1e-12 to 1.
    #[serde(default = "usual_epsilon", alias = "eps")]
    pub epsilon: f64,
    /// Whether a scale and a shift are learned for each value.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub affine: bool,
}

const fn usual_epsilon() -> f64 {
    1e-5
}

impl Default for LayerNorm {
    fn default() -> Self {
        Self { epsilon: usual_epsilon(), affine: true }
    }
}

impl LayerNorm {
    pub(crate) fn output(&self, input: Shape) -> Result<Shape, LayerError> {
        check_epsilon(self.epsilon)?;
        Ok(input)
    }

    pub(crate) fn tensors(&self, name: &str, input: Shape) -> Vec<TensorSpec> {
        let shape = match input {
            Shape::Maps { channels, side } => vec![channels, side, side],
            Shape::Features(features) => vec![features],
        };
        let tensor = |which: &str, init| TensorSpec {
            name: format!("{name}.{which}"),
            shape: shape.clone(),
            kind: TensorKind::Parameter,
            init,
        };
        if self.affine { vec![tensor("weight", Init::Ones), tensor("bias", Init::Zeros)] } else { Vec::new() }
    }
}
