//! Convolution with ReLU, and with ReLU and max-pooling.

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
use kernels::{ConvShape, Layout};

use crate::computes::Computes;

/// Convolution with bias and ReLU, stride 1, `padding` zeros on every side.
///
/// `input` is `[images, height, width, inputs]`, `weight` `[outputs, inputs, kernel, kernel]`; the result is
/// `[images, output height, output width, outputs]`.
pub fn conv_relu(input: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, padding: usize) -> Tensor<4> {
    conv(input, weight, bias, padding, None)
}

/// As [`conv_relu`], then 2x2 max-pooling with stride 2; an odd last row or column is dropped.
///
/// The result is laid out as `layout` says: channels last for another convolution, channels first to be flattened as
/// PyTorch does.
pub fn conv_relu_pool(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    padding: usize,
    layout: Layout,
) -> Tensor<4> {
    conv(input, weight, bias, padding, Some(layout))
}

fn conv(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    padding: usize,
    pooled: Option<Layout>,
) -> Tensor<4> {
    let output = <Dispatch as ConvOps>::conv(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        padding,
        pooled,
    );
    Tensor::from_dispatch(output)
}

#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Autodiff)]
trait ConvOps: Backend {
    /// With ReLU; `pooled` is the layout of the result where it is max-pooled.
    fn conv(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        padding: usize,
        pooled: Option<Layout>,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
impl ConvOps for Flex {
    fn conv(
        input: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        padding: usize,
        pooled: Option<Layout>,
    ) -> FlexTensor {
        let shape = conv_shape::<Self>(&input, &weight, padding);
        <Self as Computes>::conv(&shape, &input, &weight, &bias, pooled).0
    }
}

#[cfg(feature = "gpu")]
impl ConvOps for CubeBackend {
    fn conv(
        input: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        padding: usize,
        pooled: Option<Layout>,
    ) -> CubeTensor {
        let shape = conv_shape::<Self>(&input, &weight, padding);
        <Self as Computes>::conv(&shape, &input, &weight, &bias, pooled).0
    }
}

impl<B: Computes, C: CheckpointStrategy> ConvOps for Autodiff<B, C> {
    fn conv(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        padding: usize,
        pooled: Option<Layout>,
    ) -> FloatTensor<Self> {
        let shape = conv_shape::<B>(input.primitive(), weight.primitive(), padding);
        let (output, kept) = B::conv(&shape, input.primitive(), weight.primitive(), bias.primitive(), pooled);
        match ConvBackward.prepare::<C>([input.node(), weight.node(), bias.node()]).compute_bound().stateful()
        {
            OpsKind::Tracked(step) => {
                let (input, weight) = (input.primitive().clone(), weight.primitive().clone());
                step.finish(Conv::<B> { shape, input, weight, kept }, output)
            }
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

fn conv_shape<B: Backend>(input: &FloatTensor<B>, weight: &FloatTensor<B>, padding: usize) -> ConvShape {
    let [images, height, width, inputs] = input.shape().dims();
    let [outputs, _, kernel, _] = weight.shape().dims();
    ConvShape { images, height, width, inputs, outputs, kernel, padding }
}

/// The dimensions of a convolution's result, pooled where a layout is given for it.
pub(crate) fn output_dims(shape: &ConvShape, pooled: Option<Layout>) -> [usize; 4] {
    let (height, width) = (shape.output_height(), shape.output_width());
    match pooled {
        None => [shape.images, height, width, shape.outputs],
        Some(Layout::ChannelsFirst) => [shape.images, shape.outputs, height / 2, width / 2],
        Some(Layout::ChannelsLast) => [shape.images, height / 2, width / 2, shape.outputs],
    }
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
struct Conv<B: Computes> {
    shape: ConvShape,
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    kept: B::Kept,
}

#[derive(Debug)]
struct ConvBackward;

impl<B: Computes> Backward<B, 3> for ConvBackward {
    type State = Conv<B>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let Conv { shape, input, weight, kept } = &ops.state;
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        let got = B::conv_backward(shape, input, weight, kept, &gradient, nodes[0].is_some());
        got.register::<B>(nodes, gradients);
    }
}
