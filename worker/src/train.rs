//! Training runs.

use std::sync::Arc;

use burn::tensor::Device;
use dataset::{Dataset, Part};
use evaluation::{Accuracy, EpochScores};
use model_card::ModelCard;
use network::Network;
use protocol::{
    Backend, Blobs, Delivery, JobError,
    train::{
        ComputeReference, Help, Reference, Reload, RunPoint, RunStart, Steering, Train, TrainProgress,
        TrainStage, Trained,
    },
};
use train_config::{StopReason, TrainConfig, ends_session};
use training::{
    Checkpoint, DEVICE_TOLERANCE, DeviceReference, EpochReport, Event, Group, Run, RunError, measure,
};
use web_sys::MessagePort;

use crate::{
    device, failure,
    group::{HelpingWorker, Ports},
    job::{Interrupt, Job},
    model,
    scope::now_ms,
    serve::Worker,
};

/// The least time between two messages with points: the page draws its curves at most ten times a second.
const POINTS_MS: f64 = 100.0;
/// The most work that is lost with a tab: time between two checkpoints.
const CHECKPOINT_MS: f64 = 5_000.0;
/// Time to the first one.
const FIRST_CHECKPOINT_MS: f64 = 500.0;

/// Handles [`Train`].
pub(crate) async fn train(
    worker: &mut Worker,
    request: Delivery<Train>,
    job: &Job<Train>,
) -> Result<Delivery<Trained>, JobError> {
    let mut session = Session::begin(worker, request, job).await?;
    loop {
        if job.is_cancelled() {
            return session.finish(StopReason::Stopped).await;
        }
        session.obey(&job.take_steering());
        if job.is_paused() {
            // What is paused can be resumed tomorrow, in another tab.
            if let Some(reason) = session.advance_to_a_checkpoint().await? {
                return session.finish(reason).await;
            }
            session.pause().await?;
            continue;
        }
        if let Some(reason) = session.advance().await? {
            return session.finish(reason).await;
        }
        job.pass().await;
    }
}

/// A run and what the page has been told of it.
struct Session<'a> {
    job: &'a Job<Train>,
    run: Run,
    dataset: Arc<Dataset>,
    device: Device,
    sessions: u32,
    card: ModelCard,
    unsent: Vec<RunPoint>,
    points_sent_ms: f64,
    snapshot_sent_ms: f64,
    checkpoint_sent_ms: f64,
    /// When the first step would have been taken, had there been no pauses.
    started_ms: f64,
    /// Changes of the configuration that the page knows.
    changes_sent: usize,
    /// The other members of the group. They end with the run.
    helpers: Vec<HelpingWorker>,
}

impl<'a> Session<'a> {
    /// Gets the images, checks the device, gathers the group and sets up the run.
    async fn begin(
        worker: &mut Worker,
        request: Delivery<Train>,
        job: &'a Job<Train>,
    ) -> Result<Self, JobError> {
        let Delivery { content: train, mut blobs } = request;
        // If the browser cannot start workers from a worker, this one works alone.
        let is_shared = train.workers > 1 && device::BACKEND == Backend::Cpu;
        let group = if is_shared { HelpingWorker::start_group(&train, &blobs) } else { None };
        job.report(TrainProgress::Stage(TrainStage::ReadingImages))?;
        let dataset = worker.data.dataset(&train.data).await?;
        let device_difference = match train.reference {
            Some(reference) => {
                job.report(TrainProgress::Stage(TrainStage::CheckingDevice))?;
                Some(check_device(&train.config, &blobs.take(reference)?, &worker.device).await?)
            }
            None => None,
        };
        let (mut run, epochs_done, is_exact) = begin_run(&train, &mut blobs, &dataset, &worker.device)?;
        let (mut workers, mut helpers) = (1, Vec::new());
        if let Some((started, ports)) = group {
            job.report(TrainProgress::Stage(TrainStage::WaitingForGroup))?;
            let mut group = Group::new(0, train.workers as usize, Box::new(ports));
            group.barrier().await.map_err(|error| failure::of_run(&error.into(), 0))?;
            run.join(group);
            (workers, helpers) = (train.workers, started);
        }
        job.report(TrainProgress::Started(RunStart {
            workers,
            train_images: run.train_images(),
            validation_images: run.validation_images(),
            steps: run.steps(),
            steps_done: run.steps_done(),
            device_difference,
            is_exact,
            changes: run.config().changes.clone(),
        }))?;
        let card = ModelCard {
            config: Some(run.config().clone()),
            preprocessing: run.preprocessing(),
            import: dataset.import,
            class_names: dataset.class_names.clone(),
            trained_on: dataset.name.clone(),
            tested_on: dataset.name.clone(),
            epochs_done,
            ..ModelCard::unknown(run.config().network.clone())
        };
        let now_ms = now_ms();
        Ok(Self {
            job,
            changes_sent: run.config().changes.len(),
            run,
            device: worker.device.clone(),
            sessions: train.sessions,
            card,
            dataset,
            unsent: Vec::new(),
            points_sent_ms: now_ms,
            snapshot_sent_ms: now_ms,
            // The first one comes soon: a run is kept from its beginning.
            checkpoint_sent_ms: now_ms - CHECKPOINT_MS + FIRST_CHECKPOINT_MS,
            started_ms: now_ms,
            helpers,
        })
    }

