//! Stacks made from other stacks.

use crate::{
    LayerSpec, NetworkDraft,
    layers::{BatchNorm, Dense, Dropout},
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

/// The units of the hidden dense layers, in their order.
pub fn hidden_units(draft: &NetworkDraft) -> Vec<usize> {
    let units = |layer: &LayerSpec| match layer {
        LayerSpec::Dense(Dense { units, .. }) => Some(*units),
        _ => None,
    };
    let mut all: Vec<usize> = draft.layers.iter().filter_map(units).collect();
    all.pop();
    all
}

/// The same stack with hidden dense layers of so many `units` each, the first one first. What stands between a dense layer and
/// the next one, such as a norm, an activation or dropout, belongs to it: where there are more `units` than hidden layers, the last
/// hidden layer is repeated with it, and where there are fewer, the last ones go with it.
///
/// `None` where the stack has no hidden dense layer.
#[must_use]
pub fn with_hidden_units(draft: &NetworkDraft, units: &[usize]) -> Option<NetworkDraft> {
    let is_dense = |index: &usize| matches!(draft.layers[*index], LayerSpec::Dense(_));
    let dense: Vec<usize> = (0..draft.layers.len()).filter(is_dense).collect();
    let (&last, hidden) = dense.split_last()?;
    let blocks: Vec<&[LayerSpec]> =
        hidden.iter().zip(&dense[1..]).map(|(&start, &end)| &draft.layers[start..end]).collect();
    let final_block = blocks.last()?;
    let mut layers = draft.layers[..hidden[0]].to_vec();
    for (index, own) in units.iter().enumerate() {
        let start = layers.len();
        layers.extend_from_slice(blocks.get(index).unwrap_or(final_block));
        if let Some(LayerSpec::Dense(Dense { units, .. })) = layers.get_mut(start) {
            *units = *own;
        }
    }
    layers.extend_from_slice(&draft.layers[last..]);
    Some(NetworkDraft { layers, ..draft.clone() })
}

/// The probability of the dropout layers, where there are any and all have the same.
pub fn dropout(draft: &NetworkDraft) -> Option<f64> {
    let mut all = draft.layers.iter().filter_map(|layer| match layer {
        LayerSpec::Dropout(Dropout { probability }) => Some(*probability),
        _ => None,
    });
    let first = all.next()?;
    all.all(|own| own == first).then_some(first)
}

/// The same stack with another `probability`, 0 to 0.95, in each of its dropout layers. `None` where it has none.
#[must_use]
pub fn with_dropout(draft: &NetworkDraft, probability: f64) -> Option<NetworkDraft> {
    let is_dropout = |layer: &LayerSpec| matches!(layer, LayerSpec::Dropout(_));
    let changed = |layer: &LayerSpec| {
        if is_dropout(layer) { LayerSpec::Dropout(Dropout { probability }) } else { layer.clone() }
    };
    let layers = draft.layers.iter().map(changed).collect();
    draft.layers.iter().any(is_dropout).then(|| NetworkDraft { layers, ..draft.clone() })
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

    #[track_caller]
    fn check_units(network: &str, units: &[usize], expected: Option<&[&str]>) {
        let draft = named_network(network).unwrap().spec().draft();
        let changed = with_hidden_units(&draft, units).map(|draft| draft.check().unwrap());
        let titles =
            changed.as_ref().map(|spec| spec.layers().iter().map(LayerSpec::title).collect::<Vec<_>>());
        assert_eq!(titles, expected.map(|titles| titles.iter().map(|title| (*title).into()).collect()));
        if let Some(spec) = changed {
            assert_eq!(hidden_units(&spec.draft()), units);
        }
    }

    #[test]
    fn hidden_layers_take_what_follows_them_along() {
        check_units(
            "mlp-100-50",
            &[64, 32],
            Some(&["Flatten", "Dense, 64 units", "ReLU", "Dense, 32 units", "ReLU", "Dense, 10 units"]),
        );
        check_units("mlp-100-50", &[64], Some(&["Flatten", "Dense, 64 units", "ReLU", "Dense, 10 units"]));
        let norm = ["Layer norm", "ReLU"];
        let last = ["Layer norm", "Dropout, 40 %", "ReLU"];
        let three: Vec<&str> = ["Flatten", "Dense, 9 units"]
            .into_iter()
            .chain(norm)
            .chain(["Dense, 8 units"])
            .chain(last)
            .chain(["Dense, 7 units"])
            .chain(last)
            .chain(["Dense, 10 units"])
            .collect();
        check_units("norm-mlp-40", &[9, 8, 7], Some(&three));
        check_units("small-cnn", &[7], None);
    }

    #[test]
    fn dropout_changes_in_every_layer() {
        let draft = named_network("norm-mlp-40").unwrap().spec().draft();
        assert_eq!(dropout(&draft), Some(0.4));
        let changed = with_dropout(&draft, 0.1).unwrap();
        assert_eq!((dropout(&changed), changed.layers.len()), (Some(0.1), draft.layers.len()));
        let none = named_network("mlp-100-50").unwrap().spec().draft();
        assert_eq!((dropout(&none), with_dropout(&none, 0.1)), (None, None));
        // Two of 0.25 and one of 0.5.
        assert_eq!(dropout(&named_network("kaggle-cnn").unwrap().spec().draft()), None);
    }
}
