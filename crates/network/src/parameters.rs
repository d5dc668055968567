//! Parameters between the host and a device; both lay them out as PyTorch does.

use burn::tensor::{Device, Tensor, TensorData, Transaction};
use weights::Weights;

use crate::{Engine, Network};

/// A device that no longer answers: lost, out of memory or broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device stopped answering: {0}")]
pub struct DeviceError(pub String);

impl Network {
    /// Puts weights on a device. On an autodiff device the network can be trained.
    pub fn from_weights(weights: &Weights, device: &Device) -> Self {
        Self::with_engine(weights, device, Engine::of_this_build())
    }

    pub(crate) fn with_engine(weights: &Weights, device: &Device, engine: Engine) -> Self {
        let parameters = weights.parameters().into_iter().map(|(_, values)| {
            track(Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device))
        });
        Self {
            architecture: weights.architecture(),
            device: device.clone(),
            engine,
            batch_norm: false,
            parameters: parameters.collect(),
        }
    }

    /// Reads the weights back, in one transfer.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn to_weights(&self) -> Result<Weights, DeviceError> {
        let values = read_flat(self.parameters()).await?;
        Weights::from_values(self.architecture, values.concat())
            .ok_or_else(|| DeviceError("it returned the wrong number of values".into()))
    }

    /// Replaces every parameter; the order and sizes are those of [`Network::parameters`].
    ///
    /// # Panics
    /// Where their number is another: the caller computed them from this network's own.
    pub fn set_parameters(&mut self, parameters: Vec<Tensor<1>>) {
        let count = self.architecture.parameters().len();
        assert_eq!(parameters.len(), count, "one tensor for each parameter");
        let autodiff = self.device.is_autodiff();
        self.parameters =
            parameters.into_iter().map(|p| track(if autodiff { p.autodiff() } else { p })).collect();
    }
}

/// Reads flat tensors back in one transfer, as one list of values each.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn read_flat(tensors: Vec<Tensor<1>>) -> Result<Vec<Vec<f32>>, DeviceError> {
    let transaction = tensors.into_iter().fold(Transaction::default(), Transaction::register);
    let data = transaction.execute_async().await.map_err(|error| DeviceError(format!("{error:?}")))?;
    data.into_iter()
        .map(|data| data.try_into_vec::<f32>().map_err(|error| DeviceError(format!("{error:?}"))))
        .collect()
}

/// Makes a tensor a leaf whose gradient is kept, on a device that keeps gradients.
fn track(parameter: Tensor<1>) -> Tensor<1> {
    if parameter.is_autodiff() { parameter.require_grad() } else { parameter }
}
