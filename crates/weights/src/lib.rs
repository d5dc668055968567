//! The parameters of a network as plain numbers, and the safetensors file that carries them.
//!
//! This crate knows no tensor library: what it holds is what every device and every file format share.

mod file;
mod fold;
mod init;

pub use file::{
    MAX_FILE_BYTES, Precision, WeightsError, read_safetensors, write_safetensors, write_safetensors_as,
};
pub use fold::Normalisation;

use recipe::{Architecture, Parameter};

/// Every parameter of an architecture, laid out one after the other in the order of
/// [`Architecture::parameters`] and, within each, as PyTorch lays it out.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    architecture: Architecture,
    values: Vec<f32>,
}

impl Weights {
    /// Takes [`Architecture::parameter_count`] values; `None` where their number is another.
    pub fn from_values(architecture: Architecture, values: Vec<f32>) -> Option<Self> {
        (values.len() == architecture.parameter_count()).then_some(Self { architecture, values })
    }

    /// The network that the parameters belong to.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// All values, one parameter after the other.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Each value at the nearest one that a 16-bit float can hold.
    #[must_use]
    pub fn rounded_to_half(&self) -> Self {
        let values = self.values.iter().map(|&value| half::f16::from_f32(value).to_f32()).collect();
        Self { values, ..*self }
    }

    /// Each parameter with its values.
    pub fn parameters(&self) -> Vec<(Parameter, &[f32])> {
        let mut rest = self.values.as_slice();
        self.architecture
            .parameters()
            .into_iter()
            .map(|parameter| {
                let (values, after) = rest.split_at(parameter.size());
                rest = after;
                (parameter, values)
            })
            .collect()
    }
}
