//! Whether a device computes what the CPU computes.
//!
//! GPU drivers have bugs, and a training run hides them well. So before a run a device computes the loss and gradients
//! of one fixed batch, and they are compared with those that the CPU build computed.

use dataset::built_in_digits;
use model_spec::{NetworkSpec, TensorSpec};
use network::{Batch, Device, DeviceError, Dropout, LossSettings, Network, read_flat};
use train_config::TrainConfig;
use weights::Weights;

use crate::measure::read_sums;

/// Largest difference of a gradient that is put down to rounding, as a share of the largest gradient of its parameter.
///
/// Sums of up to 10,000 products in another order differ by some 1e-5 of it in 32-bit floats.
pub const DEVICE_TOLERANCE: f32 = 1e-3;

const IMAGES: usize = 16;
const SEED: u64 = 2_026;

/// Loss and gradients of the fixed batch on one device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceReference {
    /// Mean cross-entropy, in nats.
    pub loss: f32,
    /// Its gradients, one list for each learned tensor.
    pub gradients: Vec<Vec<f32>>,
}

impl DeviceReference {
    /// Computes them for the network of a configuration; dropout is off.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn compute(config: &TrainConfig, device: &Device) -> Result<Self, DeviceError> {
        let initial = Weights::initial(&config.network, SEED);
        let mut digits = built_in_digits(IMAGES, SEED);
        let classes = config.network.classes();
        for label in &mut digits.labels {
            *label = (usize::from(*label) % classes) as u8;
        }
        let preprocessing = config.preprocessing.resolve(digits.pixels.iter().copied());
        let network = Network::from_weights(&initial, preprocessing, &device.clone().autodiff());
        let batch = Batch::Levels { levels: &digits.pixels, labels: &digits.labels };
        let settings = LossSettings { batch_size: IMAGES, label_smoothing: config.label_smoothing as f32 };
        let pass = network.train_pass(batch, settings, Dropout::Off);
        let gradients = read_flat(pass.gradients).await?;
        let [loss, _] = read_sums(pass.sums).await?;
        Ok(Self { loss: loss / IMAGES as f32, gradients })
    }

    /// Largest difference between the two, as a share of the largest value of the tensor that it occurs in (or of
    /// the loss); infinite where one of them is not finite.
    pub fn difference(&self, other: &Self) -> f32 {
        let mut largest = relative(&[self.loss], &[other.loss]);
        for (a, b) in self.gradients.iter().zip(&other.gradients) {
            largest = largest.max(relative(a, b));
        }
        largest
    }

    /// One block of bytes for a message between workers of the same build.
    pub fn to_bytes(&self) -> Vec<u8> {
        let values = core::iter::once(&self.loss).chain(self.gradients.iter().flatten());
        values.flat_map(|value| value.to_le_bytes()).collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` where the length does not fit the network.
    pub fn from_bytes(network: &NetworkSpec, bytes: &[u8]) -> Option<Self> {
        let (values, []) = bytes.as_chunks::<4>() else { return None };
        let mut values = values.iter().map(|&bytes| f32::from_le_bytes(bytes));
        let loss = values.next()?;
        let sizes = network.parameters().map(TensorSpec::size);
        let gradients: Vec<Vec<f32>> = sizes.map(|size| values.by_ref().take(size).collect()).collect();
        let is_whole = gradients.iter().map(Vec::len).eq(network.parameters().map(TensorSpec::size));
        (is_whole && values.next().is_none()).then_some(Self { loss, gradients })
    }
}

fn relative(a: &[f32], b: &[f32]) -> f32 {
    let scale = a.iter().chain(b).fold(f32::MIN_POSITIVE, |scale, value| scale.max(value.abs()));
    let largest = a.iter().zip(b).fold(0.0_f32, |largest, (a, b)| {
        let difference = (a - b).abs();
        if difference.is_finite() { largest.max(difference) } else { f32::INFINITY }
    });
    if scale.is_finite() { largest / scale } else { f32::INFINITY }
}
