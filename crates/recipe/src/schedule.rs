//! The learning rate over a run.

use serde::{Deserialize, Serialize};

/// How the learning rate moves over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schedule {
    /// The same at every step.
    Constant,
    /// Rises linearly from a tenth to the whole over the first fifth of the run, then falls linearly to a thousandth.
    ///
    /// A piecewise-linear form of L. N. Smith's one-cycle policy (arXiv 1708.07120).
    OneCycle,
}

impl Schedule {
    /// Every schedule on offer.
    pub const ALL: [Self; 2] = [Self::OneCycle, Self::Constant];

    /// Stable identifier.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::OneCycle => "one-cycle",
        }
    }

    /// The schedule of this [`id`](Self::id), if there is one.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schedule| schedule.id() == id)
    }

    /// Factor on the peak learning rate at `step` of `steps` (0-based), 0 to 1.
    pub fn factor(self, step: u32, steps: u32) -> f64 {
        const WARM_UP: f64 = 0.2;
        let position = (f64::from(step) + 0.5) / f64::from(steps.max(1));
        match self {
            Self::Constant => 1.0,
            Self::OneCycle if position < WARM_UP => 0.1 + 0.9 * position / WARM_UP,
            Self::OneCycle => (1.0 - (position - WARM_UP) / (1.0 - WARM_UP)).clamp(0.001, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn one_cycle_rises_then_falls() {
        let factors: Vec<_> = (0..100).map(|step| Schedule::OneCycle.factor(step, 100)).collect();
        let peak = (0..100).max_by(|&a, &b| factors[a].total_cmp(&factors[b]));
        assert!(matches!(peak, Some(19 | 20)), "{peak:?}");
        assert!(factors[0] < 0.15 && factors[99] < 0.01);
        assert!(factors.iter().all(|factor| (0.0..=1.0).contains(factor)));
        assert_eq!(Schedule::Constant.factor(7, 9), 1.0);
    }
}
