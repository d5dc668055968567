//! The same network in plain PyTorch: `model.py`.

use core::fmt::Write as _;

use model_card::ModelCard;
use model_spec::{
    LayerSpec, Preprocessing, Shape,
    layers::{Conv2d, Pool2d},
};

/// A module that builds the network of a card and loads its weights from `model.safetensors`.
pub(crate) fn model_py(card: &ModelCard) -> String {
    let network = &card.network;
    let (mut parts, mut steps) = (String::new(), String::new());
    let (mut uses_functional, mut dropouts) = (false, 0);
    for (index, layer) in network.layers().iter().enumerate() {
        let input = network.shapes()[index];
        // `conv1` of `conv1.weight`; a layer without tensors needs no name.
        let name = network.layer_tensors(index).first().and_then(|tensor| tensor.name.split('.').next());
        if let Some((name, part)) = name.zip(part(layer, input)) {
            // Writing to a text cannot fail.
            let _ = writeln!(parts, "        self.{name} = {part}");
        }
        if let LayerSpec::Dropout(dropout) = layer {
            // A module, so that whoever trains on can change it.
            dropouts += 1;
            let _ = writeln!(parts, "        self.dropout{dropouts} = nn.Dropout({})", dropout.probability);
            let _ = writeln!(steps, "        x = self.dropout{dropouts}(x)");
        }
        for step in lines(layer, input, name) {
            uses_functional |= step.contains("functional.");
            let _ = writeln!(steps, "        {step}");
        }
    }
    let classes: Vec<String> = (0..network.classes()).map(|class| quoted(&card.class_name(class))).collect();
    let functional = if uses_functional { "from torch.nn import functional\n" } else { "" };
    format!(
        r#""""{title} in plain PyTorch, written by Inkling.

    from model import load, preprocess
    network = load("model.safetensors")
    levels = torch.zeros(1, 28, 28, dtype=torch.uint8)  # 0 is paper, 255 is ink
    probabilities = network(preprocess(levels)).softmax(dim=1)
"""

import torch
from safetensors.torch import load_file
from torch import nn
{functional}
CLASSES = [{classes}]


class Network(nn.Module):
    """Images [n, 1, 28, 28] in, {count} logits each out."""

    def __init__(self) -> None:
        super().__init__()
{parts}
    def forward(self, x: torch.Tensor) -> torch.Tensor:
{steps}        return x


def preprocess(levels: torch.Tensor) -> torch.Tensor:
    """Grey levels [n, 28, 28] of 0 (paper) to 255 (ink) as the network reads them: {preprocessing}."""
    x = levels.float().reshape(-1, 1, 28, 28)
{preprocess}

def load(path: str = "model.safetensors") -> Network:
    """The trained network, ready to predict."""
    network = Network()
    network.load_state_dict(load_file(path))
    return network.eval()
"#,
        title = plain(&network.title()),
        classes = classes.join(", "),
        count = network.classes(),
        preprocessing = card.preprocessing.title(),
        preprocess = preprocess(&card.preprocessing),
    )
}

/// What cannot end a text of Python's, or a comment.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !['"', '\\'].contains(c)).collect()
}

/// As a text of Python's.
fn quoted(text: &str) -> String {
    // JSON's texts are Python's too.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".into())
}

fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// The module of a layer that learns.
fn part(layer: &LayerSpec, input: Shape) -> Option<String> {
    Some(match layer {
        LayerSpec::Conv2d(conv) => {
            let mut options = String::new();
            if conv.stride > 1 {
                let _ = write!(options, ", stride={}", conv.stride);
            }
            match pads(conv, input) {
                (before, behind) if before == behind && before > 0 => {
                    let _ = write!(options, ", padding={before}");
                }
                _ => {}
            }
            if !conv.bias {
                options.push_str(", bias=False");
            }
            format!("nn.Conv2d({}, {}, {}{options})", input.channels(), conv.out_channels, conv.kernel_size)
        }
        LayerSpec::Dense(dense) => {
            let bias = if dense.bias { "" } else { ", bias=False" };
            format!("nn.Linear({}, {}{bias})", input.size(), dense.units)
        }
        LayerSpec::BatchNorm(norm) => {
            let kind = if matches!(input, Shape::Maps { .. }) { "2d" } else { "1d" };
            let (epsilon, momentum, affine) = (norm.epsilon, norm.momentum, python_bool(norm.affine));
            format!(
                "nn.BatchNorm{kind}({}, eps={epsilon}, momentum={momentum}, affine={affine})",
                input.channels()
            )
        }
        LayerSpec::LayerNorm(norm) => {
            let shape = match input {
                Shape::Maps { channels, side } => format!("{channels}, {side}, {side}"),
                Shape::Features(features) => features.to_string(),
            };
            let affine = if norm.affine { "" } else { ", elementwise_affine=False" };
            format!("nn.LayerNorm([{shape}], eps={}{affine})", norm.epsilon)
        }
        _ => return None,
    })
}

fn pads(conv: &Conv2d, input: Shape) -> (usize, usize) {
    match input {
        Shape::Maps { side, .. } => conv.pads(side),
        Shape::Features(_) => (0, 0),
    }
}

/// What `forward` does for a layer.
fn lines(layer: &LayerSpec, input: Shape, name: Option<&str>) -> Vec<String> {
    let call = |module: &str| format!("x = self.{module}(x)");
    let pool = |kind: &str, pool: &Pool2d| {
        let stride = if pool.stride() == pool.kernel_size {
            String::new()
        } else {
            format!(", stride={}", pool.stride())
        };
        format!("x = functional.{kind}_pool2d(x, {}{stride})", pool.kernel_size)
    };
    match layer {
        LayerSpec::Conv2d(conv) => {
            let (before, behind) = pads(conv, input);
            let mut lines = Vec::new();
            // One more zero behind than before, as in Keras.
            if before != behind {
                lines.push(format!("x = functional.pad(x, ({before}, {behind}, {before}, {behind}))"));
            }
            lines.push(call(name.unwrap_or_default()));
            lines
        }
        LayerSpec::Dense(_) | LayerSpec::BatchNorm(_) => vec![call(name.unwrap_or_default())],
        LayerSpec::LayerNorm(norm) => match name {
            Some(name) => vec![call(name)],
            None => vec![format!("x = functional.layer_norm(x, x.shape[1:], eps={})", norm.epsilon)],
        },
        LayerSpec::MaxPool2d(layer) => vec![pool("max", layer)],
        LayerSpec::AvgPool2d(layer) => vec![pool("avg", layer)],
        LayerSpec::GlobalAvgPool => vec!["x = x.mean(dim=(2, 3))".into()],
        LayerSpec::Flatten => vec!["x = x.flatten(1)".into()],
        // Done where it is counted.
        LayerSpec::Dropout(_) => Vec::new(),
        LayerSpec::Relu => vec!["x = functional.relu(x)".into()],
        LayerSpec::LeakyRelu(relu) => vec![format!("x = functional.leaky_relu(x, {})", relu.negative_slope)],
        LayerSpec::Gelu => vec!["x = functional.gelu(x)".into()],
        LayerSpec::Silu => vec!["x = functional.silu(x)".into()],
        LayerSpec::Tanh => vec!["x = torch.tanh(x)".into()],
        LayerSpec::Sigmoid => vec!["x = torch.sigmoid(x)".into()],
    }
}

fn preprocess(preprocessing: &Preprocessing) -> String {
    match *preprocessing {
        Preprocessing::ZeroToOne => "    return x / 255\n".into(),
        Preprocessing::MinusOneToOne => "    return x / 127.5 - 1\n".into(),
        Preprocessing::MeanStd { mean, std } => format!("    return (x / 255 - {mean}) / {std}\n"),
        Preprocessing::L2Columns => {
            "    # Each column of pixels gets length 1; an empty one stays empty.\n    \
             return x / x.norm(dim=2, keepdim=True).clamp(min=1e-6)\n"
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::{NetworkSpec, named_network};

    use super::*;

    #[test]
    fn the_workshops_network_reads_as_a_person_would_write_it() {
        let network = named_network("workshop-cnn").unwrap().spec();
        let text = model_py(&ModelCard::unknown(network));
        for line in [
            "        self.conv1 = nn.Conv2d(1, 32, 3)",
            "        self.fc1 = nn.Linear(9216, 128)",
            "        x = functional.max_pool2d(x, 2)",
            "        self.dropout1 = nn.Dropout(0.25)",
            "        x = self.dropout1(x)",
            "    return x / 255",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn names_of_classes_cannot_end_their_text() {
        let network = NetworkSpec::from_json(
            r#"{"classes":2,"layers":[{"kind":"flatten"},{"kind":"dense","units":2}]}"#,
        )
        .unwrap();
        let card = ModelCard {
            class_names: vec!["\"]; import os #".into(), "b\n".into()],
            ..ModelCard::unknown(network)
        };
        assert!(model_py(&card).contains(r#"CLASSES = ["\"]; import os #", "b\n"]"#));
    }
}
