//! Fully connected layers, with ReLU where they are one operation.

use burn::tensor::{Tensor, module::linear};
use model_spec::{Shape, layers};

use crate::{forward::Pass, plan::Slots, value::Value};

#[derive(Clone, Debug)]
pub(crate) struct Dense {
    weight: usize,
    bias: Option<usize>,
    /// `[out, in]`.
    shape: [usize; 2],
    pub(crate) relu: bool,
    /// Whether the offset of the preprocessing is added here.
    pub(crate) adds_offset: bool,
}

impl Dense {
    pub(crate) fn new(spec: &layers::Dense, input: Shape, slots: &Slots, relu: bool) -> Self {
        Self {
            weight: slots.parameters[0],
            bias: slots.parameters.get(1).copied(),
            shape: [spec.units, input.size()],
            relu,
            adds_offset: false,
        }
    }

    fn weight(&self, pass: &Pass<'_>) -> Tensor<2> {
        pass.parameter(self.weight).reshape(self.shape)
    }

    pub(crate) fn stock(&self, value: Value, pass: &Pass<'_>) -> Value {
        let bias = self.bias.map(|bias| pass.parameter(bias));
        Value::Rows(linear(value.rows(), self.weight(pass).transpose(), bias))
    }

    #[cfg(feature = "fused")]
    pub(crate) fn fused(&self, value: Value, pass: &Pass<'_>) -> Value {
        let offset = if self.adds_offset { pass.offset } else { 0.0 };
        let bias = pass.bias(self.bias, self.shape[0]);
        Value::Rows(fused::dense(value.rows(), offset, self.weight(pass), bias, self.relu))
    }
}
