//! ONNX files that any runtime opens: grey levels in, logits and probabilities out.
//!
//! Messages and their numbers: `onnx/onnx.proto`; operators: ONNX's `docs/Operators.md`. Opset 13 holds everything but layer norm, which
//! came with 17.

use model_card::ModelCard;
use model_spec::{
    LayerSpec, Preprocessing, SIDE, Shape,
    layers::{Conv2d, Pool2d},
};
use weights::Weights;

use crate::protobuf::Message;

const FLOAT: i64 = 1;
/// Numbers of the kinds of attributes.
const ATTRIBUTE_FLOAT: i64 = 1;
const ATTRIBUTE_INT: i64 = 2;
const ATTRIBUTE_INTS: i64 = 7;

/// Writes a model. Its input `pixels` has the shape `[batch, 1, 28, 28]` and holds grey levels, 0 is paper and 255 is ink; its
/// outputs `logits` and `probabilities` have a value for each class.
pub fn write_onnx(weights: &Weights, card: &ModelCard) -> Vec<u8> {
    let mut graph = Graph { nodes: Vec::new(), initializers: Vec::new(), at: "pixels".into(), names: 0 };
    graph.preprocessing(&card.preprocessing);
    let network = weights.network();
    let mut tensors = weights.tensors();
    for (index, layer) in network.layers().iter().enumerate() {
        let own: Vec<String> = (0..network.layer_tensors(index).len())
            .filter_map(|_| tensors.next())
            .map(|(tensor, values)| graph.initializer(&tensor.name, &tensor.shape, values))
            .collect();
        graph.layer(layer, network.shapes()[index], &own);
    }
    // A name of its own for what the last layer gives.
    graph.node_to("Identity", &[], vec![], "logits");
    graph.node_to("Softmax", &[], vec![int("axis", 1)], "probabilities");
    let has_layer_norm = network.layers().iter().any(|layer| matches!(layer, LayerSpec::LayerNorm(_)));
    let classes = network.classes() as i64;
    let maps = [None, Some(1), Some(SIDE as i64), Some(SIDE as i64)];
    let graph = Message::default()
        .messages(1, graph.nodes)
        .text(2, "inkling")
        .messages(5, graph.initializers)
        .message(11, &value_info("pixels", &maps))
        .message(12, &value_info("probabilities", &[None, Some(classes)]))
        .message(12, &value_info("logits", &[None, Some(classes)]));
    let (opset, ir) = if has_layer_norm { (17, 8) } else { (13, 7) };
    Message::default()
        .number(1, ir)
        .text(2, "inkling")
        .text(3, env!("CARGO_PKG_VERSION"))
        .message(7, &graph)
        .message(8, &Message::default().text(1, "").number(2, opset))
        .messages(
            14,
            metadata(card).into_iter().map(|(key, value)| Message::default().text(1, key).text(2, &value)),
        )
        .into_bytes()
}

fn metadata(card: &ModelCard) -> Vec<(&'static str, String)> {
    let names: Vec<String> = (0..card.network.classes()).map(|class| card.class_name(class)).collect();
    let mut all = vec![
        ("class_names", serde_json::to_string(&names).unwrap_or_default()),
        ("input", "pixels: grey levels 0 (paper) to 255 (ink), float32 [batch, 1, 28, 28]".into()),
        ("preprocessing", card.preprocessing.title()),
    ];
    if let Some(test) = card.test {
        all.push(("accuracy", format!("{} of {}", test.with_interval(), card.tested_on)));
    }
    if !card.trained_on.is_empty() {
        all.push(("trained_on", card.trained_on.clone()));
    }
    if let Some(calibration) = &card.calibration {
        all.push(("temperature", calibration.temperature.to_string()));
    }
    if !card.license.is_empty() {
        all.push(("license", card.license.clone()));
    }
    all
}

