//! The state machine.

use std::{cell::OnceCell, sync::Arc};

use burn::tensor::{Tensor, TensorData};
use checkpoint::{Best, Checkpoint, Measured, Progress};
use dataset::{Dataset, Part, Split};
use evaluation::{Calibration, Score};
use model_spec::{NOT_A_DIGIT, Preprocessing};
use network::{Device, DeviceError, Dropout, LossSettings, Network};
use train_config::{ConfigError, LiveChange, StopReason, TrainConfig};
use weights::Weights;

use crate::{
    Group, GroupError, MicroBatch,
    epoch_end::EpochEnd,
    group_step::{Control, SharedSteps},
    measure::read_sums,
    optimizer::OptimizerState,
    step::{Batch, NormGroups, gradient_scale},
    train_images::TrainImages,
};

/// The sources that decide what a step computes, as a sum: only the same code goes on to the same bits.
const BUILD: &str = env!("INKLING_ARITHMETIC");

/// Why a run cannot begin or go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error("there are no images to train on")]
    NoImages,
    #[error("the run was begun on other images: choose the same data set, or start anew")]
    OtherImages,
    #[error(
        "a label is {label}, but the network tells {classes} classes apart, counted from 0. Choose a network with more classes"
    )]
    Classes { label: u8, classes: usize },
    #[error(
        "the loss is no longer a number: the learning rate is too high for this network. Lower it and start again"
    )]
    Diverged { step: u32 },
}

/// What a call to [`Run::advance`] did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// Part of a step, or a step whose loss is not read yet.
    Working,
    /// Steps were finished and their loss read.
    Trained(TrainPoint),
    /// Images were answered to measure the network.
    Measuring {
        /// Which images.
        part: DataPart,
        /// Answered so far.
        done: u32,
        /// Of that many.
        total: u32,
    },
    /// An epoch is complete and measured.
    EpochDone(EpochReport),
    /// The run is over; further calls say the same.
    Finished(StopReason),
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataPart {
    /// Learned from.
    Train,
    /// Held back.
    Validation,
    /// Never learned from.
    Test,
}

/// Loss and accuracy over the steps since the last point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainPoint {
    /// Steps finished since the run began, the first is 1.
    pub step: u32,
    /// Images seen since the run began.
    pub images_seen: u64,
    /// Mean cross-entropy, in nats.
    pub loss: f32,
    /// Share of the images answered rightly, 0 to 1, with dropout on.
    pub accuracy: f32,
    /// Learning rate of the last of these steps.
    pub learning_rate: f64,
}

/// The end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochReport {
    /// Epochs completed, the first is 1.
    pub epoch: u32,
    /// The whole training part, without dropout.
    pub train: Score,
    /// The validation part, where there is one.
    pub validation: Option<Score>,
    /// The test images, where they were asked.
    pub test: Option<Score>,
    /// How its probabilities are to be read, where there is a validation part.
    pub calibration: Option<Calibration>,
    /// The epoch whose weights and figures these are, where early stopping went back to it.
    pub best_epoch: Option<u32>,
}

/// A training run.
#[derive(Debug)]
pub struct Run {
    pub(crate) config: TrainConfig,
    micro_batch: MicroBatch,
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) split: Arc<Split>,
    pub(crate) network: Network,
    optimizer: OptimizerState,
    pub(crate) epoch: u32,
    /// Steps finished in this epoch.
    pub(crate) step: u32,
    images: TrainImages,
    batch: BatchProgress,
    /// Those who share the work of every step, if there are others.
    group: Option<SharedSteps>,
    unread: Unread,
    epoch_end: Option<EpochEnd>,
    pub(crate) best: Option<Best>,
    pub(crate) stopped: Option<StopReason>,
    learning_rate: f64,
    /// Sum of the images and labels, once it was asked for.
    images_crc: OnceCell<u32>,
    /// What a caller wants done at the next opportunity.
    wanted: Wanted,
}

/// What a caller wants of a run.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    checkpoint: bool,
    change: Option<LiveChange>,
}

/// The batch under way.
#[derive(Debug, Default)]
struct BatchProgress {
    /// Own images done.
    done: usize,
    /// What their passes add up to.
    passes: Option<Batch>,
}

/// Sums that are still on the device.
#[derive(Debug, Default)]
struct Unread {
    sums: Option<Tensor<1>>,
    images: usize,
    steps: u32,
}

