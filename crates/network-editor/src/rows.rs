//! What each layer of a draft makes.

use model_spec::{LayerSpec, NetworkDraft, SIDE, Shape};

/// A layer as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is: `Dense, 100 units`.
    pub title: String,
    /// What comes out; unknown for a layer that cannot stand there, and behind one.
    pub output: Option<Shape>,
    /// Values that it learns, where the input is known.
    pub parameters: Option<u64>,
    /// Floating-point operations of a forward pass over one image, where the input is known.
    pub forward_flop: Option<u64>,
}

/// A row for each layer, as far as the shapes are known.
pub fn rows(draft: &NetworkDraft) -> Vec<Row> {
    let mut input = Some(Shape::Maps { channels: draft.input.channels, side: SIDE });
    let row = |layer: &LayerSpec| {
        let known = input.and_then(|input| Some((input, layer.output(input).ok()?)));
        input = known.map(|(_, output)| output);
        Row {
            title: layer.title(),
            output: input,
            parameters: known.map(|(input, _)| layer.parameter_count(input)),
            forward_flop: known.map(|(input, output)| layer.forward_flop(input, output)),
        }
    };
    draft.layers.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::{NAMED_NETWORKS, layers::Dense};

    use super::*;

    #[test]
    fn rows_add_up_to_the_network() {
        for named in NAMED_NETWORKS {
            let spec = named.spec();
            let rows = rows(&spec.draft());
            let parameters: u64 = rows.iter().filter_map(|row| row.parameters).sum();
            let flop: u64 = rows.iter().filter_map(|row| row.forward_flop).sum();
            assert_eq!(
                (parameters, flop),
                (spec.parameter_count() as u64, spec.forward_flop()),
                "{}",
                named.id
            );
            let outputs: Vec<_> = rows.iter().filter_map(|row| row.output).collect();
            assert_eq!(outputs, spec.shapes()[1..], "{}", named.id);
        }
    }

    #[test]
    fn nothing_is_known_behind_an_impossible_layer() {
        let dense = LayerSpec::Dense(Dense::new(10));
        let draft = NetworkDraft::of_digits(vec![LayerSpec::Relu, dense, LayerSpec::Tanh]);
        let outputs: Vec<_> = rows(&draft).into_iter().map(|row| row.output).collect();
        assert_eq!(outputs, [Some(Shape::Maps { channels: 1, side: 28 }), None, None]);
    }
}
