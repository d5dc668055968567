//! What a backend computes itself; the operations and their places in the graph are built on it.

use core::fmt::Debug;

use burn::backend::{
    Backend,
    autodiff::{NodeId, grads::Gradients},
    tensor::{FloatTensor, IntTensor},
};
use kernels::{ConvShape, DropoutMask, Layout};

use crate::batch_norm::{self, BatchNorm, BatchNormalized};

/// Gradients of an operation with a weight and a bias.
#[derive(Debug)]
pub(crate) struct LayerGradients<T> {
    /// For the input, where it was asked for.
    pub(crate) input: Option<T>,
    /// For the weight.
    pub(crate) weight: T,
    /// For the bias.
    pub(crate) bias: T,
}

impl<T> LayerGradients<T> {
    /// Hands them to the input, the weight and the bias, where these want theirs.
    pub(crate) fn register<B>(self, nodes: [Option<NodeId>; 3], gradients: &mut Gradients)
    where
        B: Backend<FloatTensorPrimitive = T>,
    {
        let all = [self.input, Some(self.weight), Some(self.bias)];
        for (node, gradient) in nodes.into_iter().zip(all) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                gradients.register::<B>(node, gradient);
            }
        }
    }
}

/// What follows a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterConv {
    Nothing,
    Relu,
    /// ReLU, then 2x2 max-pooling to maps of this layout.
    ReluPool(Layout),
}

/// The kernels on a backend's own tensors. None of them reaches autodiff.
pub(crate) trait Computes: Backend {
    /// What a convolution's backward pass needs of its result.
    type Kept: Clone + Debug + Send + Sync + 'static;

    /// What a dense layer's backward pass needs of its forward pass, beside the result.
    type KeptDense: Clone + Debug + Send + Sync + 'static;

    /// Convolution of an input that lies `offset` higher than what is given, and what follows it.
    fn conv(
        shape: &ConvShape,
        input: &FloatTensor<Self>,
        offset: f32,
        weight: &FloatTensor<Self>,
        bias: &FloatTensor<Self>,
        then: AfterConv,
    ) -> (FloatTensor<Self>, Self::Kept);

    /// Its gradients.
    fn conv_backward(
        shape: &ConvShape,
        input: &FloatTensor<Self>,
        offset: f32,
        weight: &FloatTensor<Self>,
        kept: &Self::Kept,
        gradient: &FloatTensor<Self>,
        wants_input: bool,
    ) -> LayerGradients<FloatTensor<Self>>;

    /// A dense layer whose input lies `offset` higher than what is given.
    fn dense(
        input: &FloatTensor<Self>,
        offset: f32,
        weight: &FloatTensor<Self>,
        bias: &FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, Self::KeptDense);

    /// Its gradients; `output` is its result where it ended in ReLU.
    fn dense_backward(
        input: &FloatTensor<Self>,
        kept: &Self::KeptDense,
        offset: f32,
        weight: &FloatTensor<Self>,
        output: Option<&FloatTensor<Self>>,
        gradient: &FloatTensor<Self>,
        wants_input: bool,
    ) -> LayerGradients<FloatTensor<Self>>;

    /// Values, in one dimension, times a mask.
    fn dropout(values: &FloatTensor<Self>, mask: &DropoutMask) -> FloatTensor<Self>;

    /// Loss and right answers, `[2]`, and the gradient of the loss for the logits.
    fn cross_entropy(
        logits: &FloatTensor<Self>,
        labels: &IntTensor<Self>,
        label_smoothing: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Values times `share` and the first of `factor`.
    fn scaled(values: &FloatTensor<Self>, factor: &FloatTensor<Self>, share: f32) -> FloatTensor<Self>;

    /// Rows, `[rows, channels]`, normalised in every channel.
    fn norm(norm: BatchNorm<'_, FloatTensor<Self>>, epsilon: f32) -> BatchNormalized<FloatTensor<Self>> {
        batch_norm::plain::<Self>(norm, epsilon)
    }

    /// Its gradients for the rows, the scale and the shift.
    fn norm_backward(
        norm: BatchNorm<'_, FloatTensor<Self>>,
        mean: &FloatTensor<Self>,
        inverse_deviation: &FloatTensor<Self>,
        gradient: &FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3] {
        batch_norm::plain_backward::<Self>(norm, mean, inverse_deviation, gradient)
    }
}
