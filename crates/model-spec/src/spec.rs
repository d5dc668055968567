//! A network that was checked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    LayerError, LayerSpec, MAX_CLASSES, NetworkDraft, SCHEMA, SIDE, Shape, TensorKind, TensorSpec, catalog,
};

/// A network that cannot be built; the text is for the person who wrote it. Layers are counted from 1 there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum SpecError {
    #[error("This is not a network: {0}.")]
    Json(String),
    #[error("Layer {} cannot be read: {text}.", layer + 1)]
    Unreadable { layer: usize, text: String },
    #[error("This network is of version {0}, and this program reads version {SCHEMA}. Take a newer program.")]
    Schema(u32),
    #[error("The input has {0} x {1} x {2} values; images here have 1 x 28 x 28.")]
    Input(usize, usize, usize),
    #[error("{0} classes are out of range: choose 2 to {MAX_CLASSES}.")]
    Classes(u32),
    #[error("The network has no layers. Add a Dense layer with one unit for each class.")]
    Empty,
    #[error("The network has {0} layers; {MAX_LAYERS} are possible.")]
    TooManyLayers(usize),
    #[error("Layer {} ({title}): {error}", layer + 1)]
    Layer { layer: usize, title: String, error: LayerError },
    #[error(
        "Layer {} ({title}) is the last one and gives {found}, but there are {classes} classes. End with a Dense layer of \
         {classes} units.", layer + 1
    )]
    Output { layer: usize, title: String, found: Shape, classes: u32 },
    #[error(
        "Layer {} ({title}) brings the network to {parameters} parameters; {MAX_PARAMETERS} are possible. Choose fewer units or \
         channels.", layer + 1
    )]
    TooManyParameters { layer: usize, title: String, parameters: usize },
    #[error(
        "Layer {} ({title}) brings the work for one image to {flop} operations; {MAX_FORWARD_FLOP} are possible. Choose fewer \
         channels, or a stride.", layer + 1
    )]
    TooMuchWork { layer: usize, title: String, flop: u64 },
    #[error("The network has nothing to learn. Add a Dense layer.")]
    NothingToLearn,
}

impl SpecError {
    /// The layer at fault, from 0, where there is one.
    pub const fn layer(&self) -> Option<usize> {
        match self {
            Self::Unreadable { layer, .. }
            | Self::Layer { layer, .. }
            | Self::Output { layer, .. }
            | Self::TooManyParameters { layer, .. }
            | Self::TooMuchWork { layer, .. } => Some(*layer),
            _ => None,
        }
    }
}

const MAX_LAYERS: usize = 100;
/// What a file of 64 MiB holds.
const MAX_PARAMETERS: usize = 16_000_000;
/// Some 40 s for a batch of 64 in a tab.
const MAX_FORWARD_FLOP: u64 = 4_000_000_000;

/// A network whose layers fit each other. A copy is cheap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "NetworkDraft", into = "NetworkDraft")]
pub struct NetworkSpec(Arc<Checked>);

#[derive(Debug, PartialEq)]
struct Checked {
    draft: NetworkDraft,
    /// Before the first layer and behind each.
    shapes: Vec<Shape>,
    tensors: Vec<Vec<TensorSpec>>,
}

impl TryFrom<NetworkDraft> for NetworkSpec {
    type Error = SpecError;

    fn try_from(draft: NetworkDraft) -> Result<Self, SpecError> {
        Self::new(draft)
    }
}

impl From<NetworkSpec> for NetworkDraft {
    fn from(spec: NetworkSpec) -> Self {
        spec.0.draft.clone()
    }
}

impl NetworkSpec {
    pub(crate) fn new(draft: NetworkDraft) -> Result<Self, SpecError> {
        if draft.schema != SCHEMA {
            return Err(SpecError::Schema(draft.schema));
        }
        let input = draft.input;
        if (input.channels, input.height, input.width) != (1, SIDE, SIDE) {
            return Err(SpecError::Input(input.channels, input.height, input.width));
        }
        if !(2..=MAX_CLASSES).contains(&draft.classes) {
            return Err(SpecError::Classes(draft.classes));
        }
        if draft.layers.len() > MAX_LAYERS {
            return Err(SpecError::TooManyLayers(draft.layers.len()));
        }
        let mut shape = Shape::Maps { channels: 1, side: SIDE };
        let (mut shapes, mut tensors) = (vec![shape], Vec::new());
        let (mut parameters, mut flop) = (0_usize, 0);
        let mut numbers = std::collections::BTreeMap::new();
        for (index, layer) in draft.layers.iter().enumerate() {
            let title = || layer.title();
            let output = layer.output(shape).map_err(|error| SpecError::Layer {
                layer: index,
                title: title(),
                error,
            })?;
            let number = numbers.entry(layer.prefix()).or_insert(0);
            *number += 1;
            let own = layer.tensors(&format!("{}{number}", layer.prefix()), shape);
            parameters = own.iter().map(TensorSpec::size).fold(parameters, usize::saturating_add);
            flop += layer.forward_flop(shape, output);
            if parameters > MAX_PARAMETERS {
                return Err(SpecError::TooManyParameters { layer: index, title: title(), parameters });
            }
            if flop > MAX_FORWARD_FLOP {
                return Err(SpecError::TooMuchWork { layer: index, title: title(), flop });
            }
            tensors.push(own);
            shape = output;
            shapes.push(shape);
        }
        let Some(last) = draft.layers.last() else { return Err(SpecError::Empty) };
        if shape != Shape::Features(draft.classes as usize) {
            let (layer, classes) = (draft.layers.len() - 1, draft.classes);
            return Err(SpecError::Output { layer, title: last.title(), found: shape, classes });
        }
        if parameters == 0 {
            return Err(SpecError::NothingToLearn);
        }
        Ok(Self(Arc::new(Checked { draft, shapes, tensors })))
    }

