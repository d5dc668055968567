//! The state machine.

use core::ops::Range;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use dataset::{LabelledImages, Split};
use network::{Batch, Device, DeviceError, Dropout, Network, NormStatistics, TrainPass, read_flat};
use recipe::{Accuracy, CLASSES, Calibration, PIXELS, RecipeError, TrainRecipe};
use weights::Weights;

use crate::{
    Checkpoint, Pace, Team, TeamError, checkpoint::Place, optimizer::OptimizerState,
    shared_step::SharedSteps, train_images::TrainImages,
};

/// Why a run cannot begin or go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum RunError {
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Team(#[from] TeamError),
    #[error("there are no images to train on")]
    NoImages,
    #[error(
        "the loss is no longer a number: the learning rate is too high for this network. Lower it and start again"
    )]
    Diverged,
}

/// What a call to [`Run::advance`] did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// Part of a step, or a step whose loss is not read yet.
    Working,
    /// Steps were finished and their loss read.
    Trained(TrainPoint),
    /// Test images were answered: this many of that many.
    Testing {
        /// Answered so far.
        done: u32,
        /// Test images.
        total: u32,
    },
    /// An epoch and its test are complete.
    EpochDone(EpochReport),
    /// The recipe is complete; further calls say the same.
    Finished,
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
}

/// The end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochReport {
    /// Epochs completed, the first is 1.
    pub epoch: u32,
    /// Accuracy on the test images.
    pub test: Accuracy,
    /// Mean cross-entropy on the test images, in nats.
    pub test_loss: f32,
    /// How its probabilities are to be read, where images are held back to find that out.
    pub calibration: Option<Calibration>,
}

/// Training images that say what batch normalisation is folded in as, where weights are tested.
const NORM_IMAGES: usize = 2_048;

/// The same within an epoch: a page asks for weights every second, and waits no longer than three for a stopped run's.
const SNAPSHOT_NORM_IMAGES: usize = 512;

/// A training run.
#[derive(Debug)]
pub struct Run {
    recipe: TrainRecipe,
    pace: Pace,
    split: Arc<Split>,
    network: Network,
    optimizer: OptimizerState,
    epoch: u32,
    /// Steps finished in this epoch.
    step: u32,
    images: TrainImages,
    batch: BatchProgress,
    /// Those who share the work of every step, if there are others.
    team: Option<SharedSteps>,
    unread: Unread,
    test: Option<TestProgress>,
    /// The present network with batch normalisation folded in, where an epoch has ended: what is tested, and then read.
    folded: Option<Network>,
}

/// The batch under way.
#[derive(Debug, Default)]
struct BatchProgress {
    /// Images done.
    done: usize,
    /// What their passes add up to.
    pass: Option<TrainPass>,
}

/// Sums that are still on the device.
#[derive(Debug, Default)]
struct Unread {
    sums: Option<Tensor<1>>,
    images: usize,
    steps: u32,
}

#[derive(Debug, Default)]
struct TestProgress {
    done: usize,
    sums: Option<Tensor<1>>,
    /// What was answered to the images that are held back.
    held_back: Vec<[f32; CLASSES]>,
}

impl Run {
    /// Begins a run from random weights.
    ///
    /// # Errors
    /// [`RunError`] where the recipe is out of range or there is nothing to train on.
    pub fn new(
        recipe: TrainRecipe,
        split: Arc<Split>,
        device: &Device,
        pace: Pace,
    ) -> Result<Self, RunError> {
        Self::from_weights(recipe, &Weights::initial(recipe.architecture, recipe.seed), split, device, pace)
    }

