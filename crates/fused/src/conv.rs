//! Convolution, and what follows it.

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

use crate::computes::{AfterConv, Computes};

/// How a convolution goes over its input, beside the sizes that the tensors tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvGeometry {
    /// Pixels from one window to the next, down and across: 1 to 3.
    pub stride: usize,
    /// Rows of zeros above the input, and columns of zeros to its left.
    pub pad_before: usize,
    /// Rows of zeros below the input, and columns of zeros to its right.
    pub pad_after: usize,
    /// What is to be added to every value of the input; without padding only, which is zero.
    pub input_offset: f32,
}

impl Default for ConvGeometry {
    /// Stride 1, no padding, no offset.
    fn default() -> Self {
        Self { stride: 1, pad_before: 0, pad_after: 0, input_offset: 0.0 }
    }
}

impl ConvGeometry {
    fn check(&self) {
        let padded = self.pad_before + self.pad_after > 0;
        assert!(self.input_offset == 0.0 || !padded, "an offset of padded maps: {self:?}");
    }
}

/// Whether the GPU has a kernel for it: not with an offset.
pub const fn gpu_supports_conv(geometry: &ConvGeometry) -> bool {
    geometry.input_offset == 0.0
}

/// Convolution with bias, then ReLU where asked for.
///
/// `input` is `[images, height, width, inputs]`, `weight` `[outputs, inputs, kernel, kernel]` with a kernel of 1 to 7;
/// the result is `[images, output height, output width, outputs]`.
///
/// # Panics
/// Where stride or kernel is out of range, the kernel does not fit into the padded input, or there is an offset with
/// padding or on a GPU.
pub fn conv(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    relu: bool,
) -> Tensor<4> {
    dispatched(input, weight, bias, geometry, if relu { AfterConv::Relu } else { AfterConv::Nothing })
}

/// As [`conv`], then ReLU and 2x2 max-pooling with stride 2; an odd last row or column is dropped.
///
/// The result is laid out as `layout` says: channels last for another convolution, channels first to be flattened as
/// PyTorch does.
///
/// # Panics
/// As [`conv`].
pub fn conv_relu_pool(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    layout: Layout,
) -> Tensor<4> {
    dispatched(input, weight, bias, geometry, AfterConv::ReluPool(layout))
}

fn dispatched(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    then: AfterConv,
) -> Tensor<4> {
    geometry.check();
    let output = <Dispatch as ConvOps>::conv(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        geometry,
        then,
    );
    Tensor::from_dispatch(output)
}

#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Autodiff)]
trait ConvOps: Backend {
    fn conv(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
        then: AfterConv,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
impl ConvOps for Flex {
    fn conv(
        input: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        geometry: ConvGeometry,
        then: AfterConv,
    ) -> FlexTensor {
        let shape = conv_shape::<Self>(&input, &weight, geometry);
        <Self as Computes>::conv(&shape, &input, geometry.input_offset, &weight, &bias, then).0
    }
}

#[cfg(feature = "gpu")]
impl ConvOps for CubeBackend {
    fn conv(
        input: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        geometry: ConvGeometry,
        then: AfterConv,
    ) -> CubeTensor {
        let shape = conv_shape::<Self>(&input, &weight, geometry);
        <Self as Computes>::conv(&shape, &input, geometry.input_offset, &weight, &bias, then).0
    }
}

impl<B: Computes, C: CheckpointStrategy> ConvOps for Autodiff<B, C> {
    fn conv(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
        then: AfterConv,
    ) -> FloatTensor<Self> {
        let shape = conv_shape::<B>(input.primitive(), weight.primitive(), geometry);
        let offset = geometry.input_offset;
        let (output, kept) =
            B::conv(&shape, input.primitive(), offset, weight.primitive(), bias.primitive(), then);
        match ConvBackward.prepare::<C>([input.node(), weight.node(), bias.node()]).compute_bound().stateful()
        {
            OpsKind::Tracked(step) => {
                let (input, weight) = (input.primitive().clone(), weight.primitive().clone());
                step.finish(Conv::<B> { shape, input, offset, weight, kept }, output)
            }
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

fn conv_shape<B: Backend>(
    input: &FloatTensor<B>,
    weight: &FloatTensor<B>,
    geometry: ConvGeometry,
) -> ConvShape {
    let ConvGeometry { stride, pad_before, pad_after, .. } = geometry;
    let [images, height, width, inputs] = input.shape().dims();
    let [outputs, _, kernel, _] = weight.shape().dims();
    ConvShape { images, height, width, inputs, outputs, kernel, stride, pad_before, pad_after }
}

/// The dimensions of what leaves a convolution.
pub(crate) fn output_dims(shape: &ConvShape, then: AfterConv) -> [usize; 4] {
    let (height, width) = (shape.output_height(), shape.output_width());
    match then {
        AfterConv::Nothing | AfterConv::Relu => [shape.images, height, width, shape.outputs],
        AfterConv::ReluPool(Layout::ChannelsFirst) => [shape.images, shape.outputs, height / 2, width / 2],
        AfterConv::ReluPool(Layout::ChannelsLast) => [shape.images, height / 2, width / 2, shape.outputs],
    }
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
struct Conv<B: Computes> {
    shape: ConvShape,
    input: FloatTensor<B>,
    offset: f32,
    weight: FloatTensor<B>,
    kept: B::Kept,
}

#[derive(Debug)]
struct ConvBackward;

impl<B: Computes> Backward<B, 3> for ConvBackward {
    type State = Conv<B>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let Conv { shape, input, offset, weight, kept } = &ops.state;
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        let got = B::conv_backward(shape, input, *offset, weight, kept, &gradient, nodes[0].is_some());
        got.register::<B>(nodes, gradients);
    }
}