    /// Reads JSON and checks it.
    ///
    /// # Errors
    /// [`SpecError`] names the layer at fault.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        NetworkDraft::from_json(text)?.check()
    }

    /// JSON on several lines, the same for the same network.
    ///
    /// # Panics
    /// Never: every value has a form in JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.0.draft).expect("numbers, texts and lists have a form in JSON")
    }

    /// What a person can change and check anew.
    pub fn draft(&self) -> NetworkDraft {
        self.0.draft.clone()
    }

    /// Classes that it tells apart, 2 to 255.
    pub fn classes(&self) -> usize {
        self.0.draft.classes as usize
    }

    /// The layers, in the order of the forward pass.
    pub fn layers(&self) -> &[LayerSpec] {
        &self.0.draft.layers
    }

    /// The shape before the first layer and behind each one: one more than there are layers.
    pub fn shapes(&self) -> &[Shape] {
        &self.0.shapes
    }

    /// The tensors of one layer, from 0.
    ///
    /// # Panics
    /// Where there are fewer layers.
    pub fn layer_tensors(&self, layer: usize) -> &[TensorSpec] {
        &self.0.tensors[layer]
    }

    /// Every tensor, in the order of the forward pass: what a file holds.
    pub fn tensors(&self) -> impl Iterator<Item = &TensorSpec> {
        self.0.tensors.iter().flatten()
    }

    /// The tensors that are learned, in that order.
    pub fn parameters(&self) -> impl Iterator<Item = &TensorSpec> {
        self.tensors().filter(|tensor| tensor.kind == TensorKind::Parameter)
    }

    /// Number of learned values.
    pub fn parameter_count(&self) -> usize {
        self.parameters().map(TensorSpec::size).sum()
    }

    /// Number of values in all tensors.
    pub fn value_count(&self) -> usize {
        self.tensors().map(TensorSpec::size).sum()
    }

    /// Whether a layer needs the statistics of a batch.
    pub fn has_batch_norm(&self) -> bool {
        self.layers().iter().any(|layer| matches!(layer, LayerSpec::BatchNorm(_)))
    }

    /// Floating-point operations of a forward pass over one image, two to a multiply-add.
    pub fn forward_flop(&self) -> u64 {
        let shapes = self.shapes();
        let each = self.layers().iter().zip(shapes).zip(&shapes[1..]);
        each.map(|((layer, &input), &output)| layer.forward_flop(input, output)).sum()
    }

    /// Images that one forward and backward pass may hold on a CPU, so that a worker can answer between two.
    ///
    /// It depends on the network alone: a run gives the same numbers on a slow machine and on a fast one.
    pub fn cpu_micro_batch(&self) -> usize {
        // Some 50 ms of WebAssembly on a laptop of 2024 (backward costs twice forward).
        const FLOP: u64 = 4_700_000_000;
        (FLOP / (3 * self.forward_flop()).max(1)).next_power_of_two().clamp(8, 512) as usize
    }

    /// A name for people: that of the catalog, else `MLP 784-100-50-10` or `CNN, 215,194 parameters`.
    pub fn title(&self) -> String {
        catalog::title_of(self).unwrap_or_else(|| self.described())
    }

    fn described(&self) -> String {
        let is_mlp = !self.layers().iter().any(|layer| matches!(layer, LayerSpec::Conv2d(_)));
        if is_mlp {
            let units = self.layers().iter().filter_map(|layer| match layer {
                LayerSpec::Dense(dense) => Some(dense.units.to_string()),
                _ => None,
            });
            let sizes: Vec<_> = core::iter::once("784".to_owned()).chain(units).collect();
            format!("MLP {}", sizes.join("-"))
        } else {
            format!("CNN, {} parameters", grouped(self.parameter_count()))
        }
    }
}

