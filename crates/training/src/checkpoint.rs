//! Everything that a run needs to go on exactly, on any device.
//!
//! The bytes are a file of their own: magic, version, length and a readable header, then plain numbers, then a checksum. They
//! outlive the tab, so whoever reads them trusts nothing.

use evaluation::{Calibration, Score};
use flate2::Crc;
use serde::{Deserialize, Serialize};
use train_config::{StopReason, TrainConfig};
use weights::Weights;

use crate::{
    epoch_end::{Best, Measured},
    optimizer::OptimizerState,
};

/// The first bytes of every checkpoint.
const MAGIC: &[u8; 4] = b"INKC";
/// Raised whenever the bytes mean something else.
const VERSION: u32 = 1;
/// The sources that decide what a step computes, as a sum: only the same code goes on to the same bits.
const BUILD: &str = env!("INKLING_ARITHMETIC");

/// A run between two steps. It holds plain numbers, so that a run begun on a GPU can go on on a CPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(crate) progress: Progress,
    pub(crate) weights: Weights,
    /// The optimizer's, in its order; none before the first step.
    pub(crate) moments: Vec<f32>,
    /// For early stopping.
    pub(crate) best: Option<Best>,
}

/// How far a run is in its configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) config: TrainConfig,
    /// Sum of the images and labels that it was begun on.
    pub(crate) images_crc: u32,
    /// The code that took the steps.
    pub(crate) build: String,
    pub(crate) epoch: u32,
    pub(crate) step: u32,
    pub(crate) optimizer_steps: u32,
    pub(crate) stopped: Option<StopReason>,
}

impl Progress {
    /// The code of this program.
    pub(crate) fn this_build() -> String {
        BUILD.to_owned()
    }
}

/// The readable part of the bytes.
#[derive(Serialize, Deserialize)]
struct Header {
    progress: Progress,
    best: Option<BestHeader>,
}

#[derive(Serialize, Deserialize)]
struct BestHeader {
    epoch: u32,
    train: Score,
    validation: Option<Score>,
    test: Option<Score>,
    calibration: Option<Calibration>,
}

/// A checkpoint that cannot be written or read; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint cannot be used: {0}")]
pub struct CheckpointError(String);

impl Checkpoint {
    /// Epochs completed.
    pub fn epochs_done(&self) -> u32 {
        self.progress.epoch
    }

    /// What the run does, and what was changed on the way.
    pub fn config(&self) -> &TrainConfig {
        &self.progress.config
    }

    /// Whether the code that wrote it is this one: only then what follows has the same bits as without the interruption.
    pub fn is_of_this_build(&self) -> bool {
        self.progress.build == BUILD
    }

    /// One block of bytes, to be kept.
    ///
    /// # Errors
    /// [`CheckpointError`] where the configuration holds a number that JSON cannot, which no checked one does.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let best = self.best.as_ref().map(|best| {
            let Measured { train, validation, test, calibration } = best.measured;
            BestHeader { epoch: best.epoch, train, validation, test, calibration }
        });
        let header = Header { progress: self.progress.clone(), best };
        let header = serde_json::to_vec(&header).map_err(|error| CheckpointError(error.to_string()))?;
        let best = self.best.iter().flat_map(|best| best.weights.values());
        let values = self.weights.values().iter().chain(&self.moments).chain(best);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(header);
        bytes.extend(values.flat_map(|value| value.to_le_bytes()));
        bytes.extend(sum_of(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`CheckpointError`] where the bytes are damaged, cut off or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let bad = |text: &str| CheckpointError(text.to_owned());
        let cut_off = || bad("it is cut off");
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("it is something else"))?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(cut_off)?;
        if u32::from_le_bytes(*version) != VERSION {
            return Err(bad("it is of another version"));
        }
        let (rest, sum) = rest.split_last_chunk::<4>().ok_or_else(cut_off)?;
        if u32::from_le_bytes(*sum) != sum_of(&bytes[..bytes.len() - 4]) {
            return Err(bad("it is damaged"));
        }
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut_off)?;
        let (header, rest) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut_off)?;
        let Header { progress, best } = serde_json::from_slice(header)
            .map_err(|error| CheckpointError(format!("it is of another version ({error})")))?;
        let network = &progress.config.network;
        let count = network.value_count();
        let moment_count = match progress.optimizer_steps {
            0 => 0,
            _ => network.parameter_count() * OptimizerState::moment_count(progress.config.optimizer),
        };
        let best_count = if best.is_some() { count } else { 0 };
        if rest.len() != 4 * (count + moment_count + best_count) {
            return Err(bad("its length is wrong"));
        }
        let mut values = rest.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
        let weights = |values: &mut dyn Iterator<Item = f32>| {
            Weights::from_values(network.clone(), values.take(count).collect())
                .ok_or_else(|| bad("its length is wrong"))
        };
        let own = weights(&mut values)?;
        let moments = values.by_ref().take(moment_count).collect();
        let best = match best {
            None => None,
            Some(BestHeader { epoch, train, validation, test, calibration }) => {
                let measured = Measured { train, validation, test, calibration };
                Some(Best { epoch, measured, weights: weights(&mut values)? })
            }
        };
        Ok(Self { progress, weights: own, moments, best })
    }
}

fn sum_of(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
