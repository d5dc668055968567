//! The loss and its gradients.

use burn::tensor::{Int, Tensor, activation};

use crate::{Batch, Dropout, Fusion, Mode, Network, forward::Pass};

/// One gradient for each learned tensor, in their order and layout.
pub type Gradients = Vec<Tensor<1>>;

/// How the cross-entropy of images becomes a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossSettings {
    /// Images of the whole batch: the gradients of its passes add up to that of its mean loss.
    pub batch_size: usize,
    /// Share of each target that is spread over all classes, 0 to 1.
    pub label_smoothing: f32,
}

/// What one forward and backward pass leaves, all of it still on the device.
#[derive(Debug)]
pub struct TrainPass {
    /// Sum over the images of the cross-entropy (in nats), then the number of images answered rightly: `[2]`.
    pub sums: Tensor<1>,
    /// Gradients of the summed cross-entropy, divided by the batch size that was given.
    pub gradients: Gradients,
    /// Statistics of every batch norm, in the order of the layers.
    pub moments: Vec<BatchMoments>,
}

/// Mean and variance of one batch norm's channels over the images of a pass.
#[derive(Clone, Debug)]
pub struct BatchMoments {
    /// One for each channel.
    pub mean: Tensor<1>,
    /// One for each channel, biased.
    pub variance: Tensor<1>,
    /// Values of each channel that they are of.
    pub count: usize,
}

impl Network {
    /// Runs images forward and their loss backward. No images give zeros.
    ///
    /// # Panics
    /// Where the network is not on an autodiff device.
    pub fn train_pass(&self, batch: Batch<'_>, settings: LossSettings, dropout: Dropout) -> TrainPass {
        if batch.count() == 0 {
            let gradients = self.parameters().iter().map(Tensor::zeros_like).collect();
            return TrainPass { sums: self.no_sums(), gradients, moments: Vec::new() };
        }
        let mut pass = Pass::new(self, Mode::Train(dropout));
        let (images, labels) = batch.tensors(self);
        let logits = self.forward(images, &mut pass);
        let moments = pass.moments;
        let share = (settings.batch_size as f32).recip();
        let (loss, sums) = self.loss(logits, labels, share, settings.label_smoothing);
        let mut gradients = loss.backward();
        let gradients = self
            .parameters
            .iter()
            // What the loss does not depend on, dropped or dead, has no gradient: it is zero.
            .map(|parameter| {
                parameter
                    .grad_remove(&mut gradients)
                    .unwrap_or_else(|| parameter.clone().without_autodiff().zeros_like())
            })
            .collect();
        TrainPass { sums, gradients, moments }
    }

    /// Sum of the cross-entropy and number of right answers over images: `[2]`, on the device.
    pub fn test_pass(&self, batch: Batch<'_>) -> Tensor<1> {
        if batch.count() == 0 {
            return self.no_sums();
        }
        let network = self.without_autodiff();
        let (images, labels) = batch.tensors(&network);
        let logits = network.forward(images, &mut Pass::new(&network, Mode::Predict));
        network.loss(logits, labels, 1.0, 0.0).1
    }

    /// The sums over no images.
    fn no_sums(&self) -> Tensor<1> {
        Tensor::zeros([2], &self.device().clone().without_autodiff())
    }

    /// What has the gradient of the loss's sum times `share`; and that sum with the number of right answers, `[2]`.
    fn loss(
        &self,
        logits: Tensor<2>,
        labels: Tensor<1, Int>,
        share: f32,
        label_smoothing: f32,
    ) -> (Tensor<1>, Tensor<1>) {
        match self.fusion() {
            Fusion::None => stock_loss(logits, labels, share, label_smoothing),
            #[cfg(feature = "fused")]
            _ => {
                let sums = fused::cross_entropy(logits, labels, share, label_smoothing);
                (sums.clone(), sums.without_autodiff())
            }
        }
    }
}

fn stock_loss(
    logits: Tensor<2>,
    labels: Tensor<1, Int>,
    share: f32,
    smoothing: f32,
) -> (Tensor<1>, Tensor<1>) {
    let classes = logits.dims()[1];
    let labels = labels.reshape([-1, 1]);
    // A one-hot product instead of a gather: its backward needs no scatter, which WebGPU lacks for floats.
    let columns = Tensor::<1, Int>::arange(0..classes as i64, &labels.device()).reshape([1, -1]);
    let none = labels.clone().greater_equal_elem(classes as i64).float();
    let one_hot = labels.clone().equal(columns).float() + none.clone() / classes as f64;
    let targets = one_hot * (1.0 - smoothing) + smoothing / classes as f32;
    let targets = if logits.is_autodiff() { targets.autodiff() } else { targets };
    let plain = logits.clone().without_autodiff();
    let unsure = activation::softmax(plain.clone(), 1).max_dim(1).lower_equal_elem(0.5).float();
    let right = (plain.argmax(1).equal(labels).float() + none * unsure).sum();
    let loss = (targets * activation::log_softmax(logits, 1)).sum().neg();
    let sums = Tensor::cat(vec![loss.clone().without_autodiff(), right], 0);
    (loss * share, sums)
}
