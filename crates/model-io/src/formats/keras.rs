//! Keras: `.h5`, `.keras`, and the description of a network that TensorFlow.js shares with them.
//!
//! Source: Keras's `saving/saving_lib.py` and `legacy/saving/legacy_h5_format.py`.

use std::collections::HashMap;

use model_spec::{
    LayerSpec, SIDE, Shape,
    layers::{Dropout, LeakyRelu},
};
use serde_json::Value;

use super::{archive::Archive, hdf5};
use crate::{
    Candidate, ModelError, NamedTensor, guess,
    stack::{Stack, same_pads},
};

const FORMAT: &str = "Keras file";

/// Whether a zip with these names is a `.keras` file.
pub(crate) fn is_keras<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(|name| name == "model.weights.h5")
}

/// Reads a `.keras` file.
pub(crate) fn read_zip(bytes: &[u8]) -> Result<Vec<Candidate>, ModelError> {
    let mut archive = Archive::open(FORMAT, bytes)?;
    let config = archive.read("config.json")?;
    let config = serde_json::from_slice(&config).map_err(|error| ModelError::damaged(FORMAT, error))?;
    let contents = hdf5::read(archive.read("model.weights.h5")?)?;
    let by_name = of_archive(&config, contents.arrays)?;
    Ok(vec![network(FORMAT, &config, by_name)?])
}

/// Reads an `.h5` file: with a description of its network, or with weights alone.
pub(crate) fn read_h5(bytes: &[u8]) -> Result<Vec<Candidate>, ModelError> {
    let contents = hdf5::read(bytes)?;
    let Some(config) = contents.config() else {
        return guess::candidates(FORMAT, with_names(contents.arrays));
    };
    let config = serde_json::from_str(config).map_err(|error| ModelError::damaged(FORMAT, error))?;
    // `model_weights/dense_1/.../kernel:0`
    let mut by_name: HashMap<String, Vec<NamedTensor>> = HashMap::new();
    for array in contents.arrays {
        let mut parts = array.name.split('/');
        if parts.next() == Some("model_weights")
            && let Some(layer) = parts.next()
        {
            by_name.entry(layer.to_owned()).or_default().push(array);
        }
    }
    Ok(vec![network(FORMAT, &config, by_name)?])
}

/// Weights alone, which newer files only number within their layer: `layers/dense/vars/0`.
fn with_names(arrays: Vec<NamedTensor>) -> Vec<NamedTensor> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let layer_of = |name: &str| name.rsplit_once("/vars/").map(|(layer, _)| layer.to_owned());
    for layer in arrays.iter().filter_map(|array| layer_of(&array.name)) {
        *counts.entry(layer).or_insert(0) += 1;
    }
    let weights = arrays.into_iter().filter(|array| !array.name.starts_with("optimizer"));
    let named = weights.map(|array| {
        let Some(layer) = layer_of(&array.name) else { return array };
        let names: &[&str] = match counts.get(&layer) {
            Some(4) => &["gamma", "beta", "moving_mean", "moving_variance"],
            _ => &["kernel", "bias"],
        };
        let name = names.get(rank(&array.name) as usize).copied().unwrap_or("unknown");
        NamedTensor { name: format!("{layer}/{name}"), ..array }
    });
    named.collect()
}

