//! Batch normalization folded into the layer before it: fewer operations for the same answers.

use model_spec::{LayerSpec, NetworkDraft};

use crate::Weights;

impl Weights {
    /// The network without those batch norms that stand directly behind a convolution or a dense layer, and weights that answer
    /// the same, to rounding. Scale, shift and running statistics go into the layer's weight and bias.
    #[must_use]
    pub fn folded(&self) -> Self {
        let mut tensors = self.tensors().map(|(_, values)| values.to_vec());
        let layers = self.network.layers();
        let mut folded: Vec<(LayerSpec, Vec<Vec<f32>>)> = Vec::with_capacity(layers.len());
        for (index, layer) in layers.iter().enumerate() {
            let own: Vec<Vec<f32>> = tensors.by_ref().take(self.network.layer_tensors(index).len()).collect();
            match (layer, folded.last_mut()) {
                (LayerSpec::BatchNorm(norm), Some((before, linear))) if can_take(before) => {
                    take_norm(linear, &scale_and_shift(norm.affine, norm.epsilon, &own));
                    with_bias(before);
                }
                _ => folded.push((layer.clone(), own)),
            }
        }
        let (layers, values): (Vec<_>, Vec<_>) = folded.into_iter().unzip();
        let draft = NetworkDraft { layers, ..self.network.draft() };
        let values: Vec<f32> = values.into_iter().flatten().flatten().collect();
        // Leaving out layers that keep every shape leaves a network that fits.
        let network = draft.check().ok();
        network.and_then(|network| Self::from_values(network, values)).unwrap_or_else(|| self.clone())
    }
}

fn can_take(layer: &LayerSpec) -> bool {
    matches!(layer, LayerSpec::Conv2d(_) | LayerSpec::Dense(_))
}

fn with_bias(layer: &mut LayerSpec) {
    match layer {
        LayerSpec::Conv2d(conv) => conv.bias = true,
        LayerSpec::Dense(dense) => dense.bias = true,
        _ => {}
    }
}

/// For each channel what `x` becomes: `scale * x + shift`.
fn scale_and_shift(affine: bool, epsilon: f64, tensors: &[Vec<f32>]) -> Vec<(f64, f64)> {
    let learned = if affine { 2 } else { 0 };
    let channels = tensors[learned].len();
    let each = |channel: usize| {
        let [mean, variance] = [0, 1].map(|which| f64::from(tensors[learned + which][channel]));
        let [gamma, beta] =
            if affine { [0, 1].map(|which| f64::from(tensors[which][channel])) } else { [1.0, 0.0] };
        let scale = gamma / (variance + epsilon).sqrt();
        (scale, beta - scale * mean)
    };
    (0..channels).map(each).collect()
}

/// `linear` is a weight, whose rows belong to one channel each, and perhaps a bias.
fn take_norm(linear: &mut Vec<Vec<f32>>, norm: &[(f64, f64)]) {
    if linear.len() == 1 {
        linear.push(vec![0.0; norm.len()]);
    }
    let row = linear[0].len() / norm.len();
    for (channel, &(scale, shift)) in norm.iter().enumerate() {
        for weight in &mut linear[0][channel * row..(channel + 1) * row] {
            *weight = (f64::from(*weight) * scale) as f32;
        }
        let bias = &mut linear[1][channel];
        *bias = (f64::from(*bias) * scale + shift) as f32;
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::NetworkSpec;

    use super::*;

    #[test]
    fn a_norm_goes_into_the_layer_before_it() {
        let network = NetworkSpec::from_json(
            r#"{"layers":[{"kind":"flatten"},{"kind":"dense","units":10,"bias":false},{"kind":"batch_norm","epsilon":1e-12}]}"#,
        )
        .unwrap();
        let mut values = vec![1.0; 7_840];
        // Scale 3, shift 5, mean 2, variance 4.
        for value in [3.0, 5.0, 2.0, 4.0] {
            values.extend([value; 10]);
        }
        let folded = Weights::from_values(network, values).unwrap().folded();
        assert_eq!(folded.network().layers().len(), 2);
        let tensors: Vec<_> =
            folded.tensors().map(|(tensor, values)| (tensor.name.as_str(), values[0])).collect();
        assert_eq!(tensors, [("fc1.weight", 1.5), ("fc1.bias", 2.0)]);
    }

    #[test]
    fn a_norm_behind_something_else_stays() {
        let network = NetworkSpec::from_json(
            r#"{"layers":[{"kind":"flatten"},{"kind":"relu"},{"kind":"batch_norm"},{"kind":"dense","units":10}]}"#,
        )
        .unwrap();
        let weights = Weights::initial(&network, 1);
        assert_eq!(weights.folded(), weights);
    }
}
