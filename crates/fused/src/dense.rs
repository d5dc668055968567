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

/// `input * weight^T + bias`, then ReLU where asked for.
///
/// `input` is `[rows, inputs]`, `weight` `[outputs, inputs]` as PyTorch keeps it; the result is `[rows, outputs]`.
pub fn dense(input: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, relu: bool) -> Tensor<2> {
    let output = <Dispatch as DenseOps>::dense(
        input.into_dispatch(),
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
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
impl DenseOps for Flex {
    fn dense(input: FlexTensor, weight: FlexTensor, bias: FlexTensor, relu: bool) -> FlexTensor {
        <Self as Computes>::dense(&input, &weight, &bias, relu)
    }
}

#[cfg(feature = "gpu")]
impl DenseOps for CubeBackend {
    fn dense(input: CubeTensor, weight: CubeTensor, bias: CubeTensor, relu: bool) -> CubeTensor {
        <Self as Computes>::dense(&input, &weight, &bias, relu)
    }
}

impl<B: Computes, C: CheckpointStrategy> DenseOps for Autodiff<B, C> {
    fn dense(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let output = B::dense(input.primitive(), weight.primitive(), bias.primitive(), relu);
        match DenseBackward
            .prepare::<C>([input.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(step) => {
                let rectified = relu.then(|| output.clone());
                let (input, weight) = (input.primitive().clone(), weight.primitive().clone());
                step.finish(Dense::<B> { input, weight, rectified }, output)
            }
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
struct Dense<B: Backend> {
    input: FloatTensor<B>,
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
        let Dense { input, weight, rectified } = &ops.state;
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        let got = B::dense_backward(input, weight, rectified.as_ref(), &gradient, nodes[0].is_some());
        got.register::<B>(nodes, gradients);
    }
}
