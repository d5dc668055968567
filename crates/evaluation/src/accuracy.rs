//! Accuracy with the interval that its sample size allows.

use serde::{Deserialize, Serialize};

/// Right answers out of a number of images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Images answered rightly.
    pub correct: u32,
    /// Images asked.
    pub total: u32,
}

impl Accuracy {
    /// Share answered rightly, 0 to 1; 0 where nothing was asked.
    pub fn share(self) -> f64 {
        if self.total == 0 { 0.0 } else { f64::from(self.correct) / f64::from(self.total) }
    }

    /// `99.04 % (98.83–99.21 %)`: percentage with its 95 % interval.
    pub fn with_interval(self) -> String {
        let (low, high) = wilson_interval_95(self.correct, self.total);
        format!("{:.2} % ({:.2}–{:.2} %)", 100.0 * self.share(), 100.0 * low, 100.0 * high)
    }
}

/// Wilson score interval of a share, 95 %: lower and upper bound, both 0 to 1; (0, 1) where `total` is 0.
///
/// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
pub fn wilson_interval_95(correct: u32, total: u32) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    if total == 0 {
        return (0.0, 1.0);
    }
    let n = f64::from(total);
    let share = f64::from(correct) / n;
    let denominator = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / denominator;
    let half = Z / denominator * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(correct: u32, total: u32, low: f64, high: f64) {
        let (got_low, got_high) = wilson_interval_95(correct, total);
        assert!((got_low - low).abs() < 5e-5 && (got_high - high).abs() < 5e-5, "{got_low} {got_high}");
    }

    #[test]
    fn interval_matches_published_values() {
        check(0, 0, 0.0, 1.0);
        check(0, 10, 0.0, 0.277_53);
        check(10, 10, 0.722_47, 1.0);
        check(81, 263, 0.255_27, 0.366_17);
        check(9_904, 10_000, 0.988_29, 0.992_12);
    }

    #[test]
    fn text_has_both_ends() {
        let accuracy = Accuracy { correct: 9_904, total: 10_000 };
        assert_eq!(accuracy.with_interval(), "99.04 % (98.83–99.21 %)");
        assert_eq!(Accuracy::default().share(), 0.0);
    }
}