    /// Begins a run from given weights; their architecture goes before the recipe's.
    ///
    /// # Errors
    /// As for [`Run::new`].
    pub fn from_weights(
        recipe: TrainRecipe,
        weights: &Weights,
        split: Arc<Split>,
        device: &Device,
        pace: Pace,
    ) -> Result<Self, RunError> {
        recipe.check()?;
        if split.train.is_empty() {
            return Err(RunError::NoImages);
        }
        let plain = device.clone().without_autodiff();
        let images = TrainImages::new(Arc::clone(&split), &recipe, &plain, pace.keeps_images);
        Ok(Self {
            recipe: TrainRecipe { architecture: weights.architecture(), ..recipe },
            pace,
            split,
            network: Network::from_weights(weights, &device.clone().autodiff())
                .with_batch_norm(recipe.batch_norm),
            optimizer: OptimizerState::new(&recipe),
            epoch: 0,
            step: 0,
            images,
            batch: BatchProgress::default(),
            team: None,
            unread: Unread::default(),
            test: None,
            folded: None,
        })
    }

    /// Goes on from a checkpoint, on any device; on the same kind of device, exactly as if it had never stopped.
    ///
    /// # Errors
    /// As for [`Run::new`].
    pub fn resume(
        checkpoint: &Checkpoint,
        split: Arc<Split>,
        device: &Device,
        pace: Pace,
    ) -> Result<Self, RunError> {
        let place = checkpoint.place;
        let mut run = Self::from_weights(place.recipe, &checkpoint.weights, split, device, pace)?;
        let moments = (place.optimizer_steps > 0).then(|| {
            let moments = TensorData::new(checkpoint.moments.clone(), [checkpoint.moments.len()]);
            Tensor::from_data(moments, &device.clone().without_autodiff())
        });
        run.optimizer = OptimizerState::restored(&place.recipe, place.optimizer_steps, moments);
        (run.epoch, run.step) = (place.epoch, place.step);
        run.images.shuffle(place.epoch);
        Ok(run)
    }

    /// Shares the work of every step with others, who follow the same recipe on the same images.
    ///
    /// # Panics
    /// Where a batch or a test is under way: its work cannot be divided any more.
    pub fn join(&mut self, team: Team) {
        assert!(self.batch.done == 0 && self.test.is_none(), "a team begins between two steps");
        self.team = Some(SharedSteps::new(team));
    }

    /// Steps of the whole run.
    pub fn steps(&self) -> u32 {
        self.steps_per_epoch() * self.recipe.epochs
    }

    /// Steps finished.
    pub fn steps_done(&self) -> u32 {
        self.epoch * self.steps_per_epoch() + self.step
    }

