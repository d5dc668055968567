//! Batch normalisation folded into the layer that reads what was normalised.

use recipe::{Layer, Parameter};

use crate::Weights;

/// What normalises each channel of one layer's values: `(value - mean) * inverse_deviation`.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// One for each channel.
    pub mean: Vec<f32>,
    /// One over the root of each channel's variance.
    pub inverse_deviation: Vec<f32>,
}

impl Weights {
    /// The weights that answer without batch normalisation as these do with it.
    ///
    /// There is one `normalisation` for each place in [`normalised`](recipe::Architecture::normalised), in its order.
    ///
    /// # Panics
    /// Where there are fewer, or of other channels.
    #[must_use]
    pub fn folded(&self, normalisations: &[Normalisation]) -> Self {
        let mut normalisations = normalisations.iter();
        let mut parameters = self.parameters().into_iter();
        let mut pending = None;
        let mut values = Vec::with_capacity(self.values.len());
        for (layer, normalised) in self.architecture.layers().into_iter().zip(self.architecture.normalised())
        {
            if matches!(layer, Layer::Conv { .. } | Layer::Dense { .. })
                && let (Some((parameter, weight)), Some((_, bias))) = (parameters.next(), parameters.next())
            {
                match pending.take() {
                    None => values.extend(weight.iter().chain(bias)),
                    Some(normalisation) => {
                        values.extend(folded_layer(&parameter, weight, bias, normalisation));
                    }
                }
            }
            if normalised {
                pending = normalisations.next();
                assert!(pending.is_some(), "one normalisation for each place");
            }
        }
        Self { values, ..*self }
    }
}

/// Weight, then bias.
fn folded_layer(parameter: &Parameter, weight: &[f32], bias: &[f32], by: &Normalisation) -> Vec<f32> {
    let channels = by.mean.len();
    assert!(parameter.fan_in.is_multiple_of(channels), "{}: {channels} channels", parameter.name);
    // Kernels, or the pixels of flattened maps: all of one channel lie together.
    let to_a_channel = parameter.fan_in / channels;
    let mut folded = Vec::with_capacity(weight.len() + bias.len());
    let mut shifted = Vec::with_capacity(bias.len());
    for (row, &bias) in weight.chunks_exact(parameter.fan_in).zip(bias) {
        let mut shift = 0.0;
        for (channel, weights) in row.chunks_exact(to_a_channel).enumerate() {
            for weight in weights.iter().map(|weight| weight * by.inverse_deviation[channel]) {
                shift += f64::from(weight) * f64::from(by.mean[channel]);
                folded.push(weight);
            }
        }
        shifted.push((f64::from(bias) - shift) as f32);
    }
    folded.extend(shifted);
    folded
}