impl Run {
    /// Begins a run from random weights.
    ///
    /// # Errors
    /// [`RunError`] where the configuration is out of range or does not fit the images.
    pub fn new(
        config: TrainConfig,
        dataset: Arc<Dataset>,
        device: &Device,
        micro_batch: MicroBatch,
    ) -> Result<Self, RunError> {
        let weights = Weights::initial(&config.network, config.seed);
        Self::from_weights(config, &weights, dataset, device, micro_batch)
    }

    /// Begins a run from given weights; their network takes the place of the configuration's.
    ///
    /// # Errors
    /// As for [`Run::new`].
    pub fn from_weights(
        mut config: TrainConfig,
        weights: &Weights,
        dataset: Arc<Dataset>,
        device: &Device,
        micro_batch: MicroBatch,
    ) -> Result<Self, RunError> {
        config.network = weights.network().clone();
        config.check()?;
        let split = Arc::new(dataset.split(config.validation_share, config.seed));
        if split.train.is_empty() {
            return Err(RunError::NoImages);
        }
        check_labels(&dataset, config.network.classes())?;
        let plain = device.clone().without_autodiff();
        let images = TrainImages::new(
            Arc::clone(&dataset),
            Arc::clone(&split),
            &config,
            &plain,
            micro_batch.keeps_images,
        );
        let preprocessing = config.preprocessing.resolve(images.levels());
        Ok(Self {
            micro_batch,
            network: Network::from_weights(weights, preprocessing, &device.clone().autodiff()),
            optimizer: OptimizerState::new(&config),
            dataset,
            split,
            epoch: 0,
            step: 0,
            images,
            batch: BatchProgress::default(),
            group: None,
            unread: Unread::default(),
            epoch_end: None,
            best: None,
            stopped: None,
            learning_rate: 0.0,
            images_crc: OnceCell::new(),
            wanted: Wanted::default(),
            config,
        })
    }

    /// Goes on from a checkpoint, on any device; with the same build on a CPU, exactly as if it had never stopped.
    ///
    /// # Errors
    /// As for [`Run::new`]; [`RunError::OtherImages`] where it was begun on other images.
    pub fn resume(
        checkpoint: &Checkpoint,
        dataset: Arc<Dataset>,
        device: &Device,
        micro_batch: MicroBatch,
    ) -> Result<Self, RunError> {
        let progress = &checkpoint.progress;
        let mut run =
            Self::from_weights(progress.config.clone(), &checkpoint.weights, dataset, device, micro_batch)?;
        if run.images_crc() != progress.images_crc {
            return Err(RunError::OtherImages);
        }
        let moments = (!checkpoint.moments.is_empty()).then(|| {
            let moments = TensorData::new(checkpoint.moments.clone(), [checkpoint.moments.len()]);
            Tensor::from_data(moments, &device.clone().without_autodiff())
        });
        run.optimizer = OptimizerState::restored(&run.config, progress.optimizer_steps, moments);
        (run.epoch, run.step, run.stopped) = (progress.epoch, progress.step, progress.stopped);
        run.best.clone_from(&checkpoint.best);
        run.images.shuffle(progress.epoch);
        Ok(run)
    }

    /// Whether the code that wrote a checkpoint is this one: only then what follows has the same bits as without the interruption.
    pub fn is_of_this_build(checkpoint: &Checkpoint) -> bool {
        checkpoint.progress.build == BUILD
    }

    /// Shares the work of every step with others, who follow the same configuration on the same images.
    ///
    /// # Panics
    /// Where a batch or a measurement is under way: its work cannot be divided any more.
    pub fn join(&mut self, group: Group) {
        assert!(self.batch.done == 0 && self.epoch_end.is_none(), "a group begins between two steps");
        self.group = Some(SharedSteps::new(group));
    }

    /// What it does.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// What it does to grey levels, standardized by its own training part where that was asked for.
    pub fn preprocessing(&self) -> Preprocessing {
        self.network.preprocessing()
    }

    /// Images that it learns from.
    pub fn train_images(&self) -> u32 {
        self.split.train.len() as u32
    }

    /// Images that are held back.
    pub fn validation_images(&self) -> u32 {
        self.split.validation.len() as u32
    }

    /// Steps of the whole run.
    pub fn steps(&self) -> u32 {
        self.steps_per_epoch() * self.config.epochs
    }

    /// Steps finished.
    pub fn steps_done(&self) -> u32 {
        self.epoch * self.steps_per_epoch() + self.step
    }

