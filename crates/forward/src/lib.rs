//! A network's forward pass over plain slices, an image at a time.
//!
//! The page reads digits with this before a worker with Burn has arrived: it takes no start-up, no worker and, next to
//! them, nearly no download. It is the arithmetic as the layers define it, one layer after the other, and held to Burn's
//! by tests; nothing but its loops' order is chosen for speed.

mod maps;
mod norms;
mod packed;

#[cfg(test)]
mod tests;

pub use packed::pack;

use evaluation::{Calibration, Prediction};
use model_spec::{LayerSpec, PIXELS, Preprocessing, Shape};
use weights::Weights;

/// A network that reads.
#[derive(Clone, Debug)]
pub struct Forward {
    weights: Weights,
    preprocessing: Preprocessing,
    calibration: Calibration,
}

impl Forward {
    /// Takes weights and what goes with them.
    pub fn new(weights: &Weights, preprocessing: Preprocessing, calibration: Calibration) -> Self {
        Self { weights: weights.folded(), preprocessing, calibration }
    }

    /// The answers to images of 784 grey levels each. Levels beyond the last whole image are left out.
    pub fn predict(&self, levels: &[u8]) -> Vec<Prediction> {
        let one =
            |image: &[u8]| self.calibration.read_image(image, &evaluation::softmax(&self.logits(image)));
        levels.chunks_exact(PIXELS).map(one).collect()
    }

    /// The outputs of the last layer for one image of 784 grey levels, one a class.
    fn logits(&self, levels: &[u8]) -> Vec<f32> {
        let network = self.weights.network();
        let mut tensors = self.weights.tensors().map(|(_, values)| values);
        let mut values = self.preprocessing.apply(levels);
        for (index, layer) in network.layers().iter().enumerate() {
            let own: Vec<&[f32]> = tensors.by_ref().take(network.layer_tensors(index).len()).collect();
            values = apply(layer, network.shapes()[index], &own, values);
        }
        values
    }
}

/// One layer. `tensors` are its own, in the order of [`LayerSpec::tensors`].
fn apply(layer: &LayerSpec, input: Shape, tensors: &[&[f32]], mut values: Vec<f32>) -> Vec<f32> {
    match layer {
        LayerSpec::Conv2d(conv) => maps::conv(conv, input, tensors, &values),
        LayerSpec::MaxPool2d(pool) => {
            maps::pool(pool, input, &values, |window| window.fold(f32::NEG_INFINITY, f32::max))
        }
        LayerSpec::AvgPool2d(pool) => {
            let count = (pool.kernel_size * pool.kernel_size) as f32;
            maps::pool(pool, input, &values, |window| window.sum::<f32>() / count)
        }
        LayerSpec::GlobalAvgPool => {
            let pixels = input.size() / input.channels();
            values.chunks_exact(pixels).map(|map| map.iter().sum::<f32>() / pixels as f32).collect()
        }
        LayerSpec::Dense(_) => dense(tensors, &values),
        LayerSpec::BatchNorm(norm) => norms::batch_norm(norm, input, tensors, values),
        LayerSpec::LayerNorm(norm) => norms::layer_norm(norm, tensors, values),
        LayerSpec::Flatten | LayerSpec::Dropout(_) => values,
        _ => {
            if let Some(function) = activation(layer) {
                for value in &mut values {
                    *value = function(*value);
                }
            }
            values
        }
    }
}

fn dense(tensors: &[&[f32]], values: &[f32]) -> Vec<f32> {
    let [weight, rest @ ..] = tensors else { return Vec::new() };
    let sum = |row: &[f32]| row.iter().zip(values).map(|(weight, value)| weight * value).sum::<f32>();
    let mut outputs: Vec<f32> = weight.chunks_exact(values.len()).map(sum).collect();
    if let [bias] = rest {
        for (output, bias) in outputs.iter_mut().zip(*bias) {
            *output += bias;
        }
    }
    outputs
}

/// The function of an activation; `None` for other layers.
fn activation(layer: &LayerSpec) -> Option<Box<dyn Fn(f32) -> f32>> {
    Some(match layer {
        LayerSpec::Relu => Box::new(|x| x.max(0.0)),
        LayerSpec::LeakyRelu(layer) => {
            let slope = layer.negative_slope as f32;
            Box::new(move |x| if x > 0.0 { x } else { slope * x })
        }
        LayerSpec::Gelu => Box::new(|x| 0.5 * x * (1.0 + libm::erff(x * core::f32::consts::FRAC_1_SQRT_2))),
        LayerSpec::Silu => Box::new(|x| x / (1.0 + (-x).exp())),
        LayerSpec::Tanh => Box::new(f32::tanh),
        LayerSpec::Sigmoid => Box::new(|x| (1.0 + (-x).exp()).recip()),
        _ => return None,
    })
}
