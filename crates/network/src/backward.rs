//! The loss and its gradients.

use burn::tensor::{Int, Tensor, activation};
use recipe::CLASSES;
use weights::Weights;

use crate::{Batch, DeviceError, Dropout, Engine, Network, norm::Norm, parameters};

/// One gradient for each parameter, in the parameters' order and layout.
pub type Gradients = Vec<Tensor<1>>;

/// What one forward and backward pass leaves, all of it still on the device.
#[derive(Debug)]
pub struct TrainPass {
    /// Sum over the images of the cross-entropy (in nats), then the number of images answered rightly: `[2]`.
    pub sums: Tensor<1>,
    /// Gradients of the summed cross-entropy, divided by the batch size that was given.
    pub gradients: Gradients,
}

impl Network {
    /// Runs images forward and their loss backward.
    ///
    /// The gradients are divided by `batch_size`: the sum over the passes of a batch is then the gradient of its mean
    /// loss. No images give zeros.
    ///
    /// # Panics
    /// Where the network is not on an autodiff device.
    pub fn train_pass(&self, batch: Batch<'_>, batch_size: usize, dropout: Dropout) -> TrainPass {
        if batch.count() == 0 {
            let gradients = self.parameters().iter().map(Tensor::zeros_like).collect();
            return TrainPass { sums: self.no_sums(), gradients };
        }
        let mut norm = if self.batch_norm { Norm::Batch } else { Norm::Off };
        let (loss, sums) = self.loss(batch, dropout, &mut norm, (batch_size as f32).recip());
        let mut gradients = loss.backward();
        let gradients = self
            .parameters
            .iter()
            .map(|parameter| parameter.grad_remove(&mut gradients).expect("every parameter has a gradient"))
            .collect();
        TrainPass { sums, gradients }
    }

    /// Sum of the cross-entropy and number of right answers over images: `[2]`, on the device.
    pub fn test_pass(&self, batch: Batch<'_>) -> Tensor<1> {
        if batch.count() == 0 {
            self.no_sums()
        } else {
            self.loss(batch, Dropout::Off, &mut Norm::Off, 1.0).1
        }
    }

    /// The sums over no images.
    fn no_sums(&self) -> Tensor<1> {
        Tensor::zeros([2], &self.device.clone().without_autodiff())
    }

    /// Reads gradients back in the layout of weights.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn read_gradients(&self, gradients: Gradients) -> Result<Weights, DeviceError> {
        let values = parameters::read_flat(gradients).await?;
        Weights::from_values(self.architecture, values.concat())
            .ok_or_else(|| DeviceError("it returned the wrong number of values".into()))
    }

    /// What has the gradient of the loss's sum times `share`; and that sum with the number of right answers, `[2]`.
    fn loss(
        &self,
        batch: Batch<'_>,
        dropout: Dropout,
        norm: &mut Norm<'_>,
        share: f32,
    ) -> (Tensor<1>, Tensor<1>) {
        let (images, labels) = batch.tensors(&self.device);
        let logits = self.forward_normed(images, dropout, norm);
        match self.engine {
            Engine::Stock => stock_loss(logits, labels, share),
            #[cfg(feature = "fused")]
            Engine::Fused => {
                let sums = fused::cross_entropy(logits, labels, share);
                (sums.clone(), sums.without_autodiff())
            }
        }
    }
}

fn stock_loss(logits: Tensor<2>, labels: Tensor<1, Int>, share: f32) -> (Tensor<1>, Tensor<1>) {
    let digits = labels.reshape([-1, 1]);
    // A one-hot product instead of a gather: its backward needs no scatter, which WebGPU lacks for floats.
    let classes = Tensor::<1, Int>::arange(0..CLASSES as i64, &digits.device()).reshape([1, -1]);
    let none = digits.clone().greater_equal_elem(CLASSES as i64).float();
    let targets = digits.clone().equal(classes).float() + none.clone() / CLASSES as f64;
    let targets = if logits.is_autodiff() { targets.autodiff() } else { targets };
    let plain = logits.clone().without_autodiff();
    let unsure = activation::softmax(plain.clone(), 1).max_dim(1).lower_equal_elem(0.5).float();
    let right = (plain.argmax(1).equal(digits).float() + none * unsure).sum();
    let loss = (targets * activation::log_softmax(logits, 1)).sum().neg();
    let sums = Tensor::cat(vec![loss.clone().without_autodiff(), right], 0);
    (loss * share, sums)
}