    /// Whether the present weights are those that the last epoch was measured with, or the first ones.
    pub fn is_between_epochs(&self) -> bool {
        self.step == 0
    }

    /// Epochs finished.
    pub fn epochs_done(&self) -> u32 {
        self.epoch
    }

    /// Reads the present weights.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn weights(&self) -> Result<Weights, DeviceError> {
        self.network.to_weights().await
    }

    /// Reads all that is needed to go on later. A batch under way is begun again then.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    ///
    /// # Panics
    /// In a group where none [is ready](Self::has_checkpoint): each rank holds a part of the moments then.
    pub async fn checkpoint(&self) -> Result<Checkpoint, DeviceError> {
        assert!(
            self.group.as_ref().is_none_or(|shared| shared.is_whole),
            "the ranks hold parts of the moments"
        );
        let weights = self.network.to_weights().await?;
        let moments = network::read_flat(self.optimizer.moments.iter().cloned().collect()).await?.concat();
        let progress = Progress {
            config: self.config.clone(),
            images_crc: self.images_crc(),
            build: BUILD.to_owned(),
            epoch: self.epoch,
            step: self.step,
            optimizer_steps: self.optimizer.steps,
            stopped: self.stopped,
        };
        Ok(Checkpoint { progress, weights, moments, best: self.best.clone() })
    }

    /// Asks for a checkpoint as soon as there can be one: a group takes another step first. Only the first rank may ask.
    pub fn request_checkpoint(&mut self) {
        self.wanted.checkpoint = true;
    }

    /// Whether a checkpoint that was asked for can be [read](Self::checkpoint) before the next piece of work: no point of the
    /// curves is then lost between it and what follows.
    pub fn has_checkpoint(&self) -> bool {
        self.wanted.checkpoint
            && self.batch.done == 0
            && self.unread.steps == 0
            && self.epoch_end.is_none()
            && self.group.as_ref().is_none_or(|shared| shared.is_whole)
    }

    /// Whether a checkpoint that was asked for comes with the steps of this epoch.
    pub fn will_have_checkpoint(&self) -> bool {
        self.wanted.checkpoint && self.epoch_end.is_none() && self.step < self.steps_per_epoch()
    }

    /// Notes that the checkpoint which was asked for has been read.
    pub fn forget_request(&mut self) {
        self.wanted.checkpoint = false;
    }

    /// Changes the run from the next step on, of a group from the one after it. Only the first rank may ask. The configuration
    /// keeps it.
    ///
    /// # Errors
    /// [`ConfigError`] where the change is out of range.
    pub fn change(&mut self, change: LiveChange) -> Result<(), ConfigError> {
        self.config.changed(LiveChange { step: u32::MAX, ..change })?;
        let before = self.wanted.change.unwrap_or_default();
        self.wanted.change = Some(LiveChange {
            step: 0,
            learning_rate: change.learning_rate.or(before.learning_rate),
            dropout: change.dropout.or(before.dropout),
            augmentation: change.augmentation.or(before.augmentation),
        });
        Ok(())
    }

    /// Takes over what another run was asked for and has not done yet: a checkpoint does not hold it.
    pub fn take_requests(&mut self, of: &Self) {
        self.wanted = of.wanted;
    }

    /// Takes on a change from here on. Those of a repeat that are yet to come stay behind it.
    fn take_on(&mut self, change: LiveChange) {
        let step = self.steps_done();
        let place = self.config.changes.partition_point(|before| before.step <= step);
        self.config.changes.insert(place, LiveChange { step, ..change });
    }

    fn images_crc(&self) -> u32 {
        *self.images_crc.get_or_init(|| {
            let mut crc = flate2::Crc::new();
            for part in [&self.dataset.train, &self.dataset.test] {
                crc.update(&part.pixels);
                crc.update(&part.labels);
            }
            crc.sum()
        })
    }

    /// Does the next piece of work.
    ///
    /// # Errors
    /// [`RunError::Device`] where the device is lost, [`RunError::Group`] where another rank is, [`RunError::Diverged`] where
    /// the loss is no longer finite. The run is over then.
    pub async fn advance(&mut self) -> Result<Event, RunError> {
        if let Some(reason) = self.stopped {
            return Ok(Event::Finished(reason));
        }
        if self.epoch >= self.config.epochs {
            return Ok(Event::Finished(StopReason::Epochs));
        }
        if self.step < self.steps_per_epoch() {
            self.train_pass().await?;
            let due =
                self.unread.steps >= self.micro_batch.readback_steps || self.step == self.steps_per_epoch();
            if due && self.unread.steps > 0 {
                return self.read_point().await.map(Event::Trained);
            }
            return Ok(Event::Working);
        }
        // On WebGPU this future takes many kB, and every future that awaits `advance` would carry it.
        Box::pin(self.measure_pass()).await
    }

    /// Begins the next epoch without measuring the network: for comparisons with trainers that measure nothing. Does nothing where
    /// steps of this epoch are still to be taken.
    pub fn skip_measuring(&mut self) {
        if self.step == self.steps_per_epoch() && self.epoch_end.is_none() {
            self.begin_next_epoch();
        }
    }

    fn begin_next_epoch(&mut self) {
        self.epoch += 1;
        self.step = 0;
        self.images.shuffle(self.epoch);
    }

    pub(crate) fn steps_per_epoch(&self) -> u32 {
        self.config.steps_per_epoch(self.split.train.len() as u32)
    }

    /// One forward and backward pass, and the optimizer's step where it completes a batch.
    async fn train_pass(&mut self) -> Result<(), RunError> {
        if self.group.is_none()
            && self.batch.done == 0
            && let Some(change) = self.wanted.change.take()
        {
            self.take_on(change);
        }
        let batch_size = self.config.batch_size as usize;
        let batch_start = self.step as usize * batch_size;
        let batch_images = batch_size.min(self.images.len() - batch_start);
        let norm_group = self.config.norm_group_images();
        let group = self.group.as_ref();
        let norms = NormGroups::new(&self.config.network, batch_images, norm_group, |count| {
            group.map_or(0..count, |shared| shared.group.share(count))
        });
        let own = norms.own_images();
        let BatchProgress { done, passes: before } = core::mem::take(&mut self.batch);
        // What is normalized together is computed together.
        let images = (own.len() - done).min(norm_group.unwrap_or(self.micro_batch.train_images));
        let first_image = own.start + done;

        let probability = self.config.dropout_at(self.steps_done());
        let dropout = Dropout::Seeded { seed: self.dropout_seed(), first_image, probability };
        let settings =
            LossSettings { batch_size: batch_images, label_smoothing: self.config.label_smoothing as f32 };
        let augmentation = self.config.augmentation_at(self.steps_done());
        let images_of_pass = self.images.batch(batch_start + first_image, images, augmentation);
        let pass = self.network.train_pass(images_of_pass, settings, dropout);
        let passes = Batch::with(before, pass);
        if done + images < own.len() {
            self.batch = BatchProgress { done: done + images, passes: Some(passes) };
            return Ok(());
        }
        let factor = self.config.rate_factor(self.steps_done(), self.steps_per_epoch());
        self.learning_rate = self.config.learning_rate_at(self.steps_done()) * factor;
        let gradient_clip = self.config.gradient_clip;
        let mut ordered = Control::default();
        let mut change = Vec::new();
        let sums = if let Some(shared) = &mut self.group {
            let rate = (self.learning_rate, gradient_clip);
            if let Some(wanted) = self.wanted.change.take() {
                change = serde_json::to_vec(&wanted).map_err(|error| GroupError(error.to_string()))?;
            }
            let own = Control { wants_checkpoint: self.wanted.checkpoint, change_bytes: change.len() };
            let sums;
            (sums, ordered) =
                shared.step(&mut self.network, &mut self.optimizer, rate, passes, &norms, own).await?;
            sums
        } else {
            let scale = gradient_scale(&passes.gradients, gradient_clip).await?;
            let parameters = self.network.take_parameters();
            let rule = self.optimizer.next_rule(self.learning_rate, scale);
            let fusion = self.network.fusion();
            let parameters = self.optimizer.step(fusion, rule, parameters, passes.gradients);
            self.network.set_parameters(parameters);
            for moments in passes.moments {
                self.network.update_running(moments);
            }
            passes.sums
        };
        self.unread.sums = Some(match self.unread.sums.take() {
            Some(before) => before + sums,
            None => sums,
        });
        self.unread.images += batch_images;
        self.step += 1;
        self.unread.steps += 1;
        self.obey(ordered, &change).await
    }

    /// Does what the first rank of the group asked for with the step just taken.
    async fn obey(&mut self, ordered: Control, own_change: &[u8]) -> Result<(), RunError> {
        let Some(shared) = &mut self.group else { return Ok(()) };
        if ordered.wants_checkpoint {
            shared.collect_moments(&self.network, &mut self.optimizer).await?;
        }
        if ordered.change_bytes > 0 {
            let bytes = shared.broadcast(own_change, ordered.change_bytes).await?;
            let change = serde_json::from_slice(&bytes).map_err(|error| GroupError(error.to_string()))?;
            self.take_on(change);
        }
        Ok(())
    }

    /// Depends on the configuration and on the step alone, so that a resumed run drops the same values.
    fn dropout_seed(&self) -> u64 {
        let place = u64::from(self.steps_done()) << 16;
        (self.config.seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    async fn read_point(&mut self) -> Result<TrainPoint, RunError> {
        let Unread { sums, images, .. } = core::mem::take(&mut self.unread);
        let [loss, right] = match sums {
            Some(sums) => read_sums(sums).await?,
            None => [0.0; 2],
        };
        let loss = loss / images.max(1) as f32;
        if !loss.is_finite() {
            return Err(RunError::Diverged { step: self.steps_done() });
        }
        let train_images = self.split.train.len();
        let in_epoch = (self.step as usize * self.config.batch_size as usize).min(train_images);
        Ok(TrainPoint {
            step: self.steps_done(),
            images_seen: u64::from(self.epoch) * train_images as u64 + in_epoch as u64,
            loss,
            accuracy: right / images.max(1) as f32,
            learning_rate: self.learning_rate,
        })
    }

    /// Answers some images of the part that is measured now; the last ones end the epoch.
    async fn measure_pass(&mut self) -> Result<Event, RunError> {
        let mut end = self.epoch_end.take().unwrap_or_default();
        while let Some(part) = end.next_part(self) {
            let images = self.part(part);
            let own = self.group.as_ref().map_or(0..images.len(), |shared| shared.group.share(images.len()));
            if end.sums.done < own.len() {
                end.answer(part, &self.network, images, own.clone(), self.micro_batch.test_images).await?;
                // The others are about as far.
                let done = end.sums.done as u64 * images.len() as u64 / own.len() as u64;
                let event = Event::Measuring { part, done: done as u32, total: images.len() as u32 };
                self.epoch_end = Some(end);
                return Ok(event);
            }
            let total = images.len();
            if let Some(shared) = &mut self.group {
                let sums = shared.group.all_reduce(end.sums.values()).await?;
                end.sums.take_values(&sums);
                if part == DataPart::Validation {
                    end.share_probabilities(&mut shared.group, self.config.network.classes(), total).await?;
                }
            }
            let labels = self.split.validation.iter().map(|&index| self.dataset.train.labels[index as usize]);
            end.complete(part, total, || labels.collect());
            if let Some(best) = end.decide(self) {
                self.restore(&best);
            }
        }
        if let Some(shared) = &mut self.group {
            shared.collect_moments(&self.network, &mut self.optimizer).await?;
        }
        let (is_best, stop) = (end.is_best, end.stop);
        let (report, measured) = end.report(self.epoch + 1);
        if is_best && self.config.stop.early_stopping.is_some() {
            let weights = self.network.to_weights().await?;
            self.best = Some(Best { epoch: report.epoch, measured, weights });
        }
        self.begin_next_epoch();
        self.stopped = stop;
        Ok(Event::EpochDone(report))
    }

    /// The images of a part.
    pub(crate) fn part(&self, part: DataPart) -> Part<'_> {
        match part {
            DataPart::Train => Part::of(&self.dataset.train, &self.split.train),
            DataPart::Validation => Part::of(&self.dataset.train, &self.split.validation),
            DataPart::Test => Part::from(&self.dataset.test),
        }
    }

    /// Takes the weights of the best epoch.
    fn restore(&mut self, best: &Best) {
        let device = self.network.device().clone();
        self.network = Network::from_weights(&best.weights, self.network.preprocessing(), &device);
    }

    pub(crate) fn best_measured(&self) -> Option<(u32, Measured)> {
        self.best.as_ref().map(|best| (best.epoch, best.measured))
    }
}

/// A label that the network has no place for would be taken for "no digit".
fn check_labels(dataset: &Dataset, classes: usize) -> Result<(), RunError> {
    let labels = dataset.train.labels.iter().chain(&dataset.test.labels);
    match labels.copied().find(|&label| label != NOT_A_DIGIT && usize::from(label) >= classes) {
        Some(label) => Err(RunError::Classes { label, classes }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;

/// Groups on threads, which a tab has not; there the end-to-end tests have workers.
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod group_tests;
