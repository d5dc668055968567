//! An architecture as a Burn network.
//!
//! Parameters are flat tensors on one device; layers view them in their shapes. That keeps optimizers, snapshots and
//! checkpoints free of ranks, and costs nothing: a reshape moves no data.

mod backward;
mod batch;
mod engine;
mod forward;
#[cfg(feature = "fused")]
mod fused_forward;
mod norm;
mod parameters;
mod update;

pub use backward::{Gradients, TrainPass};
pub use batch::Batch;
#[cfg(feature = "gpu")]
pub use batch::KeptImages;
pub use engine::Engine;
pub use forward::{Dropout, image_tensor};
pub use norm::NormStatistics;
pub use parameters::{DeviceError, read_flat};
pub use update::update;

pub use burn::tensor::Device;
use burn::tensor::Tensor;
use recipe::Architecture;

/// A network with its parameters on a device.
#[derive(Clone, Debug)]
pub struct Network {
    architecture: Architecture,
    device: Device,
    engine: Engine,
    /// Whether training normalises over each batch.
    batch_norm: bool,
    /// One flat tensor for each of [`Architecture::parameters`], laid out as there.
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

    /// With which operations it computes.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The flat parameters, without gradients.
    pub fn parameters(&self) -> Vec<Tensor<1>> {
        self.parameters.iter().map(|parameter| parameter.clone().without_autodiff()).collect()
    }

    /// The same, whose [`train_pass`](Self::train_pass) normalises over the images that it is given, where it is `on`.
    ///
    /// Everything else answers as if it were off: before, its weights are to be [folded](weights::Weights::folded).
    #[must_use]
    pub fn with_batch_norm(self, on: bool) -> Self {
        Self { batch_norm: on, ..self }
    }

    /// Takes the parameters out, without gradients, so that a step can change them in place.
    ///
    /// The network is empty until [`set_parameters`](Self::set_parameters).
    pub fn take_parameters(&mut self) -> Vec<Tensor<1>> {
        core::mem::take(&mut self.parameters).into_iter().map(Tensor::without_autodiff).collect()
    }
}