    /// Reads the present weights, batch normalisation folded in.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn weights(&self) -> Result<Weights, DeviceError> {
        match &self.folded {
            Some(folded) => folded.to_weights().await,
            None if self.recipe.batch_norm => Box::pin(self.folded_weights()).await,
            None => self.network.to_weights().await,
        }
    }

    /// The present weights, batch normalisation folded in: the same whenever they are asked for.
    async fn folded_weights(&self) -> Result<Weights, DeviceError> {
        let within_epoch = (1..self.steps_per_epoch()).contains(&self.step);
        let most_images = if within_epoch { SNAPSHOT_NORM_IMAGES } else { NORM_IMAGES };
        // As the last epoch changes them: it is the last weights that matter.
        let mut images = self.images.clone();
        images.shuffle(self.recipe.epochs - 1);
        let count = self.pace.train_images.min(self.recipe.batch_size as usize).min(images.len());
        let mut statistics = NormStatistics::default();
        for batch in 0..(most_images.min(images.len()) / count).max(1) {
            statistics.add(&self.network, images.batch(batch * count, count));
        }
        Ok(self.network.to_weights().await?.folded(&statistics.read().await?))
    }

    /// Reads all that is needed to go on later. A batch under way is begun again then.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    ///
    /// # Panics
    /// In a team within an epoch: each holds a part of the moments then.
    pub async fn checkpoint(&self) -> Result<Checkpoint, DeviceError> {
        assert!(self.team.is_none() || self.step == 0, "a team has checkpoints between two epochs alone");
        let weights = self.network.to_weights().await?;
        let moments = read_flat(self.optimizer.moments.iter().cloned().collect()).await?.concat();
        let place = Place {
            recipe: self.recipe,
            epoch: self.epoch,
            step: self.step,
            optimizer_steps: self.optimizer.steps,
        };
        Ok(Checkpoint { place, weights, moments })
    }

    /// Does the next piece of work.
    ///
    /// # Errors
    /// [`RunError::Device`] where the device is lost, [`RunError::Team`] where another rank is, [`RunError::Diverged`] where
    /// the loss is no longer finite. The run is over then.
    pub async fn advance(&mut self) -> Result<Event, RunError> {
        if self.epoch >= self.recipe.epochs {
            return Ok(Event::Finished);
        }
        if self.step < self.steps_per_epoch() {
            self.train_pass().await?;
            let due = self.unread.steps >= self.pace.readback_steps || self.step == self.steps_per_epoch();
            if due && self.unread.steps > 0 {
                return self.read_point().await.map(Event::Trained);
            }
            return Ok(Event::Working);
        }
        // On WebGPU this future takes 24 kB, and every future that awaits `advance` would carry it.
        Box::pin(self.test_pass()).await
    }

    /// The own part of `count` things.
    fn share(&self, count: usize) -> Range<usize> {
        self.team.as_ref().map_or(0..count, |shared| shared.team.share(count))
    }

    fn steps_per_epoch(&self) -> u32 {
        self.recipe.steps_per_epoch(self.split.train.len() as u32)
    }

    /// One forward and backward pass, and the optimizer's step where it completes a batch.
    async fn train_pass(&mut self) -> Result<(), RunError> {
        let batch_size = self.recipe.batch_size as usize;
        let batch_start = self.step as usize * batch_size;
        let batch_images = batch_size.min(self.images.len() - batch_start);
        let own = self.share(batch_images);
        let BatchProgress { done, pass: before } = core::mem::take(&mut self.batch);
        let images = (own.len() - done).min(self.pace.train_images);
        let first_image = own.start + done;
        let start = batch_start + first_image;

        let dropout = Dropout::Seeded { seed: self.dropout_seed(), first_image };
        let batch = self.images.batch(start, images);
        let mut pass = self.network.train_pass(batch, batch_images, dropout);
        if let Some(TrainPass { sums, gradients }) = before {
            pass.sums = sums + pass.sums;
            pass.gradients = gradients.into_iter().zip(pass.gradients).map(|(sum, own)| sum + own).collect();
        }
        if done + images < own.len() {
            self.batch = BatchProgress { done: done + images, pass: Some(pass) };
            return Ok(());
        }
        self.folded = None;
        let factor = self.recipe.schedule.factor(self.steps_done(), self.steps());
        let learning_rate = self.recipe.learning_rate * factor;
        let sums = if let Some(team) = &mut self.team {
            team.step(&mut self.network, &mut self.optimizer, learning_rate, pass).await?
        } else {
            let parameters = self.network.take_parameters();
            let engine = self.network.engine();
            let parameters = self.optimizer.step(engine, learning_rate, parameters, pass.gradients);
            self.network.set_parameters(parameters);
            pass.sums
        };
        self.unread.sums = Some(added(self.unread.sums.take(), sums));
        self.unread.images += batch_images;
        self.step += 1;
        self.unread.steps += 1;
        Ok(())
    }

    /// Depends on the recipe and on the step alone, so that a resumed run drops the same values.
    fn dropout_seed(&self) -> u64 {
        let place = u64::from(self.steps_done()) << 16;
        (self.recipe.seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    async fn read_point(&mut self) -> Result<TrainPoint, RunError> {
        let Unread { sums, images, .. } = core::mem::take(&mut self.unread);
        let [loss, right] = read_sums(sums).await?;
        let loss = loss / images as f32;
        if !loss.is_finite() {
            return Err(RunError::Diverged);
        }
        let before = u64::from(self.epoch) * self.split.train.len() as u64;
        let in_epoch = (self.step as usize * self.recipe.batch_size as usize).min(self.split.train.len());
        Ok(TrainPoint {
            step: self.steps_done(),
            images_seen: before + in_epoch as u64,
            loss,
            accuracy: right / images as f32,
        })
    }

    async fn test_pass(&mut self) -> Result<Event, RunError> {
        let mut test = self.test.take().unwrap_or_default();
        if self.recipe.batch_norm && self.folded.is_none() {
            self.folded = Some(Network::from_weights(&self.folded_weights().await?, self.network.device()));
        }
        let network = self.folded.as_ref().unwrap_or(&self.network);
        let set = &self.split.test;
        let own = self.share(set.len());
        if test.done < own.len() {
            let count = self.pace.test_images.min(own.len() - test.done);
            test.sums = Some(added(test.sums, tested(network, set, own.start + test.done, count)));
            test.done += count;
            // The readback lets a GPU's queue run dry and a browser's messages in.
            let sums = test.sums.take().map(Tensor::into_data_async);
            if let Some(sums) = sums {
                let data = sums.await.map_err(|error| DeviceError(format!("{error:?}")))?;
                test.sums = Some(Tensor::from_data(data, &self.network.device().clone().without_autodiff()));
            }
            // The others are about as far.
            let done = test.done as u64 * set.len() as u64 / own.len() as u64;
            let event = Event::Testing { done: done as u32, total: set.len() as u32 };
            self.test = Some(test);
            return Ok(event);
        }
        // In a team everyone finds the same: it is little work, and nothing has to be sent.
        let held_back = &self.split.held_back;
        if test.held_back.len() < held_back.len() {
            let rest = &held_back.pixels[test.held_back.len() * PIXELS..];
            let levels = &rest[..rest.len().min(self.pace.test_images * PIXELS)];
            test.held_back.extend(network.predict(levels).await?);
            self.test = Some(test);
            return Ok(Event::Testing { done: set.len() as u32, total: set.len() as u32 });
        }
        let calibration = (!held_back.is_empty())
            .then(|| Calibration::fitted(&test.held_back, &held_back.labels, Calibration::REJECTED_SHARE));
        let [mut loss, mut right] = read_sums(test.sums).await?;
        if let Some(team) = &mut self.team {
            if let [loss_sum, right_sum] = team.team.sum(vec![loss, right]).await?[..] {
                (loss, right) = (loss_sum, right_sum);
            }
            team.collect_moments(&self.network, &mut self.optimizer).await?;
        }
        self.epoch += 1;
        self.step = 0;
        self.images.shuffle(self.epoch);
        Ok(Event::EpochDone(EpochReport {
            epoch: self.epoch,
            test: Accuracy { correct: right as u32, total: set.len() as u32 },
            test_loss: loss / set.len().max(1) as f32,
            calibration,
        }))
    }
}

/// Tests weights on images, `pass_images` at a time; `progress` is told how many are done.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn evaluate(
    network: &Network,
    set: &LabelledImages,
    pass_images: usize,
    mut progress: impl AsyncFnMut(u32),
) -> Result<Accuracy, DeviceError> {
    let mut correct = 0.0;
    let mut done = 0;
    while done < set.len() {
        let count = pass_images.min(set.len() - done);
        let [_, right] = read_sums(Some(tested(network, set, done, count))).await?;
        correct += right;
        done += count;
        progress(done as u32).await;
    }
    Ok(Accuracy { correct: correct as u32, total: set.len() as u32 })
}

