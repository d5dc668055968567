//! What a model holds, layer by layer: for a table.

use model_card::{LayerSummary, TensorSummary};
use weights::Weights;

/// Bars of a histogram.
pub const BARS: usize = 24;

/// Every layer of a model, in the order of the forward pass.
pub fn summary(weights: &Weights) -> Vec<LayerSummary> {
    let network = weights.network();
    let mut tensors = weights.tensors();
    let each = network.layers().iter().enumerate().map(|(index, layer)| {
        let own = tensors.by_ref().take(network.layer_tensors(index).len());
        LayerSummary {
            title: layer.title(),
            output: network.shapes()[index + 1].to_string(),
            parameters: layer.parameter_count(network.shapes()[index]),
            tensors: own.map(|(tensor, values)| of_values(&tensor.name, &tensor.shape, values)).collect(),
        }
    });
    each.collect()
}

fn of_values(name: &str, shape: &[usize], values: &[f32]) -> TensorSummary {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let squares: f64 = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum();
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = if values.is_empty() { [0.0; 2] } else { [f64::from(least), f64::from(most)] };
    let width = (range[1] - range[0]).max(f64::MIN_POSITIVE);
    let mut histogram = vec![0; BARS];
    for &value in values {
        let bar = (f64::from(value) - range[0]) / width * BARS as f64;
        histogram[(bar as usize).min(BARS - 1)] += 1;
    }
    TensorSummary {
        name: name.to_owned(),
        shape: shape.to_vec(),
        mean,
        deviation: (squares / count).sqrt(),
        range,
        histogram,
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn values_are_counted() {
        let summary = of_values("w", &[2, 2], &[-1.0, 0.0, 0.0, 3.0]);
        assert_eq!((summary.mean, summary.range), (0.5, [-1.0, 3.0]));
        assert!((summary.deviation - 1.5).abs() < 1e-9);
        assert_eq!((summary.histogram[0], summary.histogram[6], summary.histogram[BARS - 1]), (1, 2, 1));
        assert_eq!(of_values("c", &[3], &[2.0; 3]).histogram[0], 3);
    }

    #[test]
    fn every_layer_has_its_row() {
        let network = model_spec::named_network("workshop-cnn").unwrap().spec();
        let rows = summary(&Weights::initial(&network, 1));
        assert_eq!(rows.len(), network.layers().len());
        assert_eq!(
            (rows[0].title.as_str(), rows[0].output.as_str(), rows[0].parameters),
            ("Convolution 3x3, 32 channels", "32 x 26 x 26", 320)
        );
        assert_eq!(rows.iter().map(|row| row.parameters).sum::<u64>(), network.parameter_count() as u64);
    }
}
