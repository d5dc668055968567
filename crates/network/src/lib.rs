//! An architecture as a Burn network.
//!
//! Parameters are flat tensors on one device; layers view them in their shapes. That keeps optimizers, snapshots and
//! checkpoints free of ranks, and costs nothing: a reshape moves no data.

mod backward;
mod dropout;
mod forward;
mod parameters;

pub use backward::{Gradients, TrainPass};
pub use forward::{Dropout, image_tensor};
pub use parameters::DeviceError;

pub use burn::tensor::Device;
use burn::tensor::Tensor;
use recipe::Architecture;

/// A network with its parameters on a device.
#[derive(Clone, Debug)]
pub struct Network {
    architecture: Architecture,
    device: Device,
    /// One flat tensor for each of [`Architecture::parameters`]; a dense weight lies as `[in, out]`, Burn's order.
    parameters: Vec<Tensor<1>>,
}

impl Network {
    /// The network's architecture.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The flat parameters, without gradients.
    pub fn parameters(&self) -> Vec<Tensor<1>> {
        self.parameters.iter().map(|parameter| parameter.clone().without_autodiff()).collect()
    }
}
