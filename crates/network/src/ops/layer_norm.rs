//! Layer normalization over all values of an image.

use burn::tensor::Tensor;
use model_spec::layers;

use crate::{
    forward::Pass,
    plan::Slots,
    value::{Layout, Value},
};

#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    epsilon: f32,
    /// Learned scale and shift.
    affine: Option<[usize; 2]>,
}

type Affine = Option<(Tensor<1>, Tensor<1>)>;

impl LayerNorm {
    pub(crate) fn new(spec: &layers::LayerNorm, slots: &Slots) -> Self {
        Self {
            epsilon: spec.epsilon as f32,
            affine: spec.affine.then(|| [slots.parameters[0], slots.parameters[1]]),
        }
    }

    /// Over vectors, or over maps as vectors; `norm` is [`stock`](Self::stock) or [`fused`](Self::fused).
    pub(crate) fn run(
        &self,
        value: Value,
        pass: &Pass<'_>,
        norm: impl FnOnce(Tensor<2>, Affine, f32) -> Tensor<2>,
    ) -> Value {
        let affine = self.affine.map(|[scale, shift]| (pass.parameter(scale), pass.parameter(shift)));
        match value {
            Value::Rows(rows) => Value::Rows(norm(rows, affine, self.epsilon)),
            maps @ Value::Maps(..) => {
                let maps = maps.maps(Layout::ChannelsFirst);
                let dims @ [images, channels, height, width] = maps.dims();
                let rows = norm(maps.reshape([images, channels * height * width]), affine, self.epsilon);
                Value::Maps(rows.reshape(dims), Layout::ChannelsFirst)
            }
        }
    }

    pub(crate) fn stock(rows: Tensor<2>, affine: Affine, epsilon: f32) -> Tensor<2> {
        let features = rows.dims()[1];
        let centred = rows.clone() - rows.mean_dim(1);
        let variance = centred.clone().square().mean_dim(1);
        let normalized = centred / (variance + epsilon).sqrt();
        match affine {
            Some((scale, shift)) => normalized * scale.reshape([1, features]) + shift.reshape([1, features]),
            None => normalized,
        }
    }

    #[cfg(feature = "cpu")]
    pub(crate) fn fused(rows: Tensor<2>, affine: Affine, epsilon: f32) -> Tensor<2> {
        let (scale, shift) = affine.unzip();
        fused::layer_norm(rows, scale, shift, epsilon)
    }
}
