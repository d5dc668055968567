//! Everything that a run needs to go on exactly, on any device.

use recipe::TrainRecipe;
use serde::{Deserialize, Serialize};
use weights::Weights;

/// A run between two steps. It holds plain numbers, so that a run begun on a GPU can go on on a CPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(crate) place: Place,
    pub(crate) weights: Weights,
    /// The optimizer's, in its order; none before the first step.
    pub(crate) moments: Vec<f32>,
}

/// Where in its recipe a run is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) recipe: TrainRecipe,
    pub(crate) epoch: u32,
    pub(crate) step: u32,
    pub(crate) optimizer_steps: u32,
}

/// Bytes that are no checkpoint of this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint cannot be read: {0}")]
pub struct CheckpointError(&'static str);

impl Checkpoint {
    /// Epochs completed.
    pub fn epochs_done(&self) -> u32 {
        self.place.epoch
    }

    /// One block of bytes, for a message or a store of the same build.
    pub fn to_bytes(&self) -> Vec<u8> {
        let place = postcard::to_allocvec(&self.place).unwrap_or_default();
        let values = self.weights.values().iter().chain(&self.moments);
        let mut bytes = (place.len() as u32).to_le_bytes().to_vec();
        bytes.extend(place);
        bytes.extend(values.flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`CheckpointError`] where the bytes are cut off or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(CheckpointError("it is empty"))?;
        let (place, rest) = rest
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or(CheckpointError("it is cut off"))?;
        let place: Place =
            postcard::from_bytes(place).map_err(|_| CheckpointError("it is of another version"))?;
        let architecture = place.recipe.architecture;
        let count = architecture.parameter_count();
        let moment_count = match place.optimizer_steps {
            0 => 0,
            _ => crate::optimizer::OptimizerState::moment_count(place.recipe.optimizer),
        };
        if rest.len() != 4 * count * (1 + moment_count) {
            return Err(CheckpointError("its length is wrong"));
        }
        let mut values = rest.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
        let weights = Weights::from_values(architecture, values.by_ref().take(count).collect())
            .ok_or(CheckpointError("its length is wrong"))?;
        Ok(Self { place, weights, moments: values.collect() })
    }
}
