//! What the page shows of a run.

use gauge::{Curve, Rate};
use protocol::{Backend, RunPoint};
use recipe::{Accuracy, TrainRecipe};

/// Where a run computes, and why there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Device {
    pub(crate) backend: Backend,
    /// For people: a sentence.
    pub(crate) why: String,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    Idle,
    /// What is being prepared, for people.
    Preparing(String),
    Running,
    /// Test images answered, and their number.
    Testing(u32, u32),
    Paused,
    Stopping,
    Done {
        stopped: bool,
    },
    /// Why, for people.
    Failed(String),
}

/// Accuracy after an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TestResult {
    pub(crate) epoch: u32,
    pub(crate) test: Accuracy,
    pub(crate) loss: f32,
}

/// What the page shows of a run.
#[derive(Clone, Debug)]
pub(crate) struct RunView {
    pub(crate) phase: Phase,
    pub(crate) device: Option<Device>,
    /// Largest difference between the GPU's gradients and the CPU's, a share.
    pub(crate) device_difference: Option<f32>,
    /// Workers that share every step.
    pub(crate) workers: u32,
    pub(crate) recipe: TrainRecipe,
    pub(crate) train_images: u32,
    pub(crate) step: u32,
    pub(crate) steps: u32,
    pub(crate) images_seen: u64,
    pub(crate) rate: Rate,
    pub(crate) loss: Curve,
    pub(crate) accuracy: Curve,
    pub(crate) tests: Vec<TestResult>,
    /// The newest points as they came, for the table of figures.
    pub(crate) recent: Vec<RunPoint>,
}

impl RunView {
    pub(crate) fn idle() -> Self {
        Self {
            phase: Phase::Idle,
            device: None,
            device_difference: None,
            workers: 1,
            recipe: TrainRecipe::default(),
            train_images: 0,
            step: 0,
            steps: 0,
            images_seen: 0,
            rate: Rate::default(),
            loss: Curve::default(),
            accuracy: Curve::default(),
            tests: Vec::new(),
            recent: Vec::new(),
        }
    }

    pub(crate) fn is_busy(&self) -> bool {
        !matches!(self.phase, Phase::Idle | Phase::Done { .. } | Phase::Failed(_))
    }

    /// Adds points that came at this time of the page's clock.
    pub(crate) fn add(&mut self, points: Vec<RunPoint>, now_ms: f64) {
        const RECENT: usize = 12;
        for point in points {
            self.loss.push(f64::from(point.step), f64::from(point.loss));
            self.accuracy.push(f64::from(point.step), f64::from(point.accuracy));
            (self.step, self.steps, self.images_seen) = (point.step, point.steps, point.images_seen);
            self.recent.push(point);
        }
        self.rate.mark(now_ms, self.images_seen);
        let extra = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..extra);
    }

    /// Forgets what came after an epoch: the run goes on from there.
    pub(crate) fn forget_after(&mut self, epochs: u32) {
        let step = self.steps / self.recipe.epochs.max(1) * epochs;
        self.tests.retain(|test| test.epoch <= epochs);
        self.recent.retain(|point| point.step <= step);
        self.loss.forget_after(f64::from(step));
        self.accuracy.forget_after(f64::from(step));
    }
}
