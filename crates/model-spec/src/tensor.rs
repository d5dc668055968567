//! The tensors of a network, as PyTorch names and lays them out.

/// A tensor that belongs to a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// `conv1.weight`, `fc2.bias`, `bn1.running_mean`, ...
    pub name: String,
    /// Dimensions, outermost first; a dense weight is `[out, in]`, a convolution's `[out, in, kernel, kernel]`.
    pub shape: Vec<usize>,
    /// Whether an optimizer changes it.
    pub kind: TensorKind,
    /// Its values before training.
    pub init: Init,
}

/// What a tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorKind {
    /// Learned by gradients.
    Parameter,
    /// Measured while training, such as a running mean.
    Buffer,
}

/// Values before training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// Uniform in plus or minus `1 / sqrt(fan_in)`, PyTorch's default for convolutions and dense layers.
    Uniform {
        /// Inputs that one output value sums over.
        fan_in: usize,
    },
    /// All zeros.
    Zeros,
    /// All ones.
    Ones,
}

impl TensorSpec {
    /// Number of values; the largest number there is where it would be larger.
    pub fn size(&self) -> usize {
        self.shape.iter().fold(1, |size: usize, side| size.saturating_mul(*side))
    }
}
