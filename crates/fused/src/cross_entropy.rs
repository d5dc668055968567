//! The loss of a classifier.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{Int, Tensor},
};
#[cfg(feature = "gpu")]
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
#[cfg(feature = "cpu")]
use burn_flex::{Flex, FlexTensor};

use crate::computes::Computes;

/// Sum of the cross-entropy (in nats) of softmax, and the number of rows whose largest logit is the label's: `[2]`.
///
/// `logits` is `[rows, classes]`, of 2 to 255 classes, `labels` one class (`i32`) to a row. The gradient is that of the
/// first of the two, times `share`: 1 over the batch size makes it that of the mean loss.
///
/// `label_smoothing`, 0 to 1, is the share of the target that is spread evenly over all classes, as in PyTorch. A label that is no
/// class says that the row shows none of them: the target is then an even distribution, and right is a row in which no class
/// gets more than half.
pub fn cross_entropy(
    logits: Tensor<2>,
    labels: Tensor<1, Int>,
    share: f32,
    label_smoothing: f32,
) -> Tensor<1> {
    let output = <Dispatch as LossOps>::cross_entropy(
        logits.into_dispatch(),
        labels.into_dispatch(),
        share,
        label_smoothing,
    );
    Tensor::from_dispatch(output)
}

#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Autodiff)]
trait LossOps: Backend {
    fn cross_entropy(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        share: f32,
        label_smoothing: f32,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
impl LossOps for Flex {
    fn cross_entropy(
        logits: FlexTensor,
        labels: FlexTensor,
        _share: f32,
        label_smoothing: f32,
    ) -> FlexTensor {
        <Self as Computes>::cross_entropy(&logits, &labels, label_smoothing).0
    }
}

#[cfg(feature = "gpu")]
impl LossOps for CubeBackend {
    fn cross_entropy(
        logits: CubeTensor,
        labels: CubeTensor,
        _share: f32,
        label_smoothing: f32,
    ) -> CubeTensor {
        <Self as Computes>::cross_entropy(&logits, &labels, label_smoothing).0
    }
}

impl<B: Computes, C: CheckpointStrategy> LossOps for Autodiff<B, C> {
    fn cross_entropy(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        share: f32,
        label_smoothing: f32,
    ) -> FloatTensor<Self> {
        let (output, gradient) = B::cross_entropy(logits.primitive(), &labels, label_smoothing);
        match LossBackward.prepare::<C>([logits.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish(Loss::<B> { gradient, share }, output),
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
struct Loss<B: Backend> {
    gradient: FloatTensor<B>,
    share: f32,
}

#[derive(Debug)]
struct LossBackward;

impl<B: Computes> Backward<B, 1> for LossBackward {
    type State = Loss<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let arrived = gradients.consume::<B>(&ops.node);
        let Loss { gradient, share } = ops.state;
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::scaled(&gradient, &arrived, share));
        }
    }
}
