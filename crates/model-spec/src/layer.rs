//! The kinds of layers.

use serde::{Deserialize, Serialize};

use crate::{
    Shape, TensorKind, TensorSpec,
    layers::{BatchNorm, Conv2d, Dense, Dropout, LayerError, LayerNorm, LeakyRelu, Pool2d},
};

/// One layer. The name in JSON is the variant's, in `snake_case`: `{"kind": "conv2d", "out_channels": 32, "kernel_size": 3}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LayerSpec {
    /// Convolution.
    #[serde(rename = "conv2d", alias = "conv")]
    Conv2d(Conv2d),
    /// The largest value of each window.
    #[serde(rename = "max_pool2d", alias = "max_pool")]
    MaxPool2d(Pool2d),
    /// The mean of each window.
    #[serde(rename = "avg_pool2d", alias = "avg_pool")]
    AvgPool2d(Pool2d),
    /// The mean of each map: a vector with one value a channel.
    GlobalAvgPool,
    /// Maps as one vector, in channel, row, column order.
    Flatten,
    /// Fully connected layer.
    #[serde(alias = "linear")]
    Dense(Dense),
    /// Normalizes each channel over the images of a batch.
    BatchNorm(BatchNorm),
    /// Normalizes the values of each image.
    LayerNorm(LayerNorm),
    /// Sets a share of the values to zero while training.
    Dropout(Dropout),
    /// `max(x, 0)`.
    Relu,
    /// `x` where it is positive, else `negative_slope * x`.
    LeakyRelu(LeakyRelu),
    /// `x` times the normal distribution function of `x`.
    Gelu,
    /// `x * sigmoid(x)`.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

impl LayerSpec {
    /// The shape that comes out for the shape that goes in.
    ///
    /// # Errors
    /// [`LayerError`] where a setting is out of range or the input has the wrong shape.
    pub fn output(&self, input: Shape) -> Result<Shape, LayerError> {
        match self {
            Self::Conv2d(layer) => layer.output(input),
            Self::MaxPool2d(layer) | Self::AvgPool2d(layer) => layer.output(input),
            Self::GlobalAvgPool => match input {
                Shape::Maps { channels, .. } => Ok(Shape::Features(channels)),
                Shape::Features(_) => Err(LayerError::NeedsMaps),
            },
            Self::Flatten => Ok(Shape::Features(input.size())),
            Self::Dense(layer) => layer.output(input),
            Self::BatchNorm(layer) => layer.output(input),
            Self::LayerNorm(layer) => layer.output(input),
            Self::Dropout(layer) => layer.output(input),
            Self::LeakyRelu(layer) => layer.output(input),
            Self::Relu | Self::Gelu | Self::Silu | Self::Tanh | Self::Sigmoid => Ok(input),
        }
    }

    /// The layer's tensors, whose names begin with `name`; none for a layer without.
    pub fn tensors(&self, name: &str, input: Shape) -> Vec<TensorSpec> {
        match self {
            Self::Conv2d(layer) => layer.tensors(name, input),
            Self::Dense(layer) => layer.tensors(name, input),
            Self::BatchNorm(layer) => layer.tensors(name, input),
            Self::LayerNorm(layer) => layer.tensors(name, input),
            _ => Vec::new(),
        }
    }

    /// Values that the layer learns.
    pub fn parameter_count(&self, input: Shape) -> u64 {
        let size = |tensor: &TensorSpec| tensor.shape.iter().map(|&side| side as u64).product::<u64>();
        let tensors = self.tensors("", input);
        tensors.iter().filter(|tensor| tensor.kind == TensorKind::Parameter).map(size).sum()
    }

    /// How PyTorch users call such a layer's attribute: `conv`, `fc`, `bn`, `ln`; the rest have no tensors.
    pub(crate) const fn prefix(&self) -> &'static str {
        match self {
            Self::Conv2d(_) => "conv",
            Self::Dense(_) => "fc",
            Self::BatchNorm(_) => "bn",
            Self::LayerNorm(_) => "ln",
            _ => "",
        }
    }

    /// Floating-point operations of a forward pass over one image, two to a multiply-add; those of convolutions and dense
    /// layers, which are nearly all.
    pub fn forward_flop(&self, input: Shape, output: Shape) -> u64 {
        // More than 32 bits hold, and WebAssembly's `usize` has no more.
        let product = |fan_in: usize, output: Shape| 2 * fan_in as u64 * output.size() as u64;
        match self {
            Self::Conv2d(layer) => product(layer.fan_in(input), output),
            Self::Dense(_) => product(input.size(), output),
            _ => 0,
        }
    }

    /// What it is in a few words: `Dense, 100 units`.
    pub fn title(&self) -> String {
        match self {
            Self::Conv2d(layer) => layer.title(),
            Self::MaxPool2d(layer) => layer.title("Max pool"),
            Self::AvgPool2d(layer) => layer.title("Average pool"),
            Self::GlobalAvgPool => "Global average pool".into(),
            Self::Flatten => "Flatten".into(),
            Self::Dense(layer) => format!("Dense, {} units", layer.units),
            Self::BatchNorm(_) => "Batch norm".into(),
            Self::LayerNorm(_) => "Layer norm".into(),
            Self::Dropout(layer) => format!("Dropout, {} %", (10_000.0 * layer.probability).round() / 100.0),
            Self::Relu => "ReLU".into(),
            Self::LeakyRelu(layer) => format!("Leaky ReLU, slope {}", layer.negative_slope),
            Self::Gelu => "GELU".into(),
            Self::Silu => "SiLU".into(),
            Self::Tanh => "Tanh".into(),
            Self::Sigmoid => "Sigmoid".into(),
        }
    }
}
