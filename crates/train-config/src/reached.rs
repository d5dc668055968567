//! What the tutorials' experiments reach here. A test holds `docs/tutorials.md` to the same figures.

/// Accuracy over several seeds, natively.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// Mean, 0 to 1.
    pub mean: f64,
    /// Standard deviation, 0 to 1.
    pub deviation: f64,
    /// Runs.
    pub seeds: u32,
    /// Whether it is of the validation part; else of the test images.
    pub is_validation: bool,
}

const fn reached(mean: f64, deviation: f64, seeds: u32, is_validation: bool) -> Reached {
    Reached { mean, deviation, seeds, is_validation }
}

/// By the id of the experiment, as measured in November 2026.
pub(crate) const REACHED: &[(&str, Reached)] = &[
    ("first-network", reached(0.9273, 0.0027, 5, false)),
    ("study-100-50-10", reached(0.9675, 0.0031, 20, true)),
    ("study-100-50-3", reached(0.9634, 0.0044, 5, true)),
    ("study-100-50-1", reached(0.9485, 0.0029, 20, true)),
    ("study-30-5-10", reached(0.9477, 0.0028, 5, true)),
    ("study-30-5-3", reached(0.9330, 0.0034, 5, true)),
    ("study-30-5-1", reached(0.7783, 0.2363, 5, true)),
    ("study-norm-0.5", reached(0.8782, 0.0286, 20, true)),
    ("study-norm-0.2", reached(0.9370, 0.0042, 5, true)),
    ("study-norm-0.4", reached(0.9038, 0.0304, 5, true)),
    ("study-norm-0.6", reached(0.5631, 0.1104, 5, true)),
    ("keras-mlp", reached(0.9701, 0.0020, 5, false)),
];
