//! Batch normalization: by the batch while training, by running statistics otherwise.
//!
//! While training it normalizes over a *norm group* of images, the whole batch or as many as the configuration says. A group
//! is computed in one pass by one rank, so neither the size of a pass nor the number of workers changes what is learned.
//! For predictions, norms directly behind a convolution or a dense layer are folded into it (`weights::Weights::folded`).

use burn::tensor::Tensor;
use kernels::block_rows;
use model_spec::layers;

use crate::{
    forward::{Mode, Pass},
    loss::BatchMoments,
    plan::Slots,
    value::Value,
};

#[derive(Clone, Debug)]
pub(crate) struct BatchNorm {
    epsilon: f32,
    /// Learned scale and shift.
    affine: Option<[usize; 2]>,
    /// Running mean and variance, among the buffers.
    running: [usize; 2],
}

type Affine = Option<(Tensor<1>, Tensor<1>)>;
/// Values, and mean and biased variance of each channel, without gradients.
type Normalized = (Tensor<2>, Tensor<1>, Tensor<1>);

impl BatchNorm {
    pub(crate) fn new(spec: &layers::BatchNorm, slots: &Slots) -> Self {
        Self {
            epsilon: spec.epsilon as f32,
            affine: spec.affine.then(|| [slots.parameters[0], slots.parameters[1]]),
            running: [slots.buffers[0], slots.buffers[1]],
        }
    }

    /// Over each channel; `norm` is [`stock`](Self::stock) or [`fused`](Self::fused).
    pub(crate) fn run(
        &self,
        value: Value,
        pass: &mut Pass<'_>,
        norm: impl FnOnce(Tensor<2>, Affine, f32) -> Normalized,
    ) -> Value {
        let affine = self.affine.map(|[scale, shift]| (pass.parameter(scale), pass.parameter(shift)));
        match pass.mode {
            Mode::Predict => {
                let [mean, variance] = self.running.map(|buffer| pass.buffer(buffer));
                value.over_channels(|rows| by_running(rows, affine, mean, variance, self.epsilon))
            }
            Mode::Train(_) => {
                let mut moments = None;
                let value = value.over_channels(|rows| {
                    let count = rows.dims()[0];
                    let (rows, mean, variance) = norm(rows, affine, self.epsilon);
                    moments = Some(BatchMoments { mean, variance, count });
                    rows
                });
                pass.moments.extend(moments);
                value
            }
        }
    }

    pub(crate) fn stock(rows: Tensor<2>, affine: Affine, epsilon: f32) -> Normalized {
        let channels = rows.dims()[1];
        let mean = row_mean(rows.clone());
        let centred = rows - mean.clone();
        let variance = row_mean(centred.clone().square());
        let normalized = centred / (variance.clone() + epsilon).sqrt();
        let plain = |values: Tensor<2>| values.without_autodiff().reshape([channels]);
        (scaled(normalized, affine), plain(mean), plain(variance))
    }

    #[cfg(feature = "cpu")]
    pub(crate) fn fused(rows: Tensor<2>, affine: Affine, epsilon: f32) -> Normalized {
        let (scale, shift) = affine.unzip();
        let (rows, statistics) = fused::batch_norm(rows, scale, shift, epsilon, false);
        (rows, statistics.mean, statistics.variance)
    }
}

fn by_running(
    rows: Tensor<2>,
    affine: Affine,
    mean: Tensor<1>,
    variance: Tensor<1>,
    epsilon: f32,
) -> Tensor<2> {
    let channels = rows.dims()[1];
    let deviation = (variance + epsilon).sqrt().reshape([1, channels]);
    scaled((rows - mean.reshape([1, channels])) / deviation, affine)
}

fn scaled(rows: Tensor<2>, affine: Affine) -> Tensor<2> {
    let channels = rows.dims()[1];
    match affine {
        Some((scale, shift)) => rows * scale.reshape([1, channels]) + shift.reshape([1, channels]),
        None => rows,
    }
}

/// The mean of `[rows, channels]` over the rows, `[1, channels]`, of means of blocks: gradients here are small differences of
/// large sums.
fn row_mean(values: Tensor<2>) -> Tensor<2> {
    let [rows, channels] = values.dims();
    let block = block_rows(rows);
    let means = values.reshape([rows / block, block, channels]).mean_dim(1);
    means.reshape([rows / block, channels]).mean_dim(0)
}
