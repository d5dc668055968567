//! Stacks made from other stacks.

use crate::{
    LayerSpec, NetworkDraft,
    layers::{BatchNorm, Dense},
};

/// The same stack for another number of classes: its last dense layer gets as many units.
#[must_use]
pub fn with_classes(draft: &NetworkDraft, classes: u32) -> NetworkDraft {
    let mut draft = NetworkDraft { classes, ..draft.clone() };
    if let Some(LayerSpec::Dense(Dense { units, .. })) = draft.layers.last_mut() {
        *units = classes as usize;
    }
    draft
}

/// The same stack with batch normalization behind each ReLU and its pooling, where a convolution or a dense layer follows.
///
/// Behind the pooling there are a quarter of the values to normalize, and convolution, ReLU and pooling stay one operation.
#[must_use]
pub fn normalized(draft: &NetworkDraft, norm: &BatchNorm) -> NetworkDraft {
    let is_linear = |layer: &LayerSpec| matches!(layer, LayerSpec::Conv2d(_) | LayerSpec::Dense(_));
    let mut layers = Vec::new();
    for (index, layer) in draft.layers.iter().enumerate() {
        layers.push(layer.clone());
        let (before, rest) =
            (index.checked_sub(1).map(|before| &draft.layers[before]), &draft.layers[index + 1..]);
        let ends_block = match layer {
            LayerSpec::Relu => !matches!(rest.first(), Some(LayerSpec::MaxPool2d(_))),
            LayerSpec::MaxPool2d(_) => before == Some(&LayerSpec::Relu),
            _ => false,
        };
        if ends_block && rest.iter().any(is_linear) {
            layers.push(LayerSpec::BatchNorm(norm.clone()));
        }
    }
    NetworkDraft { layers, ..draft.clone() }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::named_network;

    #[test]
    fn norms_stand_behind_each_relu_and_its_pooling() {
        let draft = named_network("reader-cnn").unwrap().spec().draft();
        let spec = normalized(&draft, &BatchNorm::default()).check().unwrap();
        let kinds: Vec<_> = spec.layers().iter().map(LayerSpec::title).collect();
        let norms: Vec<_> = (0..kinds.len()).filter(|&index| kinds[index] == "Batch norm").collect();
        assert_eq!(norms, [2, 6, 9, 13, 18]);
        assert_eq!((kinds[1].as_str(), kinds[5].as_str()), ("ReLU", "Max pool 2x2"));
    }
}
