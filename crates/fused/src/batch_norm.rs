//! Batch normalisation by the statistics of the batch.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, TensorMetadata as _,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};
#[cfg(feature = "gpu")]
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
#[cfg(feature = "cpu")]
use burn_flex::{Flex, FlexTensor};

use kernels::block_rows;

use crate::computes::Computes;

/// Statistics of a batch, for the running averages; without autodiff.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// Mean of each channel.
    pub mean: Tensor<1>,
    /// Variance of each channel, divided by the number of rows.
    pub variance: Tensor<1>,
}

/// What is normalised, and how it goes on.
#[derive(Debug)]
pub(crate) struct BatchNorm<'a, T> {
    /// `[rows, channels]`.
    pub(crate) rows: &'a T,
    /// The scale, `[channels]`; 1 where there is none.
    pub(crate) gamma: Option<&'a T>,
    /// The shift, `[channels]`; 0 where there is none.
    pub(crate) beta: Option<&'a T>,
    /// Whether ReLU follows.
    pub(crate) relu: bool,
}

impl<T> Copy for BatchNorm<'_, T> {}

impl<T> Clone for BatchNorm<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) struct BatchNormalized<T> {
    /// `[rows, channels]`.
    pub(crate) values: T,
    /// `[channels]`.
    pub(crate) mean: T,
    /// `[channels]`.
    pub(crate) variance: T,
    /// One over the root of each channel's variance and `epsilon`, `[channels]`.
    pub(crate) inverse_deviation: T,
}

/// `[rows, channels]` with mean 0 and variance 1 in every channel, times `gamma`, plus `beta` (`[channels]` each, where they
/// are given), then ReLU where asked for.
///
/// `epsilon` is added to a variance before its root divides; PyTorch's default is 1e-5.
pub fn batch_norm(
    rows: Tensor<2>,
    gamma: Option<Tensor<1>>,
    beta: Option<Tensor<1>>,
    epsilon: f32,
    relu: bool,
) -> (Tensor<2>, BatchStatistics) {
    let follows = Follows { gamma: gamma.is_some(), beta: beta.is_some(), relu };
    let device = rows.device();
    // The macro knows no optional tensors: one that is never read stands in the place of a parameter that is not given.
    let given = |parameter: Option<Tensor<1>>| parameter.unwrap_or_else(|| Tensor::zeros([1], &device));
    let (values, mean, variance) = <Dispatch as BatchNormOps>::batch_norm(
        rows.into_dispatch(),
        given(gamma).into_dispatch(),
        given(beta).into_dispatch(),
        follows,
        epsilon,
    );
    let plain = |tensor| Tensor::<1>::from_dispatch(tensor).without_autodiff();
    let statistics = BatchStatistics { mean: plain(mean), variance: plain(variance) };
    (Tensor::from_dispatch(values), statistics)
}

/// What follows normalisation.
#[derive(Clone, Copy, Debug)]
struct Follows {
    gamma: bool,
    beta: bool,
    relu: bool,
}

impl Follows {
    fn norm<'a, T>(self, rows: &'a T, gamma: &'a T, beta: &'a T) -> BatchNorm<'a, T> {
        BatchNorm {
            rows,
            gamma: self.gamma.then_some(gamma),
            beta: self.beta.then_some(beta),
            relu: self.relu,
        }
    }
}

#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Autodiff)]
trait BatchNormOps: Backend {
    /// The result, the means and the variances.
    fn batch_norm(
        rows: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        follows: Follows,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "cpu")]
impl BatchNormOps for Flex {
    fn batch_norm(
        rows: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        follows: Follows,
        epsilon: f32,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let got = <Self as Computes>::norm(follows.norm(&rows, &gamma, &beta), epsilon);
        (got.values, got.mean, got.variance)
    }
}

#[cfg(feature = "gpu")]
impl BatchNormOps for CubeBackend {
    fn batch_norm(
        rows: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        follows: Follows,
        epsilon: f32,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let got = <Self as Computes>::norm(follows.norm(&rows, &gamma, &beta), epsilon);
        (got.values, got.mean, got.variance)
    }
}

