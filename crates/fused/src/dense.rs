//! Fully connected layers.

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
#[cfg(feature = "gpu")]
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
#[cfg(feature = "cpu")]
use burn_flex::{Flex, FlexTensor};

use crate::computes::Computes;

/// `(input + offset) * weight^T + bias`, then ReLU where asked for.
///
/// `input` is `[rows, inputs]`, `weight` `[outputs, inputs]` as PyTorch keeps it; the result is `[rows, outputs]`. What is
/// zero in the input costs nothing: with an `offset`, paper can be zero whatever value it stands for.
///
/// # Panics
/// On a GPU where the offset is not zero.
pub fn dense(input: Tensor<2>, offset: f32, weight: Tensor<2>, bias: Tensor<1>, relu: bool) -> Tensor<2> {
    let output = <Dispatch as DenseOps>::dense(
        input.into_dispatch(),
        offset,
        weight.into_dispatch(),
        bias.into_dispatch(),
        relu,
    );
    Tensor::from_dispatch(output)
}

#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Autodiff)]
trait DenseOps: Backend {
    fn dense(
        input: FloatTensor<Self>,
        offset: f32,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
impl DenseOps for Flex {
    fn dense(input: FlexTensor, offset: f32, weight: FlexTensor, bias: FlexTensor, relu: bool) -> FlexTensor {
        <Self as Computes>::dense(&input, offset, &weight, &bias, relu).0
    }
}

#[cfg(feature = "gpu")]
impl DenseOps for CubeBackend {
    fn dense(input: CubeTensor, offset: f32, weight: CubeTensor, bias: CubeTensor, relu: bool) -> CubeTensor {
        <Self as Computes>::dense(&input, offset, &weight, &bias, relu).0
    }
}

impl<B: Computes, C: CheckpointStrategy> DenseOps for Autodiff<B, C> {
    fn dense(
        input: FloatTensor<Self>,
        offset: f32,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let (output, kept) = B::dense(input.primitive(), offset, weight.primitive(), bias.primitive(), relu);
        match DenseBackward
            .prepare::<C>([input.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(step) => {
                let rectified = relu.then(|| output.clone());
                let (input, weight) = (input.primitive().clone(), weight.primitive().clone());
                step.finish(Dense::<B> { input, kept, offset, weight, rectified }, output)
            }
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
struct Dense<B: Computes> {
    input: FloatTensor<B>,
    kept: B::KeptDense,
    offset: f32,
    weight: FloatTensor<B>,
    /// The result, where it ended in ReLU.
    rectified: Option<FloatTensor<B>>,
}

#[derive(Debug)]
struct DenseBackward;

impl<B: Computes> Backward<B, 3> for DenseBackward {
    type State = Dense<B>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let Dense { input, kept, offset, weight, rectified } = &ops.state;
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        let wants_input = nodes[0].is_some();
        let rectified = rectified.as_ref();
        let got = B::dense_backward(input, kept, *offset, weight, rectified, &gradient, wants_input);
        got.register::<B>(nodes, gradients);
    }
}
