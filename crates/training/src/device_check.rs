//! Whether a device computes what the CPU computes.
//!
//! GPU drivers have bugs, and a training run hides them well. So before a run a device computes the loss and gradients
//! of one fixed batch, and they are compared with those that the CPU build computed.

use dataset::built_in_digits;
use network::{Batch, Device, DeviceError, Dropout, Network};
use recipe::{Architecture, TrainRecipe};
use weights::Weights;

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
    /// Its gradient, laid out as weights are.
    pub gradients: Weights,
}

impl DeviceReference {
    /// Computes them for a recipe's network, normalised as the recipe says; dropout is off.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn compute(recipe: &TrainRecipe, device: &Device) -> Result<Self, DeviceError> {
        let initial = Weights::initial(recipe.architecture, SEED);
        let network =
            Network::from_weights(&initial, &device.clone().autodiff()).with_batch_norm(recipe.batch_norm);
        let digits = built_in_digits(IMAGES, SEED);
        let batch = Batch::Levels { levels: &digits.pixels, labels: &digits.labels };
        let pass = network.train_pass(batch, IMAGES, Dropout::Off);
        let gradients = network.read_gradients(pass.gradients).await?;
        let sums = pass.sums.into_data_async().await.map_err(|error| DeviceError(format!("{error:?}")))?;
        let loss = sums.iter::<f32>().next().unwrap_or(f32::NAN) / IMAGES as f32;
        Ok(Self { loss, gradients })
    }

    /// Largest difference between the two, as a share of the largest value of the parameter that it occurs in (or of
    /// the loss); infinite where one of them is not finite.
    pub fn difference(&self, other: &Self) -> f32 {
        let mut largest = relative(&[self.loss], &[other.loss]);
        for ((_, a), (_, b)) in self.gradients.parameters().into_iter().zip(other.gradients.parameters()) {
            largest = largest.max(relative(a, b));
        }
        largest
    }

    /// One block of bytes for a message between workers of the same build.
    pub fn to_bytes(&self) -> Vec<u8> {
        let values = core::iter::once(&self.loss).chain(self.gradients.values());
        values.flat_map(|value| value.to_le_bytes()).collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` where the length does not fit the architecture.
    pub fn from_bytes(architecture: Architecture, bytes: &[u8]) -> Option<Self> {
        let mut values = bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
        let loss = values.next()?;
        Some(Self { loss, gradients: Weights::from_values(architecture, values.collect())? })
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
