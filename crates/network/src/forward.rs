//! The forward pass: the operations of the plan, one after the other.

use burn::tensor::Tensor;

use crate::{
    Network,
    loss::BatchMoments,
    plan::Step,
    value::{Layout, Value},
};

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Answers: no dropout, and batch norm by its running statistics.
    Predict,
    /// Training: dropout as given, and batch norm by the images of the pass.
    Train(Dropout),
}

/// Whether dropout acts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dropout {
    /// As in prediction: the identity.
    Off,
    /// The same values are dropped for the same seed, on every device.
    Seeded {
        /// Of the whole batch.
        seed: u64,
        /// Images of the batch that come before these: a batch may be divided.
        first_image: usize,
        /// Takes the place of every layer's own probability.
        probability: Option<f64>,
    },
}

/// One forward pass: what operations may ask for, and what they leave.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    network: &'a Network,
    pub(crate) mode: Mode,
    /// Of the preprocessing, where the first operation adds it.
    pub(crate) offset: f32,
    /// Statistics of every batch norm, in order.
    pub(crate) moments: Vec<BatchMoments>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(network: &'a Network, mode: Mode) -> Self {
        Self { network, mode, offset: network.fused_offset(), moments: Vec::new() }
    }

    /// A learned tensor, flat.
    pub(crate) fn parameter(&self, index: usize) -> Tensor<1> {
        self.network.parameters[index].clone()
    }

    /// A running statistic, flat, on the device of the values.
    pub(crate) fn buffer(&self, index: usize) -> Tensor<1> {
        let buffer = self.network.buffers[index].clone();
        if self.network.device().is_autodiff() { buffer.autodiff() } else { buffer }
    }

    /// A bias of this length; zeros where the layer has none.
    #[cfg(feature = "fused")]
    pub(crate) fn bias(&self, index: Option<usize>, length: usize) -> Tensor<1> {
        index.map_or_else(|| Tensor::zeros([length], self.network.device()), |index| self.parameter(index))
    }

    pub(crate) fn dropout(&self) -> Option<Dropout> {
        match self.mode {
            Mode::Predict => None,
            Mode::Train(dropout) => Some(dropout),
        }
    }
}

impl Network {
    /// Logits `[images, classes]` of preprocessed images `[images, 784]`, on the network's device.
    pub(crate) fn forward(&self, images: Tensor<2>, pass: &mut Pass<'_>) -> Tensor<2> {
        let [count, pixels] = images.dims();
        let side = pixels.isqrt();
        // One channel: both layouts are the same.
        let layout = self
            .plan
            .steps
            .iter()
            .find_map(|step| step.op.wants(step.is_fused))
            .unwrap_or(Layout::ChannelsFirst);
        let dims = match layout {
            Layout::ChannelsFirst => [count, 1, side, side],
            Layout::ChannelsLast => [count, side, side, 1],
        };
        let mut value = Value::Maps(images.reshape(dims), layout);
        for Step { op, is_fused, .. } in &self.plan.steps {
            value = op.run(value, pass, *is_fused);
        }
        value.rows()
    }
}