/// Weights by the names of their layers. A `.keras` file numbers layers of each class: `layers/dense_1/vars/0`.
fn of_archive(
    config: &Value,
    arrays: Vec<NamedTensor>,
) -> Result<HashMap<String, Vec<NamedTensor>>, ModelError> {
    let mut by_path: HashMap<String, Vec<NamedTensor>> = HashMap::new();
    for array in arrays {
        let place = array.name.split_once("/vars/").map(|(place, _)| place.to_owned());
        if let Some(layer) =
            place.as_deref().and_then(|place| place.rsplit_once("layers/")).map(|(_, layer)| layer.to_owned())
        {
            by_path.entry(layer).or_default().push(array);
        }
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut by_name = HashMap::new();
    for layer in layers(FORMAT, config)? {
        let class = snake_case(class_of(layer));
        let count = counts.entry(class.clone()).or_insert(0);
        let path = if *count == 0 { class } else { format!("{class}_{count}") };
        *count += 1;
        let name = name_of(layer).to_owned();
        if let Some(arrays) = by_path.remove(&path).or_else(|| by_path.remove(&name)) {
            by_name.insert(name, arrays);
        }
    }
    Ok(by_name)
}

/// `BatchNormalization` as `batch_normalization`, and `Conv2D` as `conv2d`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    let mut before = ' ';
    let letters: Vec<char> = name.chars().collect();
    for (index, &letter) in letters.iter().enumerate() {
        let next_is_lower = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase()
            && index > 0
            && (before.is_ascii_lowercase()
                || (before.is_ascii_digit() || before.is_ascii_uppercase()) && next_is_lower)
        {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
        before = letter;
    }
    text
}

fn class_of(layer: &Value) -> &str {
    layer["class_name"].as_str().unwrap_or_default()
}

fn name_of(layer: &Value) -> &str {
    layer["config"]["name"].as_str().or_else(|| layer["name"].as_str()).unwrap_or_default()
}

/// The layers of a description.
fn layers<'a>(format: &'static str, config: &'a Value) -> Result<&'a [Value], ModelError> {
    let class = class_of(config);
    if !["Sequential", "Functional", "Model"].contains(&class) {
        return Err(ModelError::unsupported(
            format,
            format!("a model of the class {class:?}; save a Sequential or a functional one"),
        ));
    }
    // TensorFlow.js once wrote the list alone.
    let layers = config["config"].as_array().or_else(|| config["config"]["layers"].as_array());
    layers.map(Vec::as_slice).ok_or_else(|| ModelError::damaged(format, "its description lists no layers"))
}

/// The network of a description, with weights by the names of their layers.
pub(crate) fn network(
    format: &'static str,
    config: &Value,
    mut weights: HashMap<String, Vec<NamedTensor>>,
) -> Result<Candidate, ModelError> {
    let mut reader = Reader { format, stack: Stack::new(format), scale: 1.0, offset: 0.0 };
    let mut before = None;
    for layer in layers(format, config)? {
        let nodes = layer["inbound_nodes"].as_array().map_or(0, Vec::len);
        let follows_another = comes_from(layer).is_some_and(|from| Some(from) != before);
        if nodes > 1 || follows_another {
            return Err(reader.unsupported(format!(
                "a branch (at {}); networks here are chains of layers",
                name_of(layer)
            )));
        }
        before = Some(name_of(layer));
        let mut own = weights.remove(name_of(layer)).unwrap_or_default();
        own.sort_by_key(|array| rank(&array.name));
        reader.layer(layer, &own)?;
    }
    reader.stack.finish(Vec::new(), "as its description says")
}

/// The layer whose values a layer of a functional model reads, in either form in which Keras writes it.
fn comes_from(layer: &Value) -> Option<&str> {
    let node = layer["inbound_nodes"].get(0)?;
    let newer = node["args"].get(0).and_then(|tensor| tensor["config"]["keras_history"].get(0));
    newer.or_else(|| node.get(0).and_then(|tensor| tensor.get(0))).and_then(Value::as_str)
}

/// Keras's order of the weights of a layer.
fn rank(name: &str) -> u32 {
    let last = name.rsplit('/').next().unwrap_or(name).trim_end_matches(":0");
    match last {
        "kernel" | "gamma" => 0,
        "bias" | "beta" => 1,
        "moving_mean" => 2,
        "moving_variance" => 3,
        number => number.parse().unwrap_or(9),
    }
}

struct Reader {
    format: &'static str,
    stack: Stack,
    /// What becomes of a value before the first layer that learns: `scale * value + offset`.
    scale: f64,
    offset: f64,
}

impl Reader {
    fn unsupported(&self, what: impl Into<String>) -> ModelError {
        ModelError::unsupported(self.format, what)
    }

    fn layer(&mut self, layer: &Value, weights: &[NamedTensor]) -> Result<(), ModelError> {
        let (class, config) = (class_of(layer), &layer["config"]);
        self.input(config)?;
        match class {
            "InputLayer"
            | "SpatialDropout2D"
            | "GaussianNoise"
            | "GaussianDropout"
            | "ActivityRegularization" => Ok(()),
            "Softmax" => {
                self.stack.softmax();
                Ok(())
            }
            // What changes images while training alone.
            _ if class.starts_with("Random") => Ok(()),
            "Reshape" => self.reshape(config),
            "Rescaling" => {
                if !self.stack.is_before_layers() {
                    return Err(self.unsupported("rescaling between its layers"));
                }
                let scale = config["scale"].as_f64().unwrap_or(1.0);
                (self.scale, self.offset) =
                    (self.scale * scale, self.offset * scale + config["offset"].as_f64().unwrap_or(0.0));
                self.stack.set_preprocessing(self.scale, self.offset)
            }
            "Dense" => self.dense(config, weights),
            "Conv2D" | "Convolution2D" => self.conv(config, weights),
            "MaxPooling2D" | "MaxPool2D" | "AveragePooling2D" | "AvgPool2D" => {
                self.pool(class.starts_with("Max"), config)
            }
            "GlobalAveragePooling2D" | "GlobalAvgPool2D" => self.stack.push(LayerSpec::GlobalAvgPool, &[]),
            "Flatten" => self.stack.flatten(true),
            "Dropout" => {
                let probability = config["rate"].as_f64().unwrap_or(0.0).clamp(0.0, 0.95);
                self.stack.push(LayerSpec::Dropout(Dropout { probability }), &[])
            }
            "BatchNormalization" => self.batch_norm(config, weights),
            "LayerNormalization" => {
                if matches!(self.stack.shape(), Shape::Maps { .. }) {
                    return Err(self.unsupported("layer norm over the channels of each pixel"));
                }
                let (scale, shift) = split(config, weights);
                self.stack.layer_norm(scale, shift, config["epsilon"].as_f64().unwrap_or(1e-3))
            }
            "Activation" => self.activation(&config["activation"]),
            "ReLU" if config["max_value"].is_null() => {
                match config["negative_slope"].as_f64().unwrap_or(0.0) {
                    0.0 => self.stack.push(LayerSpec::Relu, &[]),
                    slope => self.leaky(slope),
                }
            }
            "LeakyReLU" => self
                .leaky(config["negative_slope"].as_f64().or_else(|| config["alpha"].as_f64()).unwrap_or(0.3)),
            "LSTM" | "GRU" | "SimpleRNN" | "Bidirectional" => {
                Err(self.unsupported(format!("a recurrent layer ({class})")))
            }
            "Add" | "Concatenate" | "Multiply" => {
                Err(self.unsupported(format!("a branch ({class}); networks here are chains of layers")))
            }
            "Sequential" | "Functional" => Err(self.unsupported("a model within the model")),
            other => Err(self.unsupported(format!("a layer {other}"))),
        }
    }

    /// The shape of images, where a layer says it.
    fn input(&self, config: &Value) -> Result<(), ModelError> {
        let shape = config["batch_shape"].as_array().or_else(|| config["batch_input_shape"].as_array());
        let Some(shape) = shape.filter(|_| self.stack.is_before_layers()) else { return Ok(()) };
        let sides: Vec<u64> = shape.iter().skip(1).filter_map(Value::as_u64).collect();
        let side = SIDE as u64;
        let fits = sides == [side, side, 1]
            || sides == [side, side]
            || sides == [side * side]
            || sides.len() + 1 < shape.len()
            || sides.is_empty();
        if fits {
            return Ok(());
        }
        let text: Vec<String> = sides.iter().map(u64::to_string).collect();
        Err(ModelError::NoFit(format!(
            "it reads images of {}; images here have 28 x 28 x 1",
            text.join(" x ")
        )))
    }

    fn reshape(&mut self, config: &Value) -> Result<(), ModelError> {
        let sides: Vec<i64> =
            config["target_shape"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        match (self.stack.shape(), sides.as_slice()) {
            // Pixels as a vector, or a vector as pixels.
            (Shape::Maps { channels: 1, side: SIDE }, _) if self.stack.is_before_layers() => Ok(()),
            (Shape::Maps { .. }, [_]) => self.stack.flatten(true),
            _ => Err(self.unsupported(format!("a change of shape to {sides:?}"))),
        }
    }

    fn dense(&mut self, config: &Value, weights: &[NamedTensor]) -> Result<(), ModelError> {
        let [kernel, bias @ ..] = weights else { return Err(self.missing(config)) };
        if kernel.shape.len() != 2 {
            return Err(
                self.unsupported(format!("a dense layer whose kernel has the shape {:?}", kernel.shape))
            );
        }
        match self.stack.shape() {
            // Keras takes a vector of pixels as it is.
            Shape::Maps { channels: 1, side: SIDE } if self.stack.is_before_layers() => {
                self.stack.flatten(false)?;
            }
            Shape::Maps { .. } => {
                return Err(self.unsupported("a dense layer for each pixel of maps: put Flatten before it"));
            }
            Shape::Features(_) => {}
        }
        let kernel = kernel.permuted(&[1, 0]);
        self.stack.dense(&kernel.shape, &kernel.values, bias.first().map(|bias| bias.values.as_slice()))?;
        self.activation(&config["activation"])
    }

    fn conv(&mut self, config: &Value, weights: &[NamedTensor]) -> Result<(), ModelError> {
        let [kernel, bias @ ..] = weights else { return Err(self.missing(config)) };
        let is_plain = config["groups"].as_u64().unwrap_or(1) == 1
            && config["dilation_rate"].as_array().into_iter().flatten().all(|rate| rate.as_u64() == Some(1));
        if !is_plain || config["data_format"] == "channels_first" || kernel.shape.len() != 4 {
            return Err(self.unsupported("a convolution in groups, with gaps or with channels first"));
        }
        let stride = self.square(&config["strides"], 1)?;
        let kernel = kernel.permuted(&[3, 2, 0, 1]);
        let Shape::Maps { side, .. } = self.stack.shape() else {
            return Err(self.unsupported("a convolution behind a flat vector"));
        };
        let is_same = config["padding"] == "same";
        let pads = if is_same { same_pads(side, kernel.shape[2], stride) } else { (0, 0) };
        self.stack.conv(
            &kernel.shape,
            &kernel.values,
            bias.first().map(|bias| bias.values.as_slice()),
            stride,
            pads,
        )?;
        self.activation(&config["activation"])
    }

    fn pool(&mut self, is_max: bool, config: &Value) -> Result<(), ModelError> {
        let window = self.square(&config["pool_size"], 2)?;
        let stride = self.square(&config["strides"], window)?;
        if let Shape::Maps { side, .. } = self.stack.shape()
            && config["padding"] == "same"
            && same_pads(side, window, stride) != (0, 0)
        {
            return Err(self.unsupported("pooling with zeros around"));
        }
        self.stack.pool(is_max, window, stride, false)
    }

    /// One number for both axes.
    fn square(&self, value: &Value, usual: usize) -> Result<usize, ModelError> {
        if let Some(size) = value.as_u64() {
            return Ok(size as usize);
        }
        match value.as_array().map(Vec::as_slice) {
            None => Ok(usual),
            Some([height, width]) if height == width => {
                Ok(height.as_u64().map_or(usual, |size| size as usize))
            }
            Some(sizes) => Err(self.unsupported(format!("windows or strides of {sizes:?}"))),
        }
    }

    fn batch_norm(&mut self, config: &Value, weights: &[NamedTensor]) -> Result<(), ModelError> {
        let [.., mean, variance] = weights else { return Err(self.missing(config)) };
        let (scale, shift) = split(config, weights);
        self.stack.batch_norm(
            scale,
            shift,
            [&mean.values, &variance.values],
            config["epsilon"].as_f64().unwrap_or(1e-3),
        )
    }

    fn missing(&self, config: &Value) -> ModelError {
        ModelError::damaged(self.format, format!("the weights of the layer {} are missing", config["name"]))
    }

    fn leaky(&mut self, negative_slope: f64) -> Result<(), ModelError> {
        self.stack
            .push(LayerSpec::LeakyRelu(LeakyRelu { negative_slope: crate::stack::tidy(negative_slope) }), &[])
    }

    fn activation(&mut self, activation: &Value) -> Result<(), ModelError> {
        let name = activation.as_str().or_else(|| activation["class_name"].as_str()).unwrap_or("linear");
        let layer = match name {
            "linear" => return Ok(()),
            "softmax" | "log_softmax" => {
                self.stack.softmax();
                return Ok(());
            }
            "relu" | "ReLU" => LayerSpec::Relu,
            "tanh" => LayerSpec::Tanh,
            "sigmoid" => LayerSpec::Sigmoid,
            "gelu" => LayerSpec::Gelu,
            "silu" | "swish" => LayerSpec::Silu,
            "leaky_relu" => {
                return self.leaky(activation["config"]["negative_slope"].as_f64().unwrap_or(0.2));
            }
            other => return Err(self.unsupported(format!("the activation {other}"))),
        };
        self.stack.push(layer, &[])
    }
}

/// Scale and shift of a norm, of which either may be left out.
fn split<'a>(config: &Value, weights: &'a [NamedTensor]) -> (Option<&'a [f32]>, Option<&'a [f32]>) {
    let mut rest = weights.iter().map(|array| array.values.as_slice());
    let mut take = |key: &str| config[key].as_bool().unwrap_or(true).then(|| rest.next()).flatten();
    (take("scale"), take("center"))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn classes_are_written_as_keras_writes_them() {
        for (class, expected) in [
            ("Dense", "dense"),
            ("Conv2D", "conv2d"),
            ("BatchNormalization", "batch_normalization"),
            ("MaxPooling2D", "max_pooling2d"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("InputLayer", "input_layer"),
            ("ReLU", "re_lu"),
            ("LeakyReLU", "leaky_re_lu"),
        ] {
            assert_eq!(snake_case(class), expected);
        }
    }
}