fn tested(network: &Network, set: &LabelledImages, start: usize, count: usize) -> Tensor<1> {
    let levels = &set.pixels[start * PIXELS..(start + count) * PIXELS];
    network.test_pass(Batch::Levels { levels, labels: &set.labels[start..start + count] })
}

fn added(sums: Option<Tensor<1>>, more: Tensor<1>) -> Tensor<1> {
    match sums {
        Some(sums) => sums + more,
        None => more,
    }
}

/// Sum of the losses and number of right answers; zeros where nothing was summed.
async fn read_sums(sums: Option<Tensor<1>>) -> Result<[f32; 2], DeviceError> {
    let Some(sums) = sums else { return Ok([0.0; 2]) };
    let data = sums.into_data_async().await.map_err(|error| DeviceError(format!("{error:?}")))?;
    let mut values = data.iter::<f32>();
    Ok([values.next().unwrap_or(f32::NAN), values.next().unwrap_or(0.0)])
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use dataset::built_in_split;
    use pollster::block_on;
    use recipe::{Architecture, Augmentation, Optimizer, Schedule};

    use super::*;
    use crate::DeviceReference;

    fn small() -> (TrainRecipe, Arc<Split>) {
        let recipe = TrainRecipe { batch_size: 20, epochs: 2, seed: 5, ..TrainRecipe::default() };
        (recipe, Arc::new(built_in_split(200, 1)))
    }

    fn begin(recipe: TrainRecipe, split: &Arc<Split>, train_images: usize) -> Run {
        let pace = Pace { train_images, test_images: 64, readback_steps: 1, keeps_images: false };
        Run::new(recipe, Arc::clone(split), &Device::flex(), pace).unwrap()
    }

    fn finish(run: &mut Run) -> (Vec<TrainPoint>, Vec<EpochReport>) {
        let (mut points, mut reports) = (Vec::new(), Vec::new());
        loop {
            match block_on(run.advance()).unwrap() {
                Event::Trained(point) => points.push(point),
                Event::EpochDone(report) => reports.push(report),
                Event::Finished => return (points, reports),
                Event::Working | Event::Testing { .. } => {}
            }
        }
    }

    #[test]
    fn every_optimizer_learns() {
        for optimizer in Optimizer::ALL {
            let (recipe, split) = small();
            let learning_rate = optimizer.usual_learning_rate(recipe.architecture) / 2.0;
            let recipe =
                TrainRecipe { optimizer, learning_rate, epochs: 8, schedule: Schedule::Constant, ..recipe };
            let (points, reports) = finish(&mut begin(recipe, &split, 20));
            assert_eq!((points.len(), reports.len()), (80, 8));
            assert_eq!(points[79].images_seen, 1_600);
            let (first, last) = (points[0].loss, points[79].loss);
            assert!(last < 0.65 * first, "{optimizer:?}: {first} to {last}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_weights_to_the_last_bit() {
        for architecture in Architecture::ALL {
            let (recipe, split) = small();
            let recipe = TrainRecipe { architecture, epochs: 1, ..recipe };
            let weights = |seed| {
                let mut run = begin(TrainRecipe { seed, ..recipe }, &split, 8);
                finish(&mut run);
                block_on(run.weights()).unwrap()
            };
            assert!(weights(5) == weights(5), "{architecture:?}");
            assert!(weights(5) != weights(6), "{architecture:?}");
        }
    }

    #[test]
    fn passes_add_up_to_the_batch() {
        let (recipe, split) = small();
        let recipe = TrainRecipe { optimizer: Optimizer::Sgd, learning_rate: 0.01, epochs: 1, ..recipe };
        let losses = |train_images| finish(&mut begin(recipe, &split, train_images)).0;
        for (whole, parts) in losses(20).into_iter().zip(losses(7)) {
            assert!((whole.loss - parts.loss).abs() < 1e-4, "{whole:?} {parts:?}");
        }
    }

    /// WebAssembly's memory only grows: what ten epochs need, the second one must have had.
    #[cfg(target_arch = "wasm32")]
    #[test]
    fn memory_is_flat_over_ten_epochs() {
        for architecture in Architecture::ALL {
            let (recipe, split) = small();
            let mut run = begin(TrainRecipe { architecture, epochs: 12, ..recipe }, &split, 20);
            let mut pages = Vec::new();
            while let Ok(event) = block_on(run.advance()) {
                match event {
                    Event::EpochDone(_) => pages.push(core::arch::wasm32::memory_size::<0>()),
                    Event::Finished => break,
                    _ => {}
                }
            }
            assert_eq!(pages.len(), 12);
            assert_eq!(pages[1], pages[11], "{architecture:?}: pages of 64 KiB after each epoch: {pages:?}");
        }
    }

    #[test]
    fn a_resumed_run_goes_on_exactly() {
        for (architecture, optimizer, batch_norm) in [
            (Architecture::WorkshopCnn, Optimizer::RmsProp, false),
            (Architecture::FastCnn, Optimizer::Adam, false),
            (Architecture::Mlp, Optimizer::Adam, true),
        ] {
            let (recipe, split) = small();
            let recipe = TrainRecipe { architecture, optimizer, batch_norm, learning_rate: 0.001, ..recipe };
            let mut whole = begin(recipe, &split, 20);
            for _ in 0..7 {
                block_on(whole.advance()).unwrap();
            }
            let bytes = block_on(whole.checkpoint()).unwrap().to_bytes();
            finish(&mut whole);

            let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
            let pace = Pace { train_images: 20, test_images: 64, readback_steps: 1, keeps_images: false };
            let mut resumed = Run::resume(&checkpoint, Arc::clone(&split), &Device::flex(), pace).unwrap();
            assert_eq!(resumed.steps_done(), 7);
            finish(&mut resumed);
            assert!(block_on(whole.weights()) == block_on(resumed.weights()), "{architecture:?}");
            assert!(Checkpoint::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        }
    }

    /// Folded in, it leaves plain weights: what is tested is what is read afterwards.
    #[test]
    fn batch_normalisation_is_in_the_weights_that_are_tested_and_read() {
        let (recipe, split) = small();
        let augmentation = Augmentation { share: 0.5, shift_px: 2.0, ..Augmentation::NONE };
        let recipe = TrainRecipe { epochs: 5, batch_norm: true, augmentation, ..recipe };
        let mut run = begin(recipe, &split, 20);
        let mut tested = None;
        let report = loop {
            match block_on(run.advance()).unwrap() {
                Event::EpochDone(report) if report.epoch == 5 => break report,
                Event::Testing { .. } => tested = Some(block_on(run.weights()).unwrap()),
                _ => {}
            }
        };
        let weights = block_on(run.weights()).unwrap();
        assert!(tested.as_ref() == Some(&weights), "other weights were tested");
        let checkpoint = block_on(run.checkpoint()).unwrap();
        assert!(weights != checkpoint.weights, "nothing is folded in");
        let resumed = Run::resume(&checkpoint, Arc::clone(&split), &Device::flex(), run.pace).unwrap();
        assert!(weights == block_on(resumed.weights()).unwrap(), "a run that goes on has other weights");
        let network = Network::from_weights(&weights, &Device::flex());
        let test = block_on(evaluate(&network, &split.test, 64, async |_| ())).unwrap();
        assert_eq!(test, report.test);
        assert!(test.share() > 0.5, "{test:?}");
    }

    #[test]
    fn a_loss_that_is_no_longer_a_number_is_said() {
        let (recipe, split) = small();
        let huge =
            Weights::initial(recipe.architecture, 1).values().iter().map(|value| 1e20 * value).collect();
        let huge = Weights::from_values(recipe.architecture, huge).unwrap();
        let mut run =
            Run::from_weights(recipe, &huge, split, &Device::flex(), Pace::cpu(recipe.architecture)).unwrap();
        assert_eq!(block_on(run.advance()), Err(RunError::Diverged));
    }

    #[test]
    fn the_cpu_agrees_with_itself_and_not_with_a_broken_device() {
        let reference =
            |recipe: TrainRecipe| block_on(DeviceReference::compute(&recipe, &Device::flex())).unwrap();
        let good = reference(TrainRecipe::default());
        // What is checked is what will be trained.
        let normalised = reference(TrainRecipe { batch_norm: true, ..TrainRecipe::default() });
        assert!(good.difference(&normalised) > crate::DEVICE_TOLERANCE);
        let copy = DeviceReference::from_bytes(Architecture::FastCnn, &good.to_bytes()).unwrap();
        assert_eq!(good.difference(&copy), 0.0);
        let mut values = good.gradients.values().to_vec();
        values[30] *= -1.0;
        let broken = Weights::from_values(Architecture::FastCnn, values.clone()).unwrap();
        assert!(
            good.difference(&DeviceReference { gradients: broken, ..copy.clone() }) > crate::DEVICE_TOLERANCE
        );
        values[30] = f32::NAN;
        let broken = Weights::from_values(Architecture::FastCnn, values).unwrap();
        assert_eq!(good.difference(&DeviceReference { gradients: broken, ..copy }), f32::INFINITY);
    }
}

/// Teams on threads, which a tab has not; there the end-to-end tests have workers.
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod team_tests {
    use dataset::built_in_split;
    use pollster::block_on;
    use recipe::{Architecture, Augmentation, Optimizer, Schedule};

    use super::*;
    use crate::channels;

    /// Trains with so many ranks, each on a thread of its own: everyone's weights, points and reports.
    fn trained(recipe: TrainRecipe, ranks: usize) -> Vec<(Checkpoint, Vec<TrainPoint>, Vec<EpochReport>)> {
        let split = Arc::new(built_in_split(200, 1));
        let threads = channels(ranks).into_iter().enumerate().map(|(rank, channels)| {
            let split = Arc::clone(&split);
            std::thread::spawn(move || {
                let pace = Pace { train_images: 8, test_images: 7, readback_steps: 3, keeps_images: false };
                let mut run = Run::new(recipe, split, &Device::flex(), pace).unwrap();
                run.join(Team::new(rank, ranks, Box::new(channels)));
                let (mut points, mut reports) = (Vec::new(), Vec::new());
                loop {
                    match block_on(run.advance()).unwrap() {
                        Event::Trained(point) => points.push(point),
                        Event::EpochDone(report) => reports.push(report),
                        Event::Finished => return (block_on(run.checkpoint()).unwrap(), points, reports),
                        Event::Working | Event::Testing { .. } => {}
                    }
                }
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    }

    /// Largest difference between two lists, as a share of the largest value.
    fn difference(a: &[f32], b: &[f32]) -> f32 {
        let scale = a.iter().fold(f32::MIN_POSITIVE, |scale, value| scale.max(value.abs()));
        a.iter().zip(b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) / scale
    }

    /// Takes two epochs with one, two and three ranks; Adam turns the rounding of a gradient near 0 into a whole step.
    #[track_caller]
    fn check(architecture: Architecture, batch_size: u32, optimizer: Optimizer, tolerance: f32) {
        let recipe = TrainRecipe {
            architecture,
            batch_size,
            epochs: 2,
            seed: 5,
            optimizer,
            learning_rate: optimizer.usual_learning_rate(architecture)
                / match optimizer {
                    // A maximum that rounding moves to its neighbour takes a gradient along: slowly, it stays small.
                    Optimizer::Sgd => 16.0,
                    _ => 4.0,
                },
            schedule: Schedule::Constant,
            weight_decay: 0.1,
            // Each rank would normalise over its own images.
            batch_norm: false,
            // Each rank changes its own images, as one alone would.
            augmentation: match architecture {
                Architecture::Mlp => Augmentation { share: 0.5, bend_px: 0.5, ..Augmentation::NONE },
                _ => Augmentation::NONE,
            },
        };
        let alone = &trained(recipe, 1)[0];
        for ranks in [2, 3] {
            let what = format!("{architecture:?}, {optimizer:?}, {ranks} ranks");
            let team = trained(recipe, ranks);
            assert!(team == trained(recipe, ranks), "{what}: the same seed and ranks give other bits");
            assert!(team.iter().all(|one| *one == team[0]), "{what}: ranks differ");
            for ((_, a), (_, b)) in
                alone.0.weights.parameters().into_iter().zip(team[0].0.weights.parameters())
            {
                let difference = difference(a, b);
                assert!(difference < tolerance, "{what}: {difference}");
            }
            let difference = difference(&alone.0.moments, &team[0].0.moments);
            assert!(difference < 10.0 * tolerance, "{what}: moments: {difference}");
            assert_eq!(team[0].2.len(), 2);
        }
    }

    #[test]
    fn a_team_takes_the_steps_of_one() {
        for architecture in Architecture::ALL {
            check(architecture, 30, Optimizer::Sgd, 1e-3);
        }
        // Of two images a team of three leaves one rank without any.
        check(Architecture::Mlp, 2, Optimizer::Sgd, 1e-4);
        check(Architecture::FastCnn, 30, Optimizer::Adam, 1e-2);
        check(Architecture::Mlp, 30, Optimizer::RmsProp, 1e-2);
    }

    /// Each rank normalises over its own images: all of them still hold the same, and the same bits every time.
    #[test]
    fn a_team_with_batch_norm_is_of_one_mind() {
        let recipe = TrainRecipe { batch_norm: true, batch_size: 20, epochs: 2, ..TrainRecipe::default() };
        let team = trained(recipe, 2);
        assert!(team == trained(recipe, 2), "the same seed and ranks give other bits");
        assert!(team[0] == team[1], "ranks differ");
        assert_eq!(team[0].2.len(), 2);
    }

    /// A checkpoint holds everyone's moments: whoever resumes from it, alone or together, goes on from the same.
    #[test]
    fn a_team_resumes_exactly() {
        let split = Arc::new(built_in_split(200, 1));
        let recipe = TrainRecipe { batch_size: 20, epochs: 2, seed: 5, ..TrainRecipe::default() };
        let pace = Pace { train_images: 20, test_images: 64, readback_steps: 1, keeps_images: false };
        let threads: Vec<_> = channels(2)
            .into_iter()
            .enumerate()
            .map(|(rank, channels)| {
                let split = Arc::clone(&split);
                std::thread::spawn(move || {
                    let mut run = Run::new(recipe, Arc::clone(&split), &Device::flex(), pace).unwrap();
                    run.join(Team::new(rank, 2, Box::new(channels)));
                    let mut middle = None;
                    loop {
                        match block_on(run.advance()).unwrap() {
                            Event::EpochDone(report) if report.epoch == 1 => {
                                middle = Some(block_on(run.checkpoint()).unwrap());
                            }
                            Event::Finished => return (middle.unwrap(), block_on(run.weights()).unwrap()),
                            _ => {}
                        }
                    }
                })
            })
            .collect();
        let whole: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let threads: Vec<_> = channels(2)
            .into_iter()
            .zip(&whole)
            .enumerate()
            .map(|(rank, (channels, (middle, _)))| {
                let (split, middle) =
                    (Arc::clone(&split), Checkpoint::from_bytes(&middle.to_bytes()).unwrap());
                std::thread::spawn(move || {
                    let mut run = Run::resume(&middle, split, &Device::flex(), pace).unwrap();
                    run.join(Team::new(rank, 2, Box::new(channels)));
                    while block_on(run.advance()).unwrap() != Event::Finished {}
                    block_on(run.weights()).unwrap()
                })
            })
            .collect();
        for (thread, (_, expected)) in threads.into_iter().zip(&whole) {
            assert!(thread.join().unwrap() == *expected);
        }
    }
}
