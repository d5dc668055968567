//! Operations of one input and no parameters, on the CPU: activation functions, pooling, other layouts.

use std::sync::Arc;

use burn::{
    backend::{
        Autodiff, Backend, Dispatch,
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
use burn_flex::{Flex, FlexTensor};
use kernels::{Activation, PoolShape};

use crate::{
    cpu::{Values, tensor},
    profile::measured,
};

/// An activation function of every value. On the CPU alone.
pub fn activation<const D: usize>(values: Tensor<D>, activation: Activation) -> Tensor<D> {
    run(values, Unary::Activation(activation))
}

/// The largest value of every window, without padding; what is left over at the right and below is dropped.
///
/// `input` is `[images, height, width, channels]`, `kernel` and `stride` 1 to 7. On the CPU alone.
///
/// # Panics
/// Where kernel or stride is out of range, or a map is smaller than the kernel.
pub fn max_pool2d(input: Tensor<4>, kernel: usize, stride: usize) -> Tensor<4> {
    let shape = pool_shape(&input, kernel, stride);
    run(input, Unary::MaxPool(shape))
}

/// The mean of every window; everything else as for [`max_pool2d`].
///
/// # Panics
/// As [`max_pool2d`].
pub fn avg_pool2d(input: Tensor<4>, kernel: usize, stride: usize) -> Tensor<4> {
    let shape = pool_shape(&input, kernel, stride);
    run(input, Unary::AvgPool(shape))
}

/// The mean of every channel over an image: `[images, channels]`, from `[images, height, width, channels]`. On the CPU
/// alone.
///
/// # Panics
/// Where there is nothing in the input.
pub fn global_avg_pool(input: Tensor<4>) -> Tensor<2> {
    run(input, Unary::GlobalAvgPool)
}

/// `[images, height, width, channels]` as `[images, channels, height, width]`. On the CPU alone.
pub fn to_channels_first(maps: Tensor<4>) -> Tensor<4> {
    run(maps, Unary::ChannelsFirst)
}

/// `[images, channels, height, width]` as `[images, height, width, channels]`. On the CPU alone.
pub fn to_channels_last(maps: Tensor<4>) -> Tensor<4> {
    run(maps, Unary::ChannelsLast)
}

fn pool_shape(input: &Tensor<4>, kernel: usize, stride: usize) -> PoolShape {
    let [images, height, width, channels] = input.dims();
    PoolShape { images, height, width, channels, kernel, stride }
}

fn run<const D: usize, const R: usize>(values: Tensor<D>, operation: Unary) -> Tensor<R> {
    Tensor::from_dispatch(<Dispatch as UnaryOps>::unary(values.into_dispatch(), operation))
}

#[derive(Clone, Copy, Debug)]
enum Unary {
    Activation(Activation),
    MaxPool(PoolShape),
    AvgPool(PoolShape),
    GlobalAvgPool,
    ChannelsFirst,
    ChannelsLast,
}

/// What a backward pass needs beside the gradient.
#[derive(Clone, Debug)]
enum Kept {
    Nothing,
    /// The input or the output of an activation function.
    Values(FlexTensor),
    Winners(Arc<Vec<u32>>),
}

impl Unary {
    const fn name(self) -> &'static str {
        match self {
            Self::Activation(_) => "activation",
            Self::MaxPool(_) => "max pooling",
            Self::AvgPool(_) => "average pooling",
            Self::GlobalAvgPool => "global average pooling",
            Self::ChannelsFirst | Self::ChannelsLast => "layout",
        }
    }

    fn forward(self, input: &FlexTensor) -> (FlexTensor, Kept) {
        measured(|| format!("{}, forward", self.name()), || self.compute_forward(input))
    }

    fn compute_forward(self, input: &FlexTensor) -> (FlexTensor, Kept) {
        let values = Values::new(input);
        match self {
            Self::Activation(activation) => {
                let mut output = vec![0.0; values.slice().len()];
                activation.apply(values.slice(), &mut output);
                let output = like(output, &values);
                let kept = if activation.keeps_input() { values.into_tensor() } else { output.clone() };
                (output, Kept::Values(kept))
            }
            Self::MaxPool(shape) => {
                let (output, winners) = kernels::max_pool2d(&shape, values.slice());
                (tensor(output, pooled_dims(&shape)), Kept::Winners(Arc::new(winners)))
            }
            Self::AvgPool(shape) => {
                let output = kernels::avg_pool2d(&shape, values.slice());
                (tensor(output, pooled_dims(&shape)), Kept::Nothing)
            }
            Self::GlobalAvgPool => {
                let [images, _, _, channels] = values.dims();
                let output = kernels::global_avg_pool(images, channels, values.slice());
                (tensor(output, [images, channels]), Kept::Nothing)
            }
            Self::ChannelsFirst => (channels_first(&values), Kept::Nothing),
            Self::ChannelsLast => (channels_last(&values), Kept::Nothing),
        }
    }

    fn backward(self, dims: &[usize], kept: &Kept, gradient: FlexTensor) -> FlexTensor {
        measured(|| format!("{}, backward", self.name()), || self.compute_backward(dims, kept, gradient))
    }

    /// `dims` are those of the input.
    fn compute_backward(self, dims: &[usize], kept: &Kept, gradient: FlexTensor) -> FlexTensor {
        match (self, kept) {
            (Self::Activation(activation), Kept::Values(kept)) => {
                let kept = Values::new(kept);
                let mut gradient = Values::owned(gradient).into_whole_tensor();
                activation.backward(kept.slice(), gradient.storage_mut());
                gradient
            }
            (Self::MaxPool(shape), Kept::Winners(winners)) => {
                let input = kernels::max_pool2d_backward(&shape, winners, Values::new(&gradient).slice());
                tensor(input, input_dims(&shape))
            }
            (Self::AvgPool(shape), _) => {
                let input = kernels::avg_pool2d_backward(&shape, Values::new(&gradient).slice());
                tensor(input, input_dims(&shape))
            }
            (Self::GlobalAvgPool, _) => {
                let &[images, height, width, channels] = dims else { unreachable!("maps: {dims:?}") };
                let gradient = Values::new(&gradient);
                let input = kernels::global_avg_pool_backward(channels, height * width, gradient.slice());
                tensor(input, [images, height, width, channels])
            }
            (Self::ChannelsFirst, _) => channels_last(&Values::new(&gradient)),
            (Self::ChannelsLast, _) => channels_first(&Values::new(&gradient)),
            (operation, kept) => unreachable!("{operation:?} does not keep {kept:?}"),
        }
    }
}

fn channels_first(maps: &Values) -> FlexTensor {
    let [images, height, width, channels] = maps.dims();
    let output = kernels::to_channels_first(height * width, channels, maps.slice());
    tensor(output, [images, channels, height, width])
}

fn channels_last(maps: &Values) -> FlexTensor {
    let [images, channels, height, width] = maps.dims();
    let output = kernels::to_channels_last(height * width, channels, maps.slice());
    tensor(output, [images, height, width, channels])
}

fn input_dims(shape: &PoolShape) -> [usize; 4] {
    [shape.images, shape.height, shape.width, shape.channels]
}

fn pooled_dims(shape: &PoolShape) -> [usize; 4] {
    [shape.images, shape.output_height(), shape.output_width(), shape.channels]
}

/// A tensor of these values, in the shape of another.
fn like(values: Vec<f32>, other: &Values) -> FlexTensor {
    let length = values.len();
    tensor(values, [length]).reshape(other.shape())
}

#[backend_extension(Flex, Autodiff)]
trait UnaryOps: Backend {
    fn unary(input: FloatTensor<Self>, operation: Unary) -> FloatTensor<Self>;
}

impl UnaryOps for Flex {
    fn unary(input: FlexTensor, operation: Unary) -> FlexTensor {
        operation.forward(&input).0
    }
}

impl<C: CheckpointStrategy> UnaryOps for Autodiff<Flex, C> {
    fn unary(input: FloatTensor<Self>, operation: Unary) -> FloatTensor<Self> {
        let (output, kept) = operation.forward(input.primitive());
        match UnaryBackward.prepare::<C>([input.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                let dims = input.primitive().layout().shape().to_vec();
                step.finish(UnaryState { operation, dims, kept }, output)
            }
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
struct UnaryState {
    operation: Unary,
    /// Dimensions of the input.
    dims: Vec<usize>,
    kept: Kept,
}

#[derive(Debug)]
struct UnaryBackward;

impl Backward<Flex, 1> for UnaryBackward {
    type State = UnaryState;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let UnaryState { operation, dims, kept } = ops.state;
        if let [Some(node)] = ops.parents {
            gradients.register::<Flex>(node.id, operation.backward(&dims, &kept, gradient));
        }
    }
}
