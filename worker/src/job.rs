//! A training run and what the page hears of it.

use std::sync::Arc;

use burn::tensor::Device;
use dataset::Split;
use protocol::{Backend, FailureKind, FromWorker, Helper, JobId, RunPoint, TrainOrder};
use recipe::ModelCard;
use training::{Checkpoint, DEVICE_TOLERANCE, DeviceReference, EpochReport, Event, Run, RunError, Team};
use web_sys::MessagePort;

use crate::{
    data::Data,
    device,
    scope::{now_ms, post, post_with},
    team::{HelpingWorker, Ports},
};

/// Least time between two messages with points: the page draws its curves at most ten times a second.
const POINTS_MS: f64 = 100.0;

pub(crate) struct Job {
    id: JobId,
    run: Run,
    card: ModelCard,
    paused: bool,
    unsent: Vec<RunPoint>,
    points_sent_ms: f64,
    snapshot_sent_ms: f64,
    /// Those who share the work; they end with the job.
    _helpers: Vec<HelpingWorker>,
}

pub(crate) enum Progress {
    Going,
    Done,
    /// The page has been told why.
    Failed,
}

type BeginError = (FailureKind, String);

impl Job {
    /// Gets the images, checks the device and begins the run; the error is for people.
    pub(crate) async fn begin(
        id: JobId,
        order: TrainOrder,
        buffers: Vec<Vec<u8>>,
        device: &Device,
        data: &mut Data,
    ) -> Result<Self, BeginError> {
        // Where a browser starts none, this worker works alone.
        let shared = order.workers > 1 && device::BACKEND == Backend::Cpu;
        let team = if shared { HelpingWorker::recruit(&order, &buffers) } else { None };
        post(FromWorker::Doing(id, "Reading the images".into()));
        let Parts { checkpoint, reference, files } = Parts::new(&order, buffers);
        let split = data.split(&order.data, files).await.map_err(refused)?;
        let device_difference = match reference {
            Some(reference) => Some(check_device(id, &order, &reference, device).await?),
            None => None,
        };
        let epochs_done = checkpoint
            .as_ref()
            .map_or(Ok(0), |bytes| Checkpoint::from_bytes(bytes).map(|checkpoint| checkpoint.epochs_done()));
        let epochs_done = epochs_done.map_err(|error| refused(error.to_string()))?;
        let mut run = begin_run(&order, checkpoint, &split, device)?;
        let workers = if team.is_some() { order.workers } else { 1 };
        let mut helpers = Vec::new();
        if let Some((started, ports)) = team {
            post(FromWorker::Doing(id, "Waiting for the helping workers".into()));
            let mut team = Team::new(0, workers as usize, Box::new(ports));
            team.meet().await.map_err(|error| explain(&error.into()))?;
            run.join(team);
            helpers = started;
        }
        post(FromWorker::Started {
            job: id,
            workers,
            train_images: split.train.len() as u32,
            steps: run.steps(),
            steps_done: run.steps_done(),
            device_difference,
        });
        let card = ModelCard {
            recipe: Some(order.recipe),
            trained_on: split.name.clone(),
            tested_on: split.name.clone(),
            epochs_done,
            ..ModelCard::unknown(order.recipe.architecture)
        };
        let now_ms = now_ms();
        Ok(Self {
            id,
            run,
            card,
            paused: false,
            unsent: Vec::new(),
            points_sent_ms: now_ms,
            snapshot_sent_ms: now_ms,
            _helpers: helpers,
        })
    }

    pub(crate) fn is_running(&self) -> bool {
        !self.paused
    }

    pub(crate) fn pause(&mut self) {
        self.paused = true;
        self.send_points();
        post(FromWorker::Paused(self.id));
    }

    pub(crate) fn resume(&mut self) {
        self.paused = false;
        post(FromWorker::Resumed(self.id));
    }

    /// Does the next piece of work and tells the page what is due.
    pub(crate) async fn advance(&mut self) -> Progress {
        let result = match self.run.advance().await {
            Ok(Event::Finished) => return Progress::Done,
            Ok(Event::Working) => Ok(()),
            Ok(Event::Trained(point)) => {
                self.unsent.push(RunPoint {
                    step: point.step,
                    steps: self.run.steps(),
                    images_seen: point.images_seen,
                    loss: point.loss,
                    accuracy: point.accuracy,
                });
                self.send_what_is_due().await
            }
            Ok(Event::Testing { done, total }) => {
                self.send_points();
                if now_ms() - self.points_sent_ms >= POINTS_MS {
                    self.points_sent_ms = now_ms();
                    post(FromWorker::Testing { job: self.id, done, total });
                }
                Ok(())
            }
            Ok(Event::EpochDone(report)) => self.send_epoch(report).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => Progress::Going,
            Err(error) => {
                let (kind, text) = explain(&error);
                post(FromWorker::Failed(self.id, kind, text));
                Progress::Failed
            }
        }
    }

    /// Sends the last weights; the run is over.
    pub(crate) async fn finish(mut self, stopped: bool) {
        self.send_points();
        match self.file().await {
            Ok(file) => {
                post_with(
                    FromWorker::Finished { job: self.id, stopped, card: Box::new(self.card) },
                    vec![file],
                );
            }
            Err(error) => {
                let (kind, text) = explain(&error);
                post(FromWorker::Failed(self.id, kind, text));
            }
        }
    }

