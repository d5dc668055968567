//! Layers that normalize.

use model_spec::{
    Shape,
    layers::{BatchNorm, LayerNorm},
};

/// With the running mean and variance of each channel.
pub(crate) fn batch_norm(
    norm: &BatchNorm,
    input: Shape,
    tensors: &[&[f32]],
    mut values: Vec<f32>,
) -> Vec<f32> {
    let (affine, mean, variance) = match *tensors {
        [scale, shift, mean, variance] => (Some((scale, shift)), mean, variance),
        [mean, variance] => (None, mean, variance),
        _ => return values,
    };
    let pixels = input.size() / input.channels();
    for (channel, map) in values.chunks_exact_mut(pixels).enumerate() {
        let factor = (f64::from(variance[channel]) + norm.epsilon).sqrt().recip() as f32;
        let (scale, shift) = affine.map_or((1.0, 0.0), |(scale, shift)| (scale[channel], shift[channel]));
        for value in map {
            *value = (*value - mean[channel]) * factor * scale + shift;
        }
    }
    values
}

/// Over all values of the image.
pub(crate) fn layer_norm(norm: &LayerNorm, tensors: &[&[f32]], mut values: Vec<f32>) -> Vec<f32> {
    let count = values.len() as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let variance = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count;
    let factor = (variance + norm.epsilon).sqrt().recip();
    for (index, value) in values.iter_mut().enumerate() {
        *value = ((f64::from(*value) - mean) * factor) as f32;
        if let [scale, shift] = tensors {
            *value = *value * scale[index] + shift[index];
        }
    }
    values
}