impl<B: Computes, C: CheckpointStrategy> BatchNormOps for Autodiff<B, C> {
    fn batch_norm(
        rows: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        follows: Follows,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [rows.node(), gamma.node(), beta.node()];
        let (rows, gamma, beta) = (rows.primitive(), gamma.primitive(), beta.primitive());
        let got = B::norm(follows.norm(rows, gamma, beta), epsilon);
        let BatchNormalized { values, mean, variance, inverse_deviation } = got;
        let values = match Backward::<B, 3>::prepare::<C>(BatchNormBackward, nodes).compute_bound().stateful()
        {
            OpsKind::Tracked(step) => {
                let kept = KeptNorm {
                    rows: rows.clone(),
                    gamma: gamma.clone(),
                    beta: beta.clone(),
                    follows,
                    mean: mean.clone(),
                    inverse_deviation,
                };
                step.finish(kept, values)
            }
            OpsKind::UnTracked(step) => step.finish(values),
        };
        (values, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
struct KeptNorm<T> {
    rows: T,
    gamma: T,
    beta: T,
    follows: Follows,
    mean: T,
    inverse_deviation: T,
}

#[derive(Debug)]
struct BatchNormBackward;

impl<B: Computes> Backward<B, 3> for BatchNormBackward {
    type State = KeptNorm<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let KeptNorm { rows, gamma, beta, follows, mean, inverse_deviation } = &ops.state;
        let norm = follows.norm(rows, gamma, beta);
        let all = B::norm_backward(norm, mean, inverse_deviation, &gradient);
        for (node, gradient) in ops.parents.into_iter().zip(all) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

/// With a backend's own operations, for one that has no kernel of ours.
pub(crate) fn plain<B: Backend>(
    norm: BatchNorm<'_, FloatTensor<B>>,
    epsilon: f32,
) -> BatchNormalized<FloatTensor<B>> {
    let [_, channels] = norm.rows.shape().dims::<2>();
    let mean = row_mean::<B>(norm.rows.clone());
    let centred = B::float_sub(norm.rows.clone(), mean.clone());
    let variance = row_mean::<B>(B::float_mul(centred.clone(), centred.clone()));
    let deviation = B::float_sqrt(B::float_add_scalar(variance.clone(), epsilon.into()));
    let inverse_deviation = B::float_recip(deviation);
    let values = before_relu::<B>(norm, B::float_mul(centred, inverse_deviation.clone()));
    let values = if norm.relu { B::relu(values) } else { values };
    let flat = |tensor| B::float_reshape(tensor, [channels].into());
    BatchNormalized {
        values,
        mean: flat(mean),
        variance: flat(variance),
        inverse_deviation: flat(inverse_deviation),
    }
}

/// Normal values times the scale, plus the shift.
fn before_relu<B: Backend>(norm: BatchNorm<'_, FloatTensor<B>>, normal: FloatTensor<B>) -> FloatTensor<B> {
    let scaled = match norm.gamma {
        Some(gamma) => B::float_mul(normal, row::<B>(gamma)),
        None => normal,
    };
    match norm.beta {
        Some(beta) => B::float_add(scaled, row::<B>(beta)),
        None => scaled,
    }
}

/// `[channels]` as `[1, channels]`.
fn row<B: Backend>(values: &FloatTensor<B>) -> FloatTensor<B> {
    let [channels] = values.shape().dims();
    B::float_reshape(values.clone(), [1, channels].into())
}

/// Its gradients.
pub(crate) fn plain_backward<B: Backend>(
    norm: BatchNorm<'_, FloatTensor<B>>,
    mean: &FloatTensor<B>,
    inverse_deviation: &FloatTensor<B>,
    gradient: &FloatTensor<B>,
) -> [FloatTensor<B>; 3] {
    let [rows, channels] = norm.rows.shape().dims::<2>();
    let inverse = row::<B>(inverse_deviation);
    let normal = B::float_mul(B::float_sub(norm.rows.clone(), row::<B>(mean)), inverse.clone());
    let gradient = if norm.relu {
        B::relu_backward(before_relu::<B>(norm, normal.clone()), gradient.clone())
    } else {
        gradient.clone()
    };
    let mean = row_mean::<B>(gradient.clone());
    let slope = row_mean::<B>(B::float_mul(gradient.clone(), normal.clone()));
    let sum = |mean: &FloatTensor<B>| {
        B::float_mul_scalar(B::float_reshape(mean.clone(), [channels].into()), (rows as f32).into())
    };
    let (of_gamma, of_beta) = (sum(&slope), sum(&mean));
    let change = B::float_sub(B::float_sub(gradient, mean), B::float_mul(normal, slope));
    let scale = match norm.gamma {
        Some(gamma) => B::float_mul(inverse, row::<B>(gamma)),
        None => inverse,
    };
    [B::float_mul(change, scale), of_gamma, of_beta]
}

/// The mean of `[rows, channels]` over the rows, `[1, channels]`, of means of blocks: gradients here are small differences of
/// large sums.
fn row_mean<B: Backend>(values: FloatTensor<B>) -> FloatTensor<B> {
    let [rows, channels] = values.shape().dims::<2>();
    let block = block_rows(rows);
    let blocks = B::float_reshape(values, [rows / block, block, channels].into());
    let means = B::float_reshape(B::float_mean_dim(blocks, 1), [rows / block, channels].into());
    B::float_mean_dim(means, 0)
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use burn::tensor::TensorData;

    use super::*;

    /// What a GPU does, done on the CPU, gives what the CPU's kernel gives.
    #[test]
    fn a_backend_without_a_kernel_normalises_too() {
        let tensor = |values: [f32; 12]| FlexTensor::from_data(TensorData::new(values.to_vec(), [6, 2]));
        let rows = tensor([0.0, 1.0, 0.5, 0.0, 0.0, 2.0, 0.25, 0.0, 0.0, -1.0, 3.0, 0.5]);
        let gradient = tensor([1.0, 0.0, -0.5, 0.25, 0.0, 0.0, 2.0, 1.0, 0.0, -1.0, 0.5, 0.5]);
        let pair = |values: [f32; 2]| FlexTensor::from_data(TensorData::new(values.to_vec(), [2]));
        let (gamma, beta) = (pair([0.5, -2.0]), pair([0.1, -0.2]));
        let check = |got: &FlexTensor, expected: &FlexTensor| {
            let pairs = got.storage::<f32>().iter().zip(expected.storage::<f32>());
            assert!(pairs.clone().all(|(got, expected)| (got - expected).abs() < 1e-5), "{pairs:?}");
        };
        for (gamma, beta, relu) in [(None, None, false), (Some(&gamma), Some(&beta), true)] {
            let norm = BatchNorm { rows: &rows, gamma, beta, relu };
            let (plain, ours) = (plain::<Flex>(norm, 1e-3), <Flex as Computes>::norm(norm, 1e-3));
            check(&plain.values, &ours.values);
            check(&plain.mean, &ours.mean);
            check(&plain.variance, &ours.variance);
            check(&plain.inverse_deviation, &ours.inverse_deviation);
            let (mean, inverse) = (&ours.mean, &ours.inverse_deviation);
            let got = plain_backward::<Flex>(norm, mean, inverse, &gradient);
            let expected = <Flex as Computes>::norm_backward(norm, mean, inverse, &gradient);
            for (got, expected) in got.iter().zip(&expected) {
                check(got, expected);
            }
        }
    }

    #[test]
    fn means_of_many_rows_are_exact_to_six_digits() {
        let rows = 16 * 24 * 24;
        let values: Vec<f32> = (0..rows).map(|row| 0.7 + 0.01 * (row % 7) as f32).collect();
        let exact = values.iter().map(|&value| f64::from(value)).sum::<f64>() / f64::from(rows as u32);
        let mean = row_mean::<Flex>(FlexTensor::from_data(TensorData::new(values, [rows, 1])));
        let off = (f64::from(mean.storage::<f32>()[0]) - exact).abs() / exact;
        assert!(off < 1e-6, "{off}");
    }
}