    /// Does the next piece of work and reports what is due; at the end of the run, why it ended.
    async fn advance(&mut self) -> Result<Option<StopReason>, JobError> {
        let event = self.run.advance().await.map_err(|error| self.failed(&error))?;
        match event {
            Event::Finished(reason) => return Ok(Some(reason)),
            Event::Working => {}
            Event::Trained(point) => {
                self.unsent.push(RunPoint {
                    step: point.step,
                    steps: self.run.steps(),
                    images_seen: point.images_seen,
                    loss: point.loss,
                    accuracy: point.accuracy,
                    learning_rate: point.learning_rate,
                    elapsed_ms: now_ms() - self.started_ms,
                });
                self.send_what_is_due().await?;
            }
            Event::Measuring { done, total, .. } => {
                self.send_points()?;
                if now_ms() - self.points_sent_ms >= POINTS_MS {
                    self.points_sent_ms = now_ms();
                    self.job.report(TrainProgress::Testing { done, total })?;
                }
            }
            Event::EpochDone(report) => {
                let epoch = report.epoch;
                self.send_epoch(report).await?;
                if self.ends_a_session(epoch) {
                    self.reload(epoch).await?;
                }
            }
        }
        if self.run.has_checkpoint() {
            self.send_checkpoint().await?;
        }
        Ok(None)
    }

    /// Does what the page asks for.
    fn obey(&mut self, steering: &[Steering]) {
        for steering in steering {
            match steering {
                Steering::Save => self.run.request_checkpoint(),
                // The page has checked it against the same configuration.
                Steering::Change(change) => drop(self.run.change(*change)),
            }
        }
    }

    /// Takes steps until there is a checkpoint, if it is a matter of steps.
    async fn advance_to_a_checkpoint(&mut self) -> Result<Option<StopReason>, JobError> {
        self.run.request_checkpoint();
        if self.run.has_checkpoint() {
            self.send_checkpoint().await?;
        }
        while self.run.will_have_checkpoint() {
            if let Some(reason) = self.advance().await? {
                return Ok(Some(reason));
            }
            self.job.pass().await;
        }
        Ok(None)
    }

    async fn pause(&mut self) -> Result<(), JobError> {
        self.send_points()?;
        self.job.report(TrainProgress::Paused)?;
        let paused_ms = now_ms();
        self.job.resumed().await;
        self.started_ms += now_ms() - paused_ms;
        self.job.report(TrainProgress::Resumed)
    }

    async fn send_checkpoint(&mut self) -> Result<(), JobError> {
        self.send_points()?;
        let checkpoint = self.run.checkpoint().await.map_err(failure::of_device)?;
        self.run.forget_request();
        self.checkpoint_sent_ms = now_ms();
        let mut blobs = Blobs::new();
        let checkpoint = blobs.add(checkpoint.to_bytes().map_err(failure::of_writing)?);
        let (steps_done, epochs_done) = (self.run.steps_done(), self.run.epochs_done());
        let content = TrainProgress::Checkpoint { steps_done, epochs_done, checkpoint };
        self.job.report_with(Delivery { content, blobs })
    }

