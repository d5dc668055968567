//! The learning rate over a run.

use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// How the learning rate moves over a run, as factors on its peak.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// The same at every step.
    Constant,
    /// Multiplied by `gamma` after every epoch, above 0 and at most 1.
    Exponential {
        /// The factor.
        gamma: f64,
    },
    /// Multiplied by `gamma` after every `epochs` epochs.
    Step {
        /// The factor, above 0 and at most 1.
        gamma: f64,
        /// Epochs between two drops, 1 and more.
        epochs: u32,
    },
    /// Half a cosine from the peak down to nearly zero. I. Loshchilov, F. Hutter (arXiv 1608.03983), without restarts.
    Cosine,
    /// Rises linearly from a tenth to the peak over the first fifth of the run, then falls linearly to a thousandth.
    ///
    /// A piecewise-linear form of L. N. Smith's one-cycle policy (arXiv 1708.07120).
    OneCycle,
}

impl Schedule {
    /// Every kind with usual numbers, and its names: an id, and one for people.
    pub const ALL: [(&'static str, &'static str, Self); 5] = [
        ("one-cycle", "one cycle", Self::OneCycle),
        ("constant", "constant", Self::Constant),
        ("exponential", "exponential", Self::Exponential { gamma: 0.7 }),
        ("step", "step", Self::Step { gamma: 0.1, epochs: 5 }),
        ("cosine", "cosine", Self::Cosine),
    ];

    /// The schedule of this id, with usual numbers.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, ..)| *known == id).map(|(.., schedule)| schedule)
    }

    /// The id of its kind.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Exponential { .. } => "exponential",
            Self::Step { .. } => "step",
            Self::Cosine => "cosine",
            Self::OneCycle => "one-cycle",
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let (gamma, epochs) = match *self {
            Self::Exponential { gamma } => (gamma, 1),
            Self::Step { gamma, epochs } => (gamma, epochs),
            _ => return Ok(()),
        };
        if !(gamma > 0.0 && gamma <= 1.0) {
            return Err(ConfigError::range("Gamma", gamma, "more than 0 and at most 1"));
        }
        if epochs == 0 {
            return Err(ConfigError::range("Epochs between two drops", epochs, "1 or more"));
        }
        Ok(())
    }

    /// Factor on the peak at `step` (from 0) of `steps`, of which an epoch has `steps_per_epoch`; 0 to 1. Over the first
    /// `warmup_steps` it is also multiplied by a ramp from nearly 0 to 1.
    pub fn factor(&self, step: u32, steps: u32, steps_per_epoch: u32, warmup_steps: u32) -> f64 {
        const RISE: f64 = 0.2;
        let position = (f64::from(step) + 0.5) / f64::from(steps.max(1));
        let epoch = step / steps_per_epoch.max(1);
        let factor = match *self {
            Self::Constant => 1.0,
            Self::Exponential { gamma } => gamma.powi(epoch as i32),
            Self::Step { gamma, epochs } => gamma.powi((epoch / epochs.max(1)) as i32),
            Self::Cosine => 0.5 * (1.0 + (core::f64::consts::PI * position.min(1.0)).cos()),
            Self::OneCycle if position < RISE => 0.1 + 0.9 * position / RISE,
            Self::OneCycle => (1.0 - (position - RISE) / (1.0 - RISE)).clamp(0.001, 1.0),
        };
        let ramp = if step < warmup_steps { f64::from(step + 1) / f64::from(warmup_steps + 1) } else { 1.0 };
        factor * ramp
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn one_cycle_rises_then_falls() {
        let factors: Vec<_> = (0..100).map(|step| Schedule::OneCycle.factor(step, 100, 100, 0)).collect();
        let peak = (0..100).max_by(|&a, &b| factors[a].total_cmp(&factors[b]));
        assert!(matches!(peak, Some(19 | 20)), "{peak:?}");
        assert!(factors[0] < 0.15 && factors[99] < 0.01);
        assert!(factors.iter().all(|factor| (0.0..=1.0).contains(factor)));
    }

    #[test]
    fn ids_find_their_schedule() {
        for (id, _, schedule) in Schedule::ALL {
            assert_eq!((schedule.id(), Schedule::from_id(id)), (id, Some(schedule)));
        }
    }

    #[track_caller]
    fn check(schedule: Schedule, warmup_steps: u32, expected: &[f64]) {
        let factors = (0..expected.len() as u32).map(|step| schedule.factor(step, 8, 2, warmup_steps));
        for (step, (factor, expected)) in factors.zip(expected).enumerate() {
            assert!(
                (factor - expected).abs() < 1e-9,
                "{schedule:?}, step {step}: {factor} is not {expected}"
            );
        }
    }

    #[test]
    fn factors_are_those_of_the_formulas() {
        check(Schedule::Constant, 0, &[1.0; 8]);
        check(Schedule::Constant, 3, &[0.25, 0.5, 0.75, 1.0, 1.0]);
        check(Schedule::Exponential { gamma: 0.5 }, 0, &[1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
        check(Schedule::Step { gamma: 0.1, epochs: 2 }, 0, &[1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1]);
        check(Schedule::Exponential { gamma: 0.5 }, 2, &[1.0 / 3.0, 2.0 / 3.0, 0.5]);
        let cosine: Vec<f64> = (0..8).map(|step| Schedule::Cosine.factor(step, 8, 2, 0)).collect();
        assert!(
            cosine[0] > 0.98 && (cosine[3] + cosine[4] - 1.0).abs() < 1e-9 && cosine[7] < 0.02,
            "{cosine:?}"
        );
    }
}
