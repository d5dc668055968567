//! A run as the page shows it.

use evaluation::EpochScores;
use metrics::{Rate, Series};
use protocol::train::{Reload, RunPoint};
use train_config::TrainConfig;

use crate::{Device, Phase, RunUpdate};

/// What was measured after an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochResult {
    /// Epochs completed.
    pub epoch: u32,
    /// Loss and accuracy of the parts of the data.
    pub scores: EpochScores,
    /// The earlier epoch that early stopping went back to.
    pub best_epoch: Option<u32>,
}

/// A run as the page shows it.
#[derive(Clone, Debug)]
pub struct RunView {
    /// Where it is.
    pub phase: Phase,
    /// Where it computes, once that is chosen.
    pub device: Option<Device>,
    /// The largest relative difference between the GPU's gradients and the CPU's.
    pub device_difference: Option<f32>,
    /// Workers that share every step.
    pub workers: u32,
    /// How it trains.
    pub config: TrainConfig,
    /// Images that are learned from.
    pub train_images: u32,
    /// Images that are held back.
    pub validation_images: u32,
    /// Steps completed.
    pub step: u32,
    /// Steps of the whole run; 0 before it has started.
    pub steps: u32,
    /// Images seen.
    pub images_seen: u64,
    /// Images per second.
    pub rate: Rate,
    /// Loss by step.
    pub loss: Series,
    /// Accuracy on training batches by step.
    pub accuracy: Series,
    /// What was measured after each epoch so far.
    pub epochs: Vec<EpochResult>,
    /// The checkpoints that the run was read back from.
    pub reloads: Vec<Reload>,
    /// The newest points, for the table of figures.
    pub recent: Vec<RunPoint>,
}

impl RunView {
    /// A run that has not started.
    pub fn new(config: TrainConfig) -> Self {
        Self {
            phase: Phase::Idle,
            device: None,
            device_difference: None,
            workers: 1,
            config,
            train_images: 0,
            validation_images: 0,
            step: 0,
            steps: 0,
            images_seen: 0,
            rate: Rate::default(),
            loss: Series::default(),
            accuracy: Series::default(),
            epochs: Vec::new(),
            reloads: Vec::new(),
            recent: Vec::new(),
        }
    }

    /// A run that goes on: what was measured before is there. Points are steps, losses and accuracies.
    #[must_use]
    pub fn with_history(
        mut self,
        points: impl IntoIterator<Item = (u32, f32, f32)>,
        epochs: Vec<EpochResult>,
    ) -> Self {
        for (step, loss, accuracy) in points {
            self.loss.push(f64::from(step), f64::from(loss));
            self.accuracy.push(f64::from(step), f64::from(accuracy));
            self.step = step;
        }
        self.epochs = epochs;
        self
    }

    /// Whether the run is under way.
    pub const fn is_busy(&self) -> bool {
        self.phase.is_busy()
    }

    /// Takes an update that arrives at `now_ms`. A run that [begins](RunUpdate::Begun) takes a new view instead.
    pub fn apply(&mut self, update: &RunUpdate, now_ms: f64) {
        match update {
            RunUpdate::Device(device) => {
                self.device = Some(*device);
                self.rate.reset();
            }
            RunUpdate::Started(start) => {
                self.config.changes.clone_from(&start.changes);
                (self.workers, self.train_images) = (start.workers, start.train_images);
                self.validation_images = start.validation_images;
                (self.step, self.steps) = (start.steps_done, start.steps);
                self.device_difference = start.device_difference;
            }
            RunUpdate::Points(points) => self.add(points, now_ms),
            RunUpdate::EpochDone(result) => {
                self.epochs.push(*result);
                // The time of the measurements does not count as training.
                self.rate.reset();
            }
            RunUpdate::Reloaded(reload) => {
                self.reloads.push(*reload);
                self.rate.reset();
            }
            RunUpdate::Resumed => self.rate.reset(),
            RunUpdate::Restarted(restart) => self.forget_after(restart.epochs_done, restart.steps_done),
            RunUpdate::Changed(changes) => self.config.changes.clone_from(changes),
            RunUpdate::Begun | RunUpdate::Saved(_) | RunUpdate::Snapshot(_) | RunUpdate::Keep(..) => {}
        }
    }

    fn add(&mut self, points: &[RunPoint], now_ms: f64) {
        const MAX_RECENT: usize = 12;
        for point in points {
            self.loss.push(f64::from(point.step), f64::from(point.loss));
            self.accuracy.push(f64::from(point.step), f64::from(point.accuracy));
            (self.step, self.steps, self.images_seen) = (point.step, point.steps, point.images_seen);
            self.recent.push(*point);
        }
        self.rate.mark(now_ms, self.images_seen);
        let extra = self.recent.len().saturating_sub(MAX_RECENT);
        self.recent.drain(..extra);
    }

    fn forget_after(&mut self, epochs: u32, step: u32) {
        self.epochs.retain(|result| result.epoch <= epochs);
        self.reloads.retain(|reload| reload.epoch <= epochs);
        self.recent.retain(|point| point.step <= step);
        self.loss.forget_after(f64::from(step));
        self.accuracy.forget_after(f64::from(step));
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use protocol::{Backend, train::RunStart};

    use super::*;
    use crate::{Loss, Restart};

    fn point(step: u32) -> RunPoint {
        RunPoint {
            step,
            steps: 30,
            images_seen: u64::from(step),
            loss: 1.0,
            accuracy: 0.5,
            learning_rate: 0.1,
            elapsed_ms: 1.0,
        }
    }

    #[test]
    fn a_restart_forgets_what_came_after_the_checkpoint() {
        let config = TrainConfig { epochs: 3, ..TrainConfig::default() };
        let mut view = RunView::new(config);
        let started = RunUpdate::Started(RunStart {
            workers: 1,
            train_images: 10,
            validation_images: 2,
            steps: 30,
            steps_done: 0,
            device_difference: None,
            is_exact: true,
            changes: Vec::new(),
        });
        view.apply(&started, 0.0);
        view.apply(&RunUpdate::Points((1..=15).map(point).collect()), 1.0);
        let result = EpochResult { epoch: 1, scores: EpochScores::default(), best_epoch: None };
        view.apply(&RunUpdate::EpochDone(result), 2.0);
        assert_eq!(view.recent.len(), 12);
        let restart = Restart { why: Loss::Silence, from: Backend::Cpu, epochs_done: 1, steps_done: 12 };
        view.apply(&RunUpdate::Restarted(restart), 3.0);
        assert_eq!((view.epochs.len(), view.loss.points().len()), (1, 12));
        assert!(view.recent.iter().all(|point| point.step <= 12));
    }
}
