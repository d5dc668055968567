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

use kernels::{NORM_EPSILON, block_rows};

use crate::computes::Computes;

/// What became of `[rows, channels]`.
#[derive(Clone, Debug)]
pub(crate) struct Normalised<T> {
    /// `[rows, channels]`.
    pub(crate) values: T,
    /// One over the root of each channel's variance, `[1, channels]`.
    pub(crate) inverse_deviation: T,
}

/// `[rows, channels]` with mean 0 and variance 1 in every channel, [`NORM_EPSILON`] added to what was its variance.
pub fn batch_norm(values: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as BatchNormOps>::batch_norm(values.into_dispatch()))
}

#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Autodiff)]
trait BatchNormOps: Backend {
    fn batch_norm(values: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
impl BatchNormOps for Flex {
    fn batch_norm(values: FlexTensor) -> FlexTensor {
        <Self as Computes>::norm(&values).values
    }
}

#[cfg(feature = "gpu")]
impl BatchNormOps for CubeBackend {
    fn batch_norm(values: CubeTensor) -> CubeTensor {
        <Self as Computes>::norm(&values).values
    }
}

impl<B: Computes, C: CheckpointStrategy> BatchNormOps for Autodiff<B, C> {
    fn batch_norm(values: FloatTensor<Self>) -> FloatTensor<Self> {
        let normalised = B::norm(values.primitive());
        match Backward::<B, 1>::prepare::<C>(BatchNormBackward, [values.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                let values = normalised.values.clone();
                step.finish(normalised, values)
            }
            OpsKind::UnTracked(step) => step.finish(normalised.values),
        }
    }
}

#[derive(Debug)]
struct BatchNormBackward;

impl<B: Computes> Backward<B, 1> for BatchNormBackward {
    type State = Normalised<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::norm_backward(&ops.state, &gradient));
        }
    }
}

/// With a backend's own operations, for one that has no kernel of ours.
pub(crate) fn plain<B: Backend>(values: &FloatTensor<B>) -> Normalised<FloatTensor<B>> {
    let centred = B::float_sub(values.clone(), row_mean::<B>(values.clone()));
    let variance = row_mean::<B>(B::float_mul(centred.clone(), centred.clone()));
    let deviation = B::float_sqrt(B::float_add_scalar(variance, NORM_EPSILON.into()));
    let inverse_deviation = B::float_recip(deviation);
    Normalised { values: B::float_mul(centred, inverse_deviation.clone()), inverse_deviation }
}

/// Its gradient.
pub(crate) fn plain_backward<B: Backend>(
    normalised: &Normalised<FloatTensor<B>>,
    gradient: &FloatTensor<B>,
) -> FloatTensor<B> {
    let Normalised { values, inverse_deviation } = normalised.clone();
    let centred = B::float_sub(gradient.clone(), row_mean::<B>(gradient.clone()));
    let slope = row_mean::<B>(B::float_mul(gradient.clone(), values.clone()));
    let change = B::float_sub(centred, B::float_mul(values, slope));
    B::float_mul(change, inverse_deviation)
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
        let values = tensor([0.0, 1.0, 0.5, 0.0, 0.0, 2.0, 0.25, 0.0, 0.0, -1.0, 3.0, 0.5]);
        let gradient = tensor([1.0, 0.0, -0.5, 0.25, 0.0, 0.0, 2.0, 1.0, 0.0, -1.0, 0.5, 0.5]);
        let (plain, ours) = (plain::<Flex>(&values), <Flex as Computes>::norm(&values));
        let check = |got: &FlexTensor, expected: &FlexTensor| {
            let pairs = got.storage::<f32>().iter().zip(expected.storage::<f32>());
            assert!(pairs.clone().all(|(got, expected)| (got - expected).abs() < 1e-5), "{pairs:?}");
        };
        check(&plain.values, &ours.values);
        check(&plain.inverse_deviation, &ours.inverse_deviation);
        check(
            &plain_backward::<Flex>(&plain, &gradient),
            &<Flex as Computes>::norm_backward(&ours, &gradient),
        );
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