/// `1,199,882`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check_refused(layers: &str, expected: &str) {
        let error = NetworkSpec::from_json(&format!("{{\"layers\":[{layers}]}}")).unwrap_err().to_string();
        assert_eq!(error, expected);
    }

    const FLATTEN: &str = r#"{"kind":"flatten"}"#;
    const LAST: &str = r#"{"kind":"dense","units":10}"#;

    #[test]
    fn what_is_impossible_is_said_at_its_layer() {
        check_refused("", "The network has no layers. Add a Dense layer with one unit for each class.");
        check_refused(
            LAST,
            "Layer 1 (Dense, 10 units): it needs a vector, and gets feature maps of 1 x 28 x 28. Put Flatten or Global average \
             pool before it.",
        );
        check_refused(
            &format!(r#"{FLATTEN},{{"kind":"conv2d","out_channels":8,"kernel_size":3}}"#),
            "Layer 2 (Convolution 3x3, 8 channels): it needs feature maps, and gets a vector. Move it before Flatten.",
        );
        check_refused(
            r#"{"kind":"max_pool2d","kernel_size":7},{"kind":"conv2d","out_channels":8,"kernel_size":5}"#,
            "Layer 2 (Convolution 5x5, 8 channels): its window of 5 x 5 pixels is larger than the feature maps of 4 x 4. Choose \
             a smaller window, or remove a layer that shrinks the maps.",
        );
        check_refused(
            &format!(r#"{FLATTEN},{{"kind":"dense","units":12}}"#),
            "Layer 2 (Dense, 12 units) is the last one and gives 12, but there are 10 classes. End with a Dense layer of 10 units.",
        );
        check_refused(
            &format!(r#"{FLATTEN},{{"kind":"dropout","probability":1.0}},{LAST}"#),
            "Layer 2 (Dropout, 100 %): the probability is 1. Choose 0 to 0.95.",
        );
        check_refused(
            &format!(r#"{FLATTEN},{{"kind":"dense","units":0}},{LAST}"#),
            "Layer 2 (Dense, 0 units): the number of units is 0. Choose 1 to 8,192.",
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = |text: &str| NetworkSpec::from_json(text).unwrap_err().to_string();
        assert!(error("{").starts_with("This is not a network: "));
        assert!(
            error("{\"layers\":[{\"kind\":\"lstm\"}]}")
                .starts_with("Layer 1 cannot be read: unknown variant `lstm`")
        );
        assert!(
            error("{\"layers\":[{\"kind\":\"dense\"}]}")
                .starts_with("Layer 1 cannot be read: missing field `units`")
        );
        assert!(
            error("{\"layers\":[{\"kind\":\"dense\",\"units\":3,\"unit\":4}]}")
                .contains("unknown field `unit`"),
        );
        assert!(error("{\"layers\":[],\"classes\":1}").starts_with("1 classes are out of range"));
        assert!(error("{\"layers\":[],\"schema\":2}").contains("version 2"));
        assert_eq!(
            NetworkSpec::from_json("{\"layers\":[{\"kind\":\"flatten\"}]}").unwrap_err().layer(),
            Some(0)
        );
    }

    #[test]
    fn what_is_too_large_is_refused_at_the_layer_that_is_too_much() {
        let wide = r#"{"kind":"dense","units":8192}"#;
        let error =
            NetworkSpec::from_json(&format!("{{\"layers\":[{FLATTEN},{wide},{wide},{LAST}]}}")).unwrap_err();
        assert_eq!(error.layer(), Some(2), "{error}");
        let wide = r#"{"kind":"conv2d","out_channels":512,"kernel_size":7}"#;
        let error = NetworkSpec::from_json(&format!("{{\"layers\":[{wide},{wide}]}}")).unwrap_err();
        assert_eq!(error.layer(), Some(1), "{error}");
    }

    #[test]
    fn json_comes_back_as_it_went() {
        for named in catalog::NAMED_NETWORKS {
            let spec = named.spec();
            assert_eq!(NetworkSpec::from_json(&spec.to_json()).as_ref(), Ok(&spec), "{}", named.id);
            assert_eq!(spec.shapes().len(), spec.layers().len() + 1);
            assert!(spec.cpu_micro_batch() >= 8);
        }
    }

    #[test]
    fn other_names_of_other_libraries_are_understood() {
        let text = r#"{"layers":[{"kind":"conv","channels":4,"kernel":3},{"kind":"avg_pool"},{"kind":"batch_norm","eps":1e-3},
            {"kind":"flatten"},{"kind":"dropout","p":0.5},{"kind":"linear","out_features":10}]}"#;
        let spec = NetworkSpec::from_json(text).unwrap();
        assert_eq!(spec.shapes()[2], Shape::Maps { channels: 4, side: 13 });
        assert_eq!(spec.title(), "CNN, 6,818 parameters");
    }

    #[test]
    fn tensors_are_named_as_pytorch_names_them() {
        let text = r#"{"layers":[{"kind":"conv2d","out_channels":4,"kernel_size":3,"bias":false},{"kind":"batch_norm"},
            {"kind":"flatten"},{"kind":"layer_norm"},{"kind":"dense","units":10}]}"#;
        let spec = NetworkSpec::from_json(text).unwrap();
        let names: Vec<_> = spec.tensors().map(|tensor| tensor.name.as_str()).collect();
        let expected = [
            "conv1.weight",
            "bn1.weight",
            "bn1.bias",
            "bn1.running_mean",
            "bn1.running_var",
            "ln1.weight",
            "ln1.bias",
            "fc1.weight",
            "fc1.bias",
        ];
        assert_eq!(names, expected);
        assert_eq!(spec.parameter_count() + 8, spec.value_count());
    }
}
