//! What to train on, and where.

use serde::{Deserialize, Serialize};

/// The images to learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataChoice {
    /// The 60,000 and 10,000 images of MNIST.
    Mnist,
    /// Digits drawn by the built-in generator: this many to train on, a sixth of that to test on.
    BuiltIn {
        /// Training images.
        train_images: u32,
    },
    /// A data set that the person brought and keeps.
    Kept(DataHash),
}

/// Tells kept data sets apart: the beginning of the SHA-256 of their images and labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataHash(pub u64);

impl core::fmt::Display for DataHash {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl core::str::FromStr for DataHash {
    type Err = core::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceChoice {
    /// WebGPU where there is a hardware adapter, else the CPU.
    Auto,
    /// WebGPU, a software adapter included; the CPU where there is none.
    WebGpu,
    /// The CPU.
    Cpu,
}

impl DeviceChoice {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::WebGpu, Self::Cpu];

    /// Stable identifier, as in `?device=`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::WebGpu => "webgpu",
            Self::Cpu => "cpu",
        }
    }

    /// The choice of this [`id`](Self::id), if there is one.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|device| device.id() == id)
    }
}
