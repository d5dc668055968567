//! What a set of weights holds, layer by layer, in a few numbers.

use serde::{Deserialize, Serialize};

/// A layer and its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerSummary {
    /// What it is, in a few words.
    pub title: String,
    /// The shape that comes out.
    pub output: String,
    /// Values that it learns.
    pub parameters: u64,
    /// Its tensors.
    pub tensors: Vec<TensorSummary>,
}

/// The values of a tensor in a few numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorSummary {
    /// As in the file.
    pub name: String,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Mean of the values.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
    /// The smallest and the largest.
    pub range: [f64; 2],
    /// How many values lie in each of equal parts of the range.
    pub histogram: Vec<u32>,
}
