//! Parameters between the host, laid out as PyTorch does, and a device, laid out as Burn does.

use burn::tensor::{Device, Tensor, TensorData, Transaction};
use recipe::{Architecture, Parameter};
use weights::Weights;

use crate::Network;

/// A device that no longer answers: lost, out of memory or broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device stopped answering: {0}")]
pub struct DeviceError(pub String);

impl Network {
    /// Puts weights on a device. On an autodiff device the network can be trained.
    pub fn from_weights(weights: &Weights, device: &Device) -> Self {
        let parameters = weights.parameters().into_iter().map(|(parameter, values)| {
            let values = match dense_sides(&parameter) {
                Some((outputs, inputs)) => transposed(values, outputs, inputs),
                None => values.to_vec(),
            };
            let length = values.len();
            track(Tensor::from_data(TensorData::new(values, [length]), device))
        });
        Self {
            architecture: weights.architecture(),
            device: device.clone(),
            parameters: parameters.collect(),
        }
    }

    /// Reads the weights back, in one transfer.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn to_weights(&self) -> Result<Weights, DeviceError> {
        let values = read_flat(self.parameters()).await?;
        Weights::from_values(self.architecture, to_pytorch_layout(self.architecture, values))
            .ok_or_else(|| DeviceError("it returned the wrong number of values".into()))
    }

    /// Replaces every parameter; the order and sizes are those of [`Network::parameters`].
    ///
    /// # Panics
    /// Where their number is another: the caller computed them from this network's own.
    pub fn set_parameters(&mut self, parameters: Vec<Tensor<1>>) {
        assert_eq!(parameters.len(), self.parameters.len(), "one tensor for each parameter");
        let autodiff = self.device.is_autodiff();
        self.parameters =
            parameters.into_iter().map(|p| track(if autodiff { p.autodiff() } else { p })).collect();
    }
}

/// Reads flat tensors back in one transfer, as one list of values each.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub(crate) async fn read_flat(tensors: Vec<Tensor<1>>) -> Result<Vec<Vec<f32>>, DeviceError> {
    let transaction = tensors.into_iter().fold(Transaction::default(), Transaction::register);
    let data = transaction.execute_async().await.map_err(|error| DeviceError(format!("{error:?}")))?;
    data.into_iter()
        .map(|data| data.try_into_vec::<f32>().map_err(|error| DeviceError(format!("{error:?}"))))
        .collect()
}

/// Values in the device's layout, one list for each parameter, as PyTorch lays them out, in one list.
pub(crate) fn to_pytorch_layout(architecture: Architecture, values: Vec<Vec<f32>>) -> Vec<f32> {
    let mut flat = Vec::with_capacity(architecture.parameter_count());
    for (parameter, values) in architecture.parameters().iter().zip(values) {
        match dense_sides(parameter) {
            Some((outputs, inputs)) => flat.extend(transposed(&values, inputs, outputs)),
            None => flat.extend(values),
        }
    }
    flat
}

/// Outputs and inputs of a dense weight.
fn dense_sides(parameter: &Parameter) -> Option<(usize, usize)> {
    match *parameter.shape.as_slice() {
        [outputs, inputs] => Some((outputs, inputs)),
        _ => None,
    }
}

fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

/// Makes a tensor a leaf whose gradient is kept, on a device that keeps gradients.
fn track(parameter: Tensor<1>) -> Tensor<1> {
    if parameter.is_autodiff() { parameter.require_grad() } else { parameter }
}