fn value_info(name: &str, shape: &[Option<i64>]) -> Message {
    let dimensions = shape.iter().map(|side| match side {
        Some(side) => Message::default().number(1, *side),
        None => Message::default().text(2, "batch"),
    });
    let tensor = Message::default().number(1, FLOAT).message(2, &Message::default().messages(1, dimensions));
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

fn attribute(name: &str, kind: i64) -> Message {
    Message::default().text(1, name).number(20, kind)
}

fn int(name: &str, value: usize) -> Message {
    attribute(name, ATTRIBUTE_INT).number(3, value as i64)
}

fn float(name: &str, value: f64) -> Message {
    attribute(name, ATTRIBUTE_FLOAT).float(2, value as f32)
}

fn ints(name: &str, values: &[usize]) -> Message {
    values.iter().fold(attribute(name, ATTRIBUTE_INTS), |attribute, &value| attribute.number(8, value as i64))
}

struct Graph {
    nodes: Vec<Message>,
    initializers: Vec<Message>,
    /// What the last node gives.
    at: String,
    names: usize,
}

impl Graph {
    fn initializer(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = shape.iter().fold(Message::default(), |tensor, &side| tensor.number(1, side as i64));
        self.initializers.push(tensor.number(2, FLOAT).text(8, name).bytes(9, &bytes));
        name.to_owned()
    }

    fn constant(&mut self, value: f64) -> String {
        self.names += 1;
        let name = format!("constant{}", self.names);
        self.initializer(&name, &[], &[value as f32])
    }

    /// Adds a node behind the last one; `more` are its other inputs.
    fn node(&mut self, operator: &str, more: &[String], attributes: Vec<Message>) -> String {
        self.names += 1;
        let output = format!("value{}", self.names);
        self.node_to(operator, more, attributes, &output);
        output
    }

    fn node_to(&mut self, operator: &str, more: &[String], attributes: Vec<Message>, output: &str) {
        let name = format!("{operator}_{}", self.nodes.len() + 1);
        let inputs = core::iter::once(&self.at).chain(more);
        let node = inputs.fold(Message::default(), |node, input| node.text(1, input));
        self.nodes.push(node.text(2, output).text(3, &name).text(4, operator).messages(5, attributes));
        output.clone_into(&mut self.at);
    }

    fn preprocessing(&mut self, preprocessing: &Preprocessing) {
        match *preprocessing {
            Preprocessing::ZeroToOne => self.divided(255.0),
            Preprocessing::MinusOneToOne => {
                self.divided(127.5);
                self.shifted(-1.0);
            }
            Preprocessing::MeanStd { mean, std } => {
                self.divided(255.0);
                self.shifted(-f64::from(mean));
                self.divided(f64::from(std));
            }
            Preprocessing::L2Columns => {
                let pixels = self.at.clone();
                // Height is the third dimension: one length for each column of pixels.
                self.node("ReduceL2", &[], vec![ints("axes", &[2]), int("keepdims", 1)]);
                // An empty column stays empty.
                let least = self.constant(1e-6);
                let length = self.node("Max", &[least], vec![]);
                self.at = pixels;
                self.node("Div", &[length], vec![]);
            }
        }
    }

    fn divided(&mut self, by: f64) {
        let by = self.constant(by);
        self.node("Div", &[by], vec![]);
    }

    fn shifted(&mut self, by: f64) {
        let by = self.constant(by);
        self.node("Add", &[by], vec![]);
    }

    fn layer(&mut self, layer: &LayerSpec, input: Shape, tensors: &[String]) {
        match layer {
            LayerSpec::Conv2d(conv) => {
                self.node("Conv", tensors, conv_attributes(conv, input));
            }
            LayerSpec::MaxPool2d(pool) => {
                self.node("MaxPool", &[], pool_attributes(pool));
            }
            LayerSpec::AvgPool2d(pool) => {
                self.node("AveragePool", &[], pool_attributes(pool));
            }
            LayerSpec::GlobalAvgPool => {
                self.node("GlobalAveragePool", &[], vec![]);
                self.node("Flatten", &[], vec![int("axis", 1)]);
            }
            LayerSpec::Flatten => {
                self.node("Flatten", &[], vec![int("axis", 1)]);
            }
            LayerSpec::Dense(_) => {
                self.node("Gemm", tensors, vec![int("transB", 1)]);
            }
            LayerSpec::BatchNorm(norm) => {
                let mut tensors = tensors.to_vec();
                if !norm.affine {
                    let channels = input.channels();
                    self.names += 1;
                    let (scale, shift) = (format!("scale{}", self.names), format!("shift{}", self.names));
                    self.initializer(&scale, &[channels], &vec![1.0; channels]);
                    self.initializer(&shift, &[channels], &vec![0.0; channels]);
                    tensors.splice(0..0, [scale, shift]);
                }
                self.node("BatchNormalization", &tensors, vec![float("epsilon", norm.epsilon)]);
            }
            LayerSpec::LayerNorm(norm) => {
                let mut tensors = tensors.to_vec();
                if tensors.is_empty() {
                    let shape = match input {
                        Shape::Maps { channels, side } => vec![channels, side, side],
                        Shape::Features(features) => vec![features],
                    };
                    self.names += 1;
                    let scale = format!("scale{}", self.names);
                    tensors.push(self.initializer(&scale, &shape, &vec![1.0; input.size()]));
                }
                self.node(
                    "LayerNormalization",
                    &tensors,
                    vec![int("axis", 1), float("epsilon", norm.epsilon)],
                );
            }
            // It does nothing once a network is trained.
            LayerSpec::Dropout(_) => {}
            LayerSpec::Relu => drop(self.node("Relu", &[], vec![])),
            LayerSpec::LeakyRelu(relu) => {
                drop(self.node("LeakyRelu", &[], vec![float("alpha", relu.negative_slope)]));
            }
            LayerSpec::Tanh => drop(self.node("Tanh", &[], vec![])),
            LayerSpec::Sigmoid => drop(self.node("Sigmoid", &[], vec![])),
            LayerSpec::Silu => {
                let input = self.at.clone();
                self.node("Sigmoid", &[], vec![]);
                self.node("Mul", &[input], vec![]);
            }
            // As PyTorch's exporter writes it: x / sqrt(2), erf, + 1, * x, * 0.5.
            LayerSpec::Gelu => {
                let input = self.at.clone();
                self.divided(core::f64::consts::SQRT_2);
                self.node("Erf", &[], vec![]);
                self.shifted(1.0);
                self.node("Mul", &[input], vec![]);
                let half = self.constant(0.5);
                self.node("Mul", &[half], vec![]);
            }
        }
    }
}

fn conv_attributes(conv: &Conv2d, input: Shape) -> Vec<Message> {
    let side = match input {
        Shape::Maps { side, .. } => side,
        Shape::Features(_) => 1,
    };
    let (before, behind) = conv.pads(side);
    vec![
        ints("kernel_shape", &[conv.kernel_size; 2]),
        ints("strides", &[conv.stride; 2]),
        ints("pads", &[before, before, behind, behind]),
    ]
}

fn pool_attributes(pool: &Pool2d) -> Vec<Message> {
    vec![ints("kernel_shape", &[pool.kernel_size; 2]), ints("strides", &[pool.stride(); 2])]
}
