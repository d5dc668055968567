//! A network of any layers as Burn tensors: forward, loss, gradients, an optimizer's step.
//!
//! A [`NetworkSpec`](model_spec::NetworkSpec) is lowered once into a [`Plan`]: a list of operations, one for each layer or for
//! several that belong together. Each operation stands in a file of its own below `ops`, with Burn's own way to compute it and,
//! where there is one, ours of the crate `fused`. The forward pass runs the list.
//!
//! Tensors of the network are flat, on one device; operations view them in their shapes. That keeps optimizers, snapshots and
//! checkpoints free of ranks, and costs nothing: a reshape moves no data.

mod batch;
mod forward;
mod loss;
mod ops;
mod parameters;
mod plan;
mod predict;
mod update;
mod value;

pub use batch::Batch;
#[cfg(feature = "gpu")]
pub use batch::KeptImages;
pub use forward::{Dropout, Mode};
pub use loss::{BatchMoments, Gradients, LossSettings, TrainPass};
pub use parameters::{DeviceError, Network, read_flat};
pub use plan::{Fusion, Plan};
pub use update::update;

pub use burn::tensor::Device;

#[cfg(test)]
mod tests;
