//! A run as every peer does it.

use std::sync::Arc;

use burn::tensor::Device;
use dataset::{Dataset, LabelledImages};
use evaluation::Accuracy;
use model_spec::PIXELS;
use network::{DeviceError, Network};
use train_config::{TrainConfig, experiment};
use training::{Event, MicroBatch, Run, RunError};
use weights::Weights;

/// A trial that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum TrialError {
    #[error("no network is called {0}")]
    UnknownModel(String),
    #[error("{0}")]
    Data(String),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Device(#[from] DeviceError),
}

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
        let config = crate::config(model).ok_or_else(|| TrialError::UnknownModel(model.to_owned()))?;
        let one = pixels.iter().copied().take(PIXELS).collect();
        let dataset = Dataset {
            name: "the bench's images".into(),
            train: LabelledImages { pixels, labels },
            ..Dataset::default()
        };
        let device = Device::flex();
        let micro_batch = MicroBatch::cpu(&config.network);
        let weights = Weights::initial(&config.network, 1);
        let run = Run::new(config, Arc::new(dataset), &device, micro_batch)?;
        let network = Network::for_prediction(&weights, run.preprocessing(), &device);
        Ok(Self { run, network, one })
    }

    /// Images to a step.
    pub fn batch_size(&self) -> u32 {
        self.run.config().batch_size
    }

    /// One step; its mean loss, in nats. Nothing is measured between two epochs, as with the peers.
    ///
    /// # Errors
    /// [`TrialError::Run`] where the loss is no longer a number.
    pub async fn step(&mut self) -> Result<f32, TrialError> {
        self.run.skip_measuring();
        loop {
            match self.run.advance().await? {
                Event::Trained(point) => return Ok(point.loss),
                Event::Finished(_) => return Ok(f32::NAN),
                Event::Working | Event::Measuring { .. } | Event::EpochDone(_) => {}
            }
        }
    }

    /// Probabilities for the first image.
    ///
    /// # Errors
    /// [`TrialError::Device`] where the device fails.
    pub async fn predict(&self) -> Result<Vec<f32>, TrialError> {
        let all = self.network.predict(&self.one).await?;
        Ok(all.into_iter().next().unwrap_or_default())
    }
}

/// Runs the experiment "fast" on MNIST, whose four files are given by name, on all 60,000 images: milliseconds of training on
/// the clock `now_ms`, what is measured afterwards left out, and the accuracy on the test images.
///
/// # Errors
/// [`TrialError`] where the files are not MNIST or the run fails.
pub async fn run_fast(
    files: Vec<(String, Vec<u8>)>,
    seed: u64,
    now_ms: impl Fn() -> f64,
) -> Result<(f64, Accuracy), TrialError> {
    let dataset = data_files::mnist::dataset(files).map_err(|error| TrialError::Data(error.to_string()))?;
    let fast = experiment("fast").ok_or_else(|| TrialError::UnknownModel("fast".into()))?;
    // As the peers: nothing is held back.
    let config = TrainConfig { seed, validation_share: 0.0, ..fast.config() };
    let micro_batch = MicroBatch::cpu(&config.network);
    let start_ms = now_ms();
    let mut run = Run::new(config, Arc::new(dataset), &Device::flex(), micro_batch)?;
    let mut taken_ms = 0.0;
    loop {
        match run.advance().await? {
            Event::Trained(_) => taken_ms = now_ms() - start_ms,
            Event::EpochDone(report) => {
                return Ok((taken_ms, report.test.map(|test| test.accuracy).unwrap_or_default()));
            }
            Event::Working | Event::Measuring { .. } | Event::Finished(_) => {}
        }
    }
}
