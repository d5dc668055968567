//! Batch normalisation folded into the layers before and behind it.

use recipe::{Architecture, Layer, Shape};

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
    /// A deviation goes into the layer that makes the values, which ReLU and pooling let through; a mean into the biases of
    /// the layer that reads them. So values and weights stay of the size that training gave them. There is one
    /// normalisation for each place in [`normalised`](recipe::Architecture::normalised), in its order.
    ///
    /// # Panics
    /// Where there are more or fewer, or of other channels.
    #[must_use]
    pub fn folded(&self, normalisations: &[Normalisation]) -> Self {
        let layers = linear_layers(self.architecture, normalisations);
        let mut values = Vec::with_capacity(self.values.len());
        for (pair, layer) in self.parameters().chunks_exact(2).zip(layers) {
            let [(parameter, weight), (_, bias)] = pair else { unreachable!("chunks of two") };
            let mut biases = Vec::with_capacity(bias.len());
            for (output, row) in weight.chunks_exact(parameter.fan_in).enumerate() {
                let scale = layer.made.map_or(1.0, |made| made.inverse_deviation[output]);
                let shift = layer.read.map_or(0.0, |read| shift(row, read));
                values.extend(row.iter().map(|weight| weight * scale));
                biases.push(((f64::from(bias[output]) - shift) * f64::from(scale)) as f32);
            }
            values.extend(biases);
        }
        Self { values, ..*self }
    }
}

/// What a convolution or a dense layer has to do with.
#[derive(Clone, Copy, Default)]
struct Linear<'a> {
    /// Normalises what it reads.
    read: Option<&'a Normalisation>,
    /// Normalises what it makes.
    made: Option<&'a Normalisation>,
}

fn linear_layers(architecture: Architecture, normalisations: &[Normalisation]) -> Vec<Linear<'_>> {
    let mut rest = normalisations.iter();
    let mut linear: Vec<Linear<'_>> = Vec::new();
    let layers = architecture.layers().into_iter().zip(architecture.normalised());
    for ((layer, normalised), output) in layers.zip(architecture.shapes().into_iter().skip(1)) {
        if matches!(layer, Layer::Conv { .. } | Layer::Dense { .. }) {
            linear.push(Linear { read: linear.last().and_then(|before| before.made), made: None });
        }
        if let (true, Some(maker)) = (normalised, linear.last_mut()) {
            let channels = match output {
                Shape::Maps { channels, .. } | Shape::Units(channels) => channels,
            };
            maker.made = rest.next();
            assert_eq!(maker.made.map(|by| by.mean.len()), Some(channels), "channels of a normalisation");
        }
    }
    assert!(rest.next().is_none(), "one normalisation for each place");
    linear
}

/// What the means of normalised values add up to, over one row of weights.
fn shift(row: &[f32], read: &Normalisation) -> f64 {
    // Kernels, or the pixels of flattened maps: all of one channel lie together.
    let channels = row.chunks_exact(row.len() / read.mean.len()).zip(&read.mean).zip(&read.inverse_deviation);
    let each = channels.map(|((weights, mean), inverse)| {
        weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() * f64::from(mean * inverse)
    });
    each.sum()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// The first value of each parameter, by hand.
    #[test]
    fn deviations_go_to_the_layer_before_and_means_to_the_one_behind() {
        let architecture = Architecture::Mlp;
        let weights = Weights::from_values(architecture, vec![1.0; architecture.parameter_count()]).unwrap();
        let by = |mean: f32, inverse: f32| Normalisation {
            mean: vec![mean; 128],
            inverse_deviation: vec![inverse; 128],
        };
        let folded = weights.folded(&[by(3.0, 0.5), by(1.0, 2.0)]);
        let first: Vec<f32> = folded.parameters().iter().map(|(_, values)| values[0]).collect();
        let of_128 = |mean: f32, inverse: f32| 1.0 - 128.0 * mean * inverse;
        assert_eq!(first, [0.5, 0.5, 2.0, 2.0 * of_128(3.0, 0.5), 1.0, of_128(1.0, 2.0)]);
    }

    #[test]
    #[should_panic(expected = "channels of a normalisation")]
    fn a_normalisation_of_other_channels_is_refused() {
        let architecture = Architecture::Mlp;
        let weights = Weights::from_values(architecture, vec![1.0; architecture.parameter_count()]).unwrap();
        let half = Normalisation { mean: vec![0.0; 64], inverse_deviation: vec![1.0; 64] };
        let _ = weights.folded(&[half.clone(), half]);
    }
}
