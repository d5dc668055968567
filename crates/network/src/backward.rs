//! The loss and its gradients.

use burn::tensor::{Int, Tensor, TensorData, activation};
use recipe::CLASSES;
use weights::Weights;

use crate::{Device, DeviceError, Dropout, Engine, Network, image_tensor, parameters};

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
    /// `levels` are as in [`image_tensor`], `labels` one digit to an image. The gradients are divided by `batch_size`:
    /// the sum over the passes of a batch is then the gradient of its mean loss. No images give zeros.
    ///
    /// # Panics
    /// Where the network is not on an autodiff device.
    pub fn train_pass(&self, levels: &[u8], labels: &[u8], batch_size: usize, dropout: Dropout) -> TrainPass {
        if labels.is_empty() {
            let gradients = self.parameters().iter().map(Tensor::zeros_like).collect();
            return TrainPass { sums: self.no_sums(), gradients };
        }
        let (loss, sums) = self.loss(levels, labels, dropout);
        let mut gradients = (loss / batch_size as f64).backward();
        let gradients = self
            .parameters
            .iter()
            .map(|parameter| parameter.grad_remove(&mut gradients).expect("every parameter has a gradient"))
            .collect();
        TrainPass { sums, gradients }
    }

    /// Sum of the cross-entropy and number of right answers over images: `[2]`, on the device.
    pub fn test_pass(&self, levels: &[u8], labels: &[u8]) -> Tensor<1> {
        if labels.is_empty() { self.no_sums() } else { self.loss(levels, labels, Dropout::Off).1 }
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

    /// The loss's sum, `[1]`, and it with the number of right answers, `[2]`.
    fn loss(&self, levels: &[u8], labels: &[u8], dropout: Dropout) -> (Tensor<1>, Tensor<1>) {
        let logits = self.forward(image_tensor(levels, &self.device), dropout);
        match self.engine {
            Engine::Stock => stock_loss(logits, labels, &self.device),
            #[cfg(feature = "fused")]
            Engine::Fused => {
                let sums = fused::cross_entropy(logits, labels);
                (sums.clone().narrow(0, 0, 1), sums.without_autodiff())
            }
        }
    }
}

fn stock_loss(logits: Tensor<2>, labels: &[u8], device: &Device) -> (Tensor<1>, Tensor<1>) {
    let count = labels.len();
    // A one-hot product instead of a gather: its backward needs no scatter, which WebGPU lacks for floats.
    let mut one_hot = vec![0.0_f32; count * CLASSES];
    for (row, &label) in one_hot.chunks_exact_mut(CLASSES).zip(labels) {
        row[usize::from(label)] = 1.0;
    }
    let one_hot = Tensor::from_data(TensorData::new(one_hot, [count, CLASSES]), device);
    let digits: Vec<i32> = labels.iter().map(|&label| i32::from(label)).collect();
    let plain = device.clone().without_autodiff();
    let digits: Tensor<2, Int> = Tensor::from_data(TensorData::new(digits, [count, 1]), &plain);
    let right = logits.clone().without_autodiff().argmax(1).equal(digits).float().sum();
    let loss = (one_hot * activation::log_softmax(logits, 1)).sum().neg();
    let sums = Tensor::cat(vec![loss.clone().without_autodiff(), right], 0);
    (loss, sums)
}