    async fn send_what_is_due(&mut self) -> Result<(), RunError> {
        let now_ms = now_ms();
        if now_ms - self.points_sent_ms >= POINTS_MS {
            self.points_sent_ms = now_ms;
            self.send_points();
        }
        if now_ms - self.snapshot_sent_ms >= device::SNAPSHOT_MS {
            self.snapshot_sent_ms = now_ms;
            let file = self.file().await?;
            post_with(FromWorker::Snapshot(self.id), vec![file]);
        }
        Ok(())
    }

    fn send_points(&mut self) {
        if !self.unsent.is_empty() {
            post(FromWorker::Points(self.id, core::mem::take(&mut self.unsent)));
        }
    }

    async fn send_epoch(&mut self, report: EpochReport) -> Result<(), RunError> {
        self.card.epochs_done = report.epoch;
        self.card.test = Some(report.test);
        self.card.calibration = report.calibration;
        let buffers = vec![self.file().await?, self.run.checkpoint().await?.to_bytes()];
        let EpochReport { epoch, test, test_loss, .. } = report;
        let card = Box::new(self.card.clone());
        post_with(FromWorker::EpochDone { job: self.id, epoch, test, test_loss, card }, buffers);
        self.snapshot_sent_ms = now_ms();
        Ok(())
    }

    /// The present weights as a file. Its card claims an accuracy only for the weights that were tested.
    async fn file(&mut self) -> Result<Vec<u8>, RunError> {
        let steps_per_epoch = self.run.steps() / self.card.recipe.map_or(1, |recipe| recipe.epochs);
        if self.run.steps_done() != self.card.epochs_done * steps_per_epoch {
            self.card.test = None;
        }
        let weights = self.run.weights().await?;
        // Weights that the network itself gave always fit their architecture.
        Ok(weights::write_safetensors(&weights, &self.card).unwrap_or_default())
    }
}

/// Does another worker's steps together with it, to the end of the run.
pub(crate) async fn help(
    Helper { rank, order }: Helper,
    buffers: Vec<Vec<u8>>,
    ports: Vec<MessagePort>,
    device: &Device,
    data: &mut Data,
) -> Result<(), BeginError> {
    // Listened to at once: the others may be ready first.
    let ports = Ports::listen(ports);
    let Parts { checkpoint, files, .. } = Parts::new(&order, buffers);
    let split = data.split(&order.data, files).await.map_err(refused)?;
    let mut run = begin_run(&order, checkpoint, &split, device)?;
    let mut team = Team::new(rank as usize, order.workers as usize, Box::new(ports));
    team.meet().await.map_err(|error| explain(&error.into()))?;
    run.join(team);
    loop {
        match run.advance().await {
            // The worker that asked for help finds the same, and says it.
            Ok(Event::Finished) | Err(RunError::Diverged) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(explain(&error)),
        }
    }
}

/// The buffers of an order, by what they are.
struct Parts {
    checkpoint: Option<Vec<u8>>,
    reference: Option<Vec<u8>>,
    files: Vec<Vec<u8>>,
}

impl Parts {
    fn new(order: &TrainOrder, buffers: Vec<Vec<u8>>) -> Self {
        let mut buffers = buffers.into_iter();
        let mut flagged = |flag: bool| if flag { buffers.next() } else { None };
        let (checkpoint, reference) = (flagged(order.has_checkpoint), flagged(order.has_reference));
        Self { checkpoint, reference, files: buffers.collect() }
    }
}

fn begin_run(
    order: &TrainOrder,
    checkpoint: Option<Vec<u8>>,
    split: &Arc<Split>,
    device: &Device,
) -> Result<Run, BeginError> {
    let pace = device::pace(order.recipe.architecture);
    let run = match checkpoint {
        Some(bytes) => {
            let checkpoint = Checkpoint::from_bytes(&bytes).map_err(|error| refused(error.to_string()))?;
            Run::resume(&checkpoint, Arc::clone(split), device, pace)
        }
        None => Run::new(order.recipe, Arc::clone(split), device, pace),
    };
    run.map_err(|error| explain(&error))
}

fn refused(text: String) -> BeginError {
    (FailureKind::Order, text)
}

async fn check_device(
    id: JobId,
    order: &TrainOrder,
    reference: &[u8],
    device: &Device,
) -> Result<f32, BeginError> {
    post(FromWorker::Doing(id, "Compiling shaders and checking the GPU against the CPU".into()));
    let expected = DeviceReference::from_bytes(order.recipe.architecture, reference).ok_or_else(|| {
        (FailureKind::Order, "The reference for the device check did not arrive whole.".to_owned())
    })?;
    let lost = |error: network::DeviceError| (FailureKind::Device, error.to_string());
    let difference =
        DeviceReference::compute(&order.recipe, device).await.map_err(lost)?.difference(&expected);
    if difference <= DEVICE_TOLERANCE {
        Ok(difference)
    } else {
        let text = format!("The GPU computes other gradients than the CPU: they differ by {difference:.1e}");
        Err((FailureKind::Device, text))
    }
}

fn explain(error: &RunError) -> BeginError {
    let kind = match error {
        RunError::Device(_) | RunError::Team(_) => FailureKind::Device,
        _ => FailureKind::Order,
    };
    (kind, error.to_string())
}
