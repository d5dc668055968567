//! The loss of a classifier.

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
use kernels::CrossEntropy;

use crate::{
    profile::measured,
    values::{Values, tensor},
};

/// Sum of the cross-entropy (in nats) of softmax, and the number of rows whose largest logit is the label's: `[2]`.
///
/// `logits` is `[rows, classes]`, `labels` one class to a row. Only the first of the two has a gradient.
pub fn cross_entropy(logits: Tensor<2>, labels: &[u8]) -> Tensor<1> {
    let output = <Dispatch as LossOps>::cross_entropy(logits.into_dispatch(), labels.to_vec());
    Tensor::from_dispatch(output)
}

#[backend_extension(Flex, Autodiff)]
trait LossOps: Backend {
    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>) -> FloatTensor<Self>;
}

impl LossOps for Flex {
    fn cross_entropy(logits: FlexTensor, labels: Vec<u8>) -> FlexTensor {
        forward(&logits, &labels).0
    }
}

impl<C: CheckpointStrategy> LossOps for Autodiff<Flex, C> {
    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>) -> FloatTensor<Self> {
        let (output, gradient) = forward(logits.primitive(), &labels);
        match LossBackward.prepare::<C>([logits.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish(gradient, output),
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

fn forward(logits: &FlexTensor, labels: &[u8]) -> (FlexTensor, Values) {
    let logits = Values::new(logits);
    let dims: [usize; 2] = logits.dims();
    let CrossEntropy { loss, right, gradient } =
        measured(|| "cross-entropy".into(), || kernels::cross_entropy(logits.slice(), labels));
    (tensor(vec![loss, right as f32], [2]), Values::new(&tensor(gradient, dims)))
}

#[derive(Debug)]
struct LossBackward;

impl Backward<Flex, 1> for LossBackward {
    type State = Values;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let arrived = Values::new(&gradients.consume::<Flex>(&ops.node)).slice()[0];
        if let [Some(node)] = ops.parents {
            let values = ops.state.slice().iter().map(|value| value * arrived).collect();
            gradients.register::<Flex>(node.id, tensor(values, ops.state.dims::<2>()));
        }
    }
}
