//! Activation functions.

use core::fmt;

use burn::tensor::{Tensor, activation};
use kernels::Activation;
use model_spec::LayerSpec;

use crate::value::Value;

#[derive(Clone, Debug)]
pub(crate) struct Activate(Activation);

impl Activate {
    /// # Panics
    /// For a layer of another kind.
    pub(crate) fn new(layer: &LayerSpec) -> Self {
        Self(match layer {
            LayerSpec::Relu => Activation::Relu,
            LayerSpec::LeakyRelu(spec) => {
                Activation::LeakyRelu { negative_slope: spec.negative_slope as f32 }
            }
            LayerSpec::Gelu => Activation::Gelu,
            LayerSpec::Silu => Activation::Silu,
            LayerSpec::Tanh => Activation::Tanh,
            LayerSpec::Sigmoid => Activation::Sigmoid,
            other => unreachable!("{} has an operation of its own", other.title()),
        })
    }

    pub(crate) fn stock(&self, value: Value) -> Value {
        match value {
            Value::Maps(maps, layout) => Value::Maps(stock(self.0, maps), layout),
            Value::Rows(rows) => Value::Rows(stock(self.0, rows)),
        }
    }

    #[cfg(feature = "cpu")]
    pub(crate) fn fused(&self, value: Value) -> Value {
        match value {
            Value::Maps(maps, layout) => Value::Maps(fused::activation(maps, self.0), layout),
            Value::Rows(rows) => Value::Rows(fused::activation(rows, self.0)),
        }
    }
}

fn stock<const D: usize>(kind: Activation, values: Tensor<D>) -> Tensor<D> {
    match kind {
        Activation::Relu => activation::relu(values),
        Activation::LeakyRelu { negative_slope } => activation::leaky_relu(values, f64::from(negative_slope)),
        Activation::Gelu => activation::gelu(values),
        Activation::Silu => activation::silu(values),
        Activation::Tanh => activation::tanh(values),
        Activation::Sigmoid => activation::sigmoid(values),
    }
}

impl fmt::Display for Activate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Activation::Relu => "relu",
            Activation::LeakyRelu { .. } => "leaky_relu",
            Activation::Gelu => "gelu",
            Activation::Silu => "silu",
            Activation::Tanh => "tanh",
            Activation::Sigmoid => "sigmoid",
        })
    }
}
