//! Batch normalization.
//!
//! S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift"
//! (arXiv 1502.03167).

use serde::{Deserialize, Serialize};

use super::{LayerError, check_epsilon, is_yes, yes};
use crate::{Init, Shape, TensorKind, TensorSpec};

/// Settings of batch normalization; the defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm {
    /// Share of a new batch in the running mean and variance, above 0, at most 1.
    #[serde(default = "usual_momentum")]
    pub momentum: f64,
    /// What is added to a variance before its root divides, 1e-12 to 1.
    #[serde(default = "usual_epsilon", alias = "eps")]
    pub epsilon: f64,
    /// Whether a scale and a shift are learned for each channel.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub affine: bool,
}

const fn usual_momentum() -> f64 {
    0.1
}

const fn usual_epsilon() -> f64 {
    1e-5
}

impl Default for BatchNorm {
    fn default() -> Self {
        Self { momentum: usual_momentum(), epsilon: usual_epsilon(), affine: true }
    }
}

impl BatchNorm {
    pub(crate) fn output(&self, input: Shape) -> Result<Shape, LayerError> {
        if !(self.momentum > 0.0 && self.momentum <= 1.0) {
            return Err(LayerError::out_of_range("the momentum", self.momentum, "more than 0 and at most 1"));
        }
        check_epsilon(self.epsilon)?;
        Ok(input)
    }

    /// Scale and shift first, then the running mean and variance.
    pub(crate) fn tensors(&self, name: &str, input: Shape) -> Vec<TensorSpec> {
        let tensor = |which: &str, kind, init| TensorSpec {
            name: format!("{name}.{which}"),
            shape: vec![input.channels()],
            kind,
            init,
        };
        let mut tensors = Vec::new();
        if self.affine {
            tensors.push(tensor("weight", TensorKind::Parameter, Init::Ones));
            tensors.push(tensor("bias", TensorKind::Parameter, Init::Zeros));
        }
        tensors.push(tensor("running_mean", TensorKind::Buffer, Init::Zeros));
        tensors.push(tensor("running_var", TensorKind::Buffer, Init::Ones));
        tensors
    }
}
