//! Dropout whose mask is never stored.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex,
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
use burn_flex::FlexTensor;
use kernels::DropoutMask;

use crate::{
    profile::measured,
    values::{Values, tensor},
};

/// `values` times the mask, which the backward pass makes again.
pub fn dropout<const D: usize>(values: Tensor<D>, mask: DropoutMask) -> Tensor<D> {
    let dims = values.dims();
    let length: usize = dims.iter().product();
    let flat: Tensor<1> = values.reshape([length]);
    let output = <Dispatch as DropoutOps>::dropout(flat.into_dispatch(), mask);
    Tensor::<1>::from_dispatch(output).reshape(dims)
}

#[backend_extension(Flex, Autodiff)]
trait DropoutOps: Backend {
    fn dropout(values: FloatTensor<Self>, mask: DropoutMask) -> FloatTensor<Self>;
}

impl DropoutOps for Flex {
    fn dropout(values: FlexTensor, mask: DropoutMask) -> FlexTensor {
        masked(&values, mask)
    }
}

impl<C: CheckpointStrategy> DropoutOps for Autodiff<Flex, C> {
    fn dropout(values: FloatTensor<Self>, mask: DropoutMask) -> FloatTensor<Self> {
        let output = masked(values.primitive(), mask);
        match DropoutBackward.prepare::<C>([values.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish(mask, output),
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

fn masked(values: &FlexTensor, mask: DropoutMask) -> FlexTensor {
    let values = Values::new(values);
    let mut output = values.slice().to_vec();
    measured(|| "dropout".into(), || mask.apply(&mut output));
    tensor(output, values.dims::<1>())
}

#[derive(Debug)]
struct DropoutBackward;

impl Backward<Flex, 1> for DropoutBackward {
    type State = DropoutMask;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        if let [Some(node)] = ops.parents {
            gradients.register::<Flex>(node.id, masked(&gradient, ops.state));
        }
    }
}
