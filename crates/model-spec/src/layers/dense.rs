//! Fully connected layers.

use serde::{Deserialize, Serialize};

use super::{LayerError, is_yes, within, yes};
use crate::{Init, Shape, TensorKind, TensorSpec};

/// Settings of a fully connected layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Values that come out, 1 to 8,192.
    #[serde(alias = "out_features")]
    pub units: usize,
    /// Whether a learned number is added to each value.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
}

impl Dense {
    /// A layer with bias.
    pub const fn new(units: usize) -> Self {
        Self { units, bias: true }
    }

    pub(crate) fn output(&self, input: Shape) -> Result<Shape, LayerError> {
        within("the number of units", self.units, 1..=8_192, "1 to 8,192")?;
        match input {
            Shape::Features(_) => Ok(Shape::Features(self.units)),
            maps @ Shape::Maps { .. } => Err(LayerError::NeedsFeatures(maps)),
        }
    }

    pub(crate) fn tensors(&self, name: &str, input: Shape) -> Vec<TensorSpec> {
        let fan_in = input.size();
        let tensor = |which: &str, shape| TensorSpec {
            name: format!("{name}.{which}"),
            shape,
            kind: TensorKind::Parameter,
            init: Init::Uniform { fan_in },
        };
        let mut tensors = vec![tensor("weight", vec![self.units, fan_in])];
        if self.bias {
            tensors.push(tensor("bias", vec![self.units]));
        }
        tensors
    }
}