    /// Whether the run is written and read back after this epoch. The last epoch ends the run, and helpers cannot follow.
    fn ends_a_session(&self, epoch: u32) -> bool {
        self.helpers.is_empty() && ends_session(epoch, self.run.config().epochs, self.sessions)
    }

    /// Writes the run to a checkpoint and goes on in a new one that is read from it; reports the accuracy of both.
    async fn reload(&mut self, epoch: u32) -> Result<(), JobError> {
        let expected = self.test_accuracy().await?;
        let checkpoint = self.run.checkpoint().await.map_err(failure::of_device)?;
        let bytes = checkpoint.to_bytes().map_err(failure::of_writing)?;
        let checkpoint = Checkpoint::from_bytes(&bytes).map_err(failure::of_input)?;
        let micro_batch = device::micro_batch(&self.run.config().network);
        let run = Run::resume(&checkpoint, Arc::clone(&self.dataset), &self.device, micro_batch);
        let mut run = run.map_err(|error| failure::of_run(&error, 0))?;
        run.take_requests(&self.run);
        self.run = run;
        let loaded = self.test_accuracy().await?;
        self.job.report(TrainProgress::Reloaded(Reload { epoch, expected, loaded }))
    }

    /// Asks the test images.
    async fn test_accuracy(&self) -> Result<Accuracy, JobError> {
        let weights = self.run.weights().await.map_err(failure::of_device)?;
        let network = Network::for_prediction(&weights, self.run.preprocessing(), &self.device);
        let total = self.dataset.test.len() as u32;
        let micro_batch = device::micro_batch(network.spec()).test_images;
        let interrupt = Interrupt::default();
        let progress = async |done| {
            let told = self.job.report(TrainProgress::Testing { done, total });
            self.job.pass().await;
            interrupt.check(told).await;
        };
        let score = measure(&network, Part::from(&self.dataset.test), micro_batch, progress);
        interrupt.run(score).await?.map(|score| score.accuracy).map_err(failure::of_device)
    }

    /// The last weights.
    async fn finish(mut self, reason: StopReason) -> Result<Delivery<Trained>, JobError> {
        self.send_points()?;
        let mut blobs = Blobs::new();
        let weights = blobs.add(self.file().await?);
        Ok(Delivery { content: Trained { reason, card: Box::new(self.card), weights }, blobs })
    }

    fn failed(&self, error: &RunError) -> JobError {
        failure::of_run(error, self.run.steps_done())
    }

    async fn send_what_is_due(&mut self) -> Result<(), JobError> {
        let now_ms = now_ms();
        if self.changes_sent < self.run.config().changes.len() {
            self.job.report(TrainProgress::Changed(self.run.config().changes.clone()))?;
            self.changes_sent = self.run.config().changes.len();
            self.card.config = Some(self.run.config().clone());
        }
        if now_ms - self.checkpoint_sent_ms >= CHECKPOINT_MS {
            self.run.request_checkpoint();
        }
        if now_ms - self.points_sent_ms >= POINTS_MS {
            self.points_sent_ms = now_ms;
            self.send_points()?;
        }
        if now_ms - self.snapshot_sent_ms >= device::SNAPSHOT_MS {
            self.snapshot_sent_ms = now_ms;
            let mut blobs = Blobs::new();
            let weights = blobs.add(self.file().await?);
            self.job.report_with(Delivery { content: TrainProgress::Snapshot { weights }, blobs })?;
        }
        Ok(())
    }

