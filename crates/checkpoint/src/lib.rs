//! Everything that a run needs to go on exactly, on any device.
//!
//! The bytes are a file of their own: magic, version, length and a readable header, then plain numbers, then a checksum. They
//! outlive the tab, so whoever reads them trusts nothing. Nothing here computes: what trains writes and restores a checkpoint,
//! and what writes files for other programs takes the optimizer's state out of it.

use evaluation::{Calibration, Score};
use model_spec::TensorSpec;
use serde::{Deserialize, Serialize};
use train_config::{StopReason, TrainConfig};
use weights::Weights;

/// The first bytes of every checkpoint.
const MAGIC: &[u8; 4] = b"INKC";
/// Raised whenever the bytes mean something else.
const VERSION: u32 = 1;

/// A run between two steps. It holds plain numbers, so that a run begun on a GPU can go on on a CPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// How far the run is.
    pub progress: Progress,
    /// As of the last step.
    pub weights: Weights,
    /// The optimizer's, laid out as the parameters are: for each of them as many lists of its length as
    /// [`train_config::Optimizer::moments`] names. None before the first step.
    pub moments: Vec<f32>,
    /// For early stopping.
    pub best: Option<Best>,
}

/// How far a run is in its configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What the run does, and what was changed on the way.
    pub config: TrainConfig,
    /// Sum of the images and labels that it was begun on.
    pub images_crc: u32,
    /// The code that took the steps.
    pub build: String,
    /// Epochs completed.
    pub epoch: u32,
    /// Steps completed of the next one.
    pub step: u32,
    /// Steps that the optimizer has counted.
    pub optimizer_steps: u32,
    /// Why it ended, where it did before its last epoch.
    pub stopped: Option<StopReason>,
}

/// Figures of one set of weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Of the training part, without dropout.
    pub train: Score,
    /// Of the validation part, where there is one.
    pub validation: Option<Score>,
    /// Of the test images, where they were asked.
    pub test: Option<Score>,
    /// By the validation part.
    pub calibration: Option<Calibration>,
}

/// The weights with the lowest validation loss so far, for early stopping.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// The epoch after which they were measured, from 1.
    pub epoch: u32,
    /// Their figures.
    pub measured: Measured,
    /// The weights.
    pub weights: Weights,
}

/// What an optimizer remembers of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment<'a> {
    /// The parameter.
    pub parameter: &'a TensorSpec,
    /// What it is, as PyTorch's optimizers call it.
    pub name: &'static str,
    /// One value for each of the parameter's.
    pub values: &'a [f32],
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
    /// What the optimizer remembers, parameter by parameter; nothing before the first step.
    pub fn moments(&self) -> impl Iterator<Item = Moment<'_>> {
        let mut rest = &self.moments[..];
        let names = self.progress.config.optimizer.moments();
        let parameters = self.weights.network().parameters();
        parameters.flat_map(move |parameter| names.iter().map(move |&name| (parameter, name))).map_while(
            move |(parameter, name)| {
                let (values, behind) = rest.split_at_checked(parameter.size())?;
                rest = behind;
                Some(Moment { parameter, name, values })
            },
        )
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
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
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
        if u32::from_le_bytes(*sum) != crc32fast::hash(&bytes[..bytes.len() - 4]) {
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
            _ => network.parameter_count() * progress.config.optimizer.moments().len(),
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::NetworkSpec;
    use train_config::Optimizer;

    use super::*;

    /// A run of a network with two weights and two biases, after three steps.
    fn checkpoint(optimizer: Optimizer, moments: Vec<f32>) -> Checkpoint {
        let network = NetworkSpec::from_json(
            r#"{"classes":2,"layers":[{"kind":"global_avg_pool"},{"kind":"dense","units":2}]}"#,
        )
        .unwrap();
        let config = TrainConfig { network: network.clone(), optimizer, ..TrainConfig::default() };
        let weights = Weights::from_values(network, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let progress = Progress {
            config,
            images_crc: 7,
            build: "this".into(),
            epoch: 1,
            step: 2,
            optimizer_steps: if moments.is_empty() { 0 } else { 3 },
            stopped: None,
        };
        Checkpoint { progress, weights, moments, best: None }
    }

    #[track_caller]
    fn check(optimizer: Optimizer, moments: &[f32], expected: &[(&str, &str, &[f32])]) {
        let written = checkpoint(optimizer, moments.to_vec());
        let read = Checkpoint::from_bytes(&written.to_bytes().unwrap()).unwrap();
        assert_eq!(read, written);
        let named: Vec<_> =
            read.moments().map(|own| (&own.parameter.name[..], own.name, own.values)).collect();
        assert_eq!(named, expected);
    }

    #[test]
    fn moments_have_the_names_that_pytorch_gives_them() {
        check(Optimizer::ADAM, &[], &[]);
        check(
            Optimizer::ADAM,
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
            &[
                ("fc1.weight", "exp_avg", &[1.0, 2.0]),
                ("fc1.weight", "exp_avg_sq", &[3.0, 4.0]),
                ("fc1.bias", "exp_avg", &[5.0, 6.0]),
                ("fc1.bias", "exp_avg_sq", &[7.0, 8.0]),
            ],
        );
        check(
            Optimizer::RMSPROP,
            &[1.0, 2.0, 3.0, 4.0],
            &[("fc1.weight", "square_avg", &[1.0, 2.0]), ("fc1.bias", "square_avg", &[3.0, 4.0])],
        );
    }

    #[test]
    fn what_is_damaged_or_cut_off_is_refused() {
        let plain = checkpoint(Optimizer::ADAM, vec![1.0; 8]);
        let best = Some(Best { epoch: 1, measured: Measured::default(), weights: plain.weights.clone() });
        let whole = Checkpoint { best, ..plain };
        let bytes = whole.to_bytes().unwrap();
        assert_eq!(Checkpoint::from_bytes(&bytes), Ok(whole));
        for length in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 4;
            assert!(Checkpoint::from_bytes(&damaged).is_err(), "byte {place}");
        }
    }
}
