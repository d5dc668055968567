//! Dropout: the same values are dropped for the same seed, whoever computes.

use burn::tensor::{Tensor, TensorData};
use kernels::{DropoutMask, mix};

use crate::{
    forward::{self, Pass},
    value::{Layout, Value},
};

#[derive(Clone, Debug)]
pub(crate) struct Dropout {
    pub(crate) probability: f64,
    /// Place of the layer in the network: each draws of its own.
    pub(crate) position: usize,
    /// In which order values of maps are counted.
    pub(crate) order: Layout,
    /// Values of an image.
    pub(crate) size: usize,
}

impl Dropout {
    pub(crate) fn run(&self, value: Value, pass: &Pass<'_>, is_fused: bool) -> Value {
        let Some(forward::Dropout::Seeded { seed, first_image, probability }) = pass.dropout() else {
            return value;
        };
        let probability = probability.unwrap_or(self.probability);
        if probability == 0.0 {
            return value;
        }
        let mask = DropoutMask {
            probability,
            seed: mix(seed ^ (self.position as u64 + 1)),
            skipped: first_image * self.size,
        };
        match value {
            Value::Rows(rows) => Value::Rows(dropped(rows, mask, is_fused)),
            Value::Maps(maps, layout) if layout == self.order => {
                Value::Maps(dropped(maps, mask, is_fused), layout)
            }
            Value::Maps(maps, layout) => {
                let (there, back) = match self.order {
                    Layout::ChannelsFirst => ([0, 3, 1, 2], [0, 2, 3, 1]),
                    Layout::ChannelsLast => ([0, 2, 3, 1], [0, 3, 1, 2]),
                };
                Value::Maps(dropped(maps.permute(there), mask, is_fused).permute(back), layout)
            }
        }
    }
}

#[cfg_attr(not(feature = "fused"), expect(unused_variables, reason = "without ours there is one way"))]
fn dropped<const D: usize>(values: Tensor<D>, mask: DropoutMask, is_fused: bool) -> Tensor<D> {
    #[cfg(feature = "fused")]
    if is_fused {
        return fused::dropout(values, mask);
    }
    let shape = values.shape();
    let mut factors = vec![1.0_f32; shape.num_elements()];
    mask.apply(&mut factors);
    let factors = Tensor::from_data(TensorData::new(factors, shape), &values.device());
    values * factors
}