    fn send_points(&mut self) -> Result<(), JobError> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        self.job.report(TrainProgress::Points(core::mem::take(&mut self.unsent)))
    }

    async fn send_epoch(&mut self, report: EpochReport) -> Result<(), JobError> {
        let EpochReport { epoch, train, validation, test, calibration, best_epoch } = report;
        self.card.epochs_done = epoch;
        self.card.validation = validation.map(|score| score.accuracy);
        self.card.test = test.map(|score| score.accuracy);
        self.card.calibration = calibration;
        let mut blobs = Blobs::new();
        let weights = blobs.add(self.file().await?);
        let checkpoint = self.run.checkpoint().await.map_err(failure::of_device)?;
        let checkpoint = blobs.add(checkpoint.to_bytes().map_err(failure::of_writing)?);
        let card = Box::new(self.card.clone());
        let scores = EpochScores { train, validation, test };
        let steps_done = self.run.steps_done();
        let content =
            TrainProgress::EpochDone { epoch, steps_done, scores, best_epoch, card, weights, checkpoint };
        self.job.report_with(Delivery { content, blobs })?;
        self.run.forget_request();
        (self.snapshot_sent_ms, self.checkpoint_sent_ms) = (now_ms(), now_ms());
        Ok(())
    }

    /// The present weights as a file. Its card claims an accuracy and a calibration only for weights that were measured.
    async fn file(&mut self) -> Result<Vec<u8>, JobError> {
        if !self.run.is_between_epochs() {
            (self.card.test, self.card.validation, self.card.calibration) = (None, None, None);
        }
        let weights = self.run.weights().await.map_err(failure::of_device)?;
        model::write(&weights, &self.card)
    }
}

/// Handles [`Help`]: takes every step together with the worker that asked, to the end of the run.
pub(crate) async fn help(
    worker: &mut Worker,
    request: Delivery<Help>,
    ports: Vec<MessagePort>,
) -> Result<Delivery<()>, JobError> {
    // Listen at once: the others may be ready first.
    let ports = Ports::listen(ports);
    let Delivery { content: Help { rank, train }, mut blobs } = request;
    let dataset = worker.data.dataset(&train.data).await?;
    let (mut run, ..) = begin_run(&train, &mut blobs, &dataset, &worker.device)?;
    let mut group = Group::new(rank as usize, train.workers as usize, Box::new(ports));
    group.barrier().await.map_err(|error| failure::of_run(&error.into(), 0))?;
    run.join(group);
    loop {
        match run.advance().await {
            // The worker that asked notices the same, and reports it.
            Ok(Event::Finished(_)) | Err(RunError::Diverged { .. }) => return Ok(Delivery::bare(())),
            Ok(_) => {}
            Err(error) => return Err(failure::of_run(&error, run.steps_done())),
        }
    }
}

/// Sets up a run, from its checkpoint if there is one; the epochs that it has done already, and whether it goes on to the bit.
fn begin_run(
    train: &Train,
    blobs: &mut Blobs,
    dataset: &Arc<Dataset>,
    device: &Device,
) -> Result<(Run, u32, bool), JobError> {
    let micro_batch = device::micro_batch(&train.config.network);
    let dataset = Arc::clone(dataset);
    let (run, epochs_done, is_exact) = match train.checkpoint {
        Some(checkpoint) => {
            let bytes = blobs.take(checkpoint)?;
            let checkpoint = Checkpoint::from_bytes(&bytes).map_err(failure::of_input)?;
            let run = Run::resume(&checkpoint, dataset, device, micro_batch);
            (run, checkpoint.progress.epoch, Run::is_of_this_build(&checkpoint))
        }
        None => (Run::new(train.config.clone(), dataset, device, micro_batch), 0, true),
    };
    Ok((run.map_err(|error| failure::of_run(&error, 0))?, epochs_done, is_exact))
}

/// Handles [`ComputeReference`].
pub(crate) async fn compute_reference(
    worker: &Worker,
    request: Delivery<ComputeReference>,
) -> Result<Delivery<Reference>, JobError> {
    let reference = DeviceReference::compute(&request.content.config, &worker.device).await;
    let mut blobs = Blobs::new();
    let values = blobs.add(reference.map_err(failure::of_device)?.to_bytes());
    Ok(Delivery { content: Reference { values }, blobs })
}

/// Compares the device's gradients with the CPU's; the largest relative difference.
async fn check_device(config: &TrainConfig, reference: &[u8], device: &Device) -> Result<f32, JobError> {
    let expected = DeviceReference::from_bytes(&config.network, reference);
    let expected =
        expected.ok_or_else(|| JobError::Internal("the reference for the device check is damaged".into()))?;
    let computed = DeviceReference::compute(config, device).await.map_err(failure::of_device)?;
    let difference = computed.difference(&expected);
    if difference <= DEVICE_TOLERANCE {
        Ok(difference)
    } else {
        let text = format!("the GPU's gradients differ from the CPU's by {difference:.1e}");
        Err(JobError::DeviceLost(text))
    }
}
