//! The tensors of a network as plain numbers, and the safetensors file that carries them.
//!
//! This crate knows no tensor library: what it holds is what every device and every file format share.

mod file;
mod fold;
mod init;

pub use file::{
    MAX_FILE_BYTES, Precision, WeightsError, read_safetensors, write_safetensors, write_safetensors_as,
};

use model_spec::{NetworkSpec, Preprocessing, TensorKind, TensorSpec};

/// Every tensor of a network, laid out one after the other in the order of [`NetworkSpec::tensors`] and, within each, as
/// PyTorch lays it out.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    network: NetworkSpec,
    values: Vec<f32>,
}

impl Weights {
    /// Takes [`NetworkSpec::value_count`] values; `None` where their number is another.
    pub fn from_values(network: NetworkSpec, values: Vec<f32>) -> Option<Self> {
        (values.len() == network.value_count()).then_some(Self { network, values })
    }

    /// Puts lists together, one for each learned tensor and one for each buffer, both in the order of the network; `None`
    /// where a number differs.
    pub fn from_lists(network: NetworkSpec, parameters: &[Vec<f32>], buffers: &[Vec<f32>]) -> Option<Self> {
        let (mut parameters, mut buffers) = (parameters.iter(), buffers.iter());
        let mut values = Vec::with_capacity(network.value_count());
        for tensor in network.tensors() {
            let list = match tensor.kind {
                TensorKind::Parameter => parameters.next()?,
                TensorKind::Buffer => buffers.next()?,
            };
            if list.len() != tensor.size() {
                return None;
            }
            values.extend_from_slice(list);
        }
        Self::from_values(network, values)
    }

    /// The network that the tensors belong to.
    pub fn network(&self) -> &NetworkSpec {
        &self.network
    }

    /// All values, one tensor after the other.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Each value at the nearest one that a 16-bit float can hold.
    #[must_use]
    pub fn rounded_to_half(&self) -> Self {
        let values = self.values.iter().map(|&value| half::f16::from_f32(value).to_f32()).collect();
        Self { values, network: self.network.clone() }
    }

    /// Each tensor with its values.
    pub fn tensors(&self) -> impl Iterator<Item = (&TensorSpec, &[f32])> {
        let mut rest = self.values.as_slice();
        self.network.tensors().map(move |tensor| {
            let (values, after) = rest.split_at(tensor.size());
            rest = after;
            (tensor, values)
        })
    }
}

/// A way to read a file that may say too little of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// A network and its weights.
    pub weights: Weights,
    /// What it does to grey levels, where the file says so.
    pub preprocessing: Option<Preprocessing>,
    /// Whether it assumes what few networks do.
    pub is_unusual: bool,
}
