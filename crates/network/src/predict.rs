//! Probabilities.

use burn::tensor::Tensor;
use model_spec::PIXELS;

use crate::{DeviceError, Mode, Network, forward::Pass, read_flat};

impl Network {
    /// Probabilities of the classes for each image of 784 grey levels.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn predict(&self, levels: &[u8]) -> Result<Vec<Vec<f32>>, DeviceError> {
        if levels.is_empty() {
            return Ok(Vec::new());
        }
        let classes = self.spec().classes();
        let network = self.without_autodiff();
        let logits = network.forward(network.images(levels), &mut Pass::new(&network, Mode::Predict));
        let logits: Tensor<1> = logits.reshape([levels.len() / PIXELS * classes]);
        let logits = read_flat(vec![logits]).await?;
        Ok(logits.iter().flat_map(|logits| logits.chunks_exact(classes).map(evaluation::softmax)).collect())
    }
}
