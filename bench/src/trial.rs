//! A run as every peer does it: Adam at 0.001, batches of 64, no schedule.

use std::sync::Arc;

use burn::tensor::Device;
use dataset::{LabelledImages, Split};
use network::{DeviceError, Network};
use recipe::{
    Accuracy, Architecture, Augmentation, CLASSES, Optimizer, PIXELS, Preset, Schedule, TrainRecipe,
};
use training::{Event, Pace, Run, RunError};
use weights::Weights;

/// Images to a step, as with every peer.
pub const BATCH: u32 = 64;

/// A trial that cannot begin or go on.
#[derive(Debug)]
pub enum TrialError {
    /// No network of ours has this name among the peers.
    UnknownModel(String),
    /// These files are not MNIST.
    Data(String),
    /// The run failed.
    Run(RunError),
    /// The device failed.
    Device(DeviceError),
}

impl core::fmt::Display for TrialError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownModel(name) => {
                write!(formatter, "no network is called {name}: seed, tfjs, mlp or fast")
            }
            Self::Data(text) => formatter.write_str(text),
            Self::Run(error) => error.fmt(formatter),
            Self::Device(error) => error.fmt(formatter),
        }
    }
}

impl core::error::Error for TrialError {}

/// A network in training, and the same one for predictions.
#[derive(Debug)]
pub struct Trial {
    run: Run,
    network: Network,
    one: Vec<u8>,
}

impl Trial {
    /// Begins with images of 784 grey levels and their labels.
    ///
    /// # Errors
    /// [`TrialError`] where the name is unknown or there are no images.
    pub fn new(model: &str, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, TrialError> {
        let architecture = match model {
            "seed" => Architecture::WorkshopCnn,
            "tfjs" => Architecture::TfjsCnn,
            "mlp" => Architecture::Mlp,
            "fast" => Architecture::FastCnn,
            other => return Err(TrialError::UnknownModel(other.to_owned())),
        };
        let recipe = TrainRecipe {
            architecture,
            optimizer: Optimizer::Adam,
            learning_rate: 1e-3,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            batch_size: BATCH,
            epochs: 1_000,
            seed: 1,
            batch_norm: false,
            augmentation: Augmentation::NONE,
        };
        let one = pixels.iter().copied().take(PIXELS).collect();
        let split = Split {
            name: "synthetic images".into(),
            train: LabelledImages { pixels, labels },
            ..Split::default()
        };
        let device = Device::flex();
        let run =
            Run::new(recipe, Arc::new(split), &device, Pace::cpu(architecture)).map_err(TrialError::Run)?;
        let network = Network::from_weights(&Weights::initial(architecture, 1), &device);
        Ok(Self { run, network, one })
    }

    /// One step; its mean loss, in nats.
    ///
    /// # Errors
    /// [`TrialError::Run`] where the loss is no longer a number.
    pub async fn step(&mut self) -> Result<f32, TrialError> {
        loop {
            match self.run.advance().await.map_err(TrialError::Run)? {
                Event::Trained(point) => return Ok(point.loss),
                Event::Finished => return Ok(f32::NAN),
                Event::Working | Event::Testing { .. } | Event::EpochDone(_) => {}
            }
        }
    }

    /// Probabilities for the first image.
    ///
    /// # Errors
    /// [`TrialError::Device`] where the device fails.
    pub async fn predict(&self) -> Result<[f32; CLASSES], TrialError> {
        let all = self.network.predict(&self.one).await.map_err(TrialError::Device)?;
        Ok(all.first().copied().unwrap_or_default())
    }
}

/// Trains by the recipe "Fast" on MNIST, whose four files are given by name: milliseconds of training on the clock
/// `now_ms`, the test left out, and the accuracy on the test images.
///
/// # Errors
/// [`TrialError`] where the files are not MNIST or the run fails.
pub async fn run_fast(
    files: &[(String, Vec<u8>)],
    seed: u64,
    now_ms: impl Fn() -> f64,
) -> Result<(f64, Accuracy), TrialError> {
    let split = dataset::mnist::split(files).map_err(|error| TrialError::Data(error.to_string()))?;
    let recipe = TrainRecipe { seed, ..Preset::Fast.recipe() };
    let pace = Pace::cpu(recipe.architecture);
    let start_ms = now_ms();
    let mut run = Run::new(recipe, Arc::new(split), &Device::flex(), pace).map_err(TrialError::Run)?;
    let mut taken_ms = 0.0;
    loop {
        match run.advance().await.map_err(TrialError::Run)? {
            Event::Trained(_) => taken_ms = now_ms() - start_ms,
            Event::EpochDone(report) => return Ok((taken_ms, report.test)),
            Event::Working | Event::Testing { .. } | Event::Finished => {}
        }
    }
}
