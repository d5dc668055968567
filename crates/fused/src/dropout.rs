//! Dropout whose mask is never stored.

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
use kernels::DropoutMask;

use crate::computes::Computes;

/// `values` times the mask, which the backward pass makes again.
pub fn dropout<const D: usize>(values: Tensor<D>, mask: DropoutMask) -> Tensor<D> {
    let dims = values.dims();
    let length: usize = dims.iter().product();
    let flat: Tensor<1> = values.reshape([length]);
    let output = <Dispatch as DropoutOps>::dropout(flat.into_dispatch(), mask);
    Tensor::<1>::from_dispatch(output).reshape(dims)
}

#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Autodiff)]
trait DropoutOps: Backend {
    fn dropout(values: FloatTensor<Self>, mask: DropoutMask) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
impl DropoutOps for Flex {
    fn dropout(values: FlexTensor, mask: DropoutMask) -> FlexTensor {
        <Self as Computes>::dropout(&values, &mask)
    }
}

#[cfg(feature = "gpu")]
impl DropoutOps for CubeBackend {
    fn dropout(values: CubeTensor, mask: DropoutMask) -> CubeTensor {
        <Self as Computes>::dropout(&values, &mask)
    }
}

impl<B: Computes, C: CheckpointStrategy> DropoutOps for Autodiff<B, C> {
    fn dropout(values: FloatTensor<Self>, mask: DropoutMask) -> FloatTensor<Self> {
        let output = B::dropout(values.primitive(), &mask);
        match Backward::<B, 1>::prepare::<C>(DropoutBackward, [values.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish(mask, output),
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

#[derive(Debug)]
struct DropoutBackward;

impl<B: Computes> Backward<B, 1> for DropoutBackward {
    type State = DropoutMask;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::dropout(&gradient, &ops.state));
        }
    }
}
