//! ONNX: a chain of operators from pixels to answers.
//!
//! Messages and their numbers: `onnx/onnx.proto`. Only what a network here can be is understood; everything else is named.

use std::collections::{HashMap, HashSet};

use model_spec::{
    LayerSpec, Preprocessing, SIDE, Shape,
    layers::{Dropout, LeakyRelu},
};

use crate::{
    Candidate, ModelError, NamedTensor,
    protobuf::{BrokenMessage, Fields, Value},
    stack::{Stack, same_pads, tidy},
    tensor::ValueType,
};

const FORMAT: &str = "ONNX file";
const MAX_NODES: usize = 4_096;
/// Values of all constants that are made of others.
const MAX_CONSTANT_VALUES: usize = 32 << 20;

impl From<BrokenMessage> for ModelError {
    fn from(error: BrokenMessage) -> Self {
        Self::damaged(FORMAT, error)
    }
}

/// Whether bytes could be an ONNX model: its first field is the version of its form.
pub(crate) fn is_onnx(bytes: &[u8]) -> bool {
    if !matches!(bytes, [0x08, 1..=20, ..]) {
        return false;
    }
    let fields: Result<Vec<_>, _> = Fields(bytes).collect();
    // A file that is cut off is still one.
    fields.is_ok_and(|fields| fields.iter().any(|(field, _)| *field == 7))
        || bytes.get(2).is_some_and(|next| [0x12, 0x3a, 0x42].contains(next))
}

/// Reads a model.
pub(crate) fn read(bytes: &[u8]) -> Result<Candidate, ModelError> {
    let (mut graph, mut class_names) = (None, Vec::new());
    for field in Fields(bytes) {
        match field? {
            (7, value) => graph = Some(value.bytes()),
            (14, value) => {
                let [key, value] = text_pair(value.bytes())?;
                if key == "class_names" {
                    class_names = serde_json::from_str(value).unwrap_or_default();
                }
            }
            (25, _) => return Err(ModelError::unsupported(FORMAT, "functions of its own")),
            _ => {}
        }
    }
    let graph = graph.ok_or_else(|| ModelError::damaged(FORMAT, "it has no graph"))?;
    let mut graph = Graph::read(graph)?;
    graph.simplify()?;
    Chain {
        graph: &graph,
        stack: Stack::new(FORMAT),
        at: graph.input.to_owned(),
        scale: 1.0,
        offset: 0.0,
        is_turned: false,
        is_columns: false,
    }
    .walk(class_names)
}

fn text_pair(bytes: &[u8]) -> Result<[&str; 2], ModelError> {
    let mut pair = [""; 2];
    for field in Fields(bytes) {
        if let (number @ 1..=2, value) = field? {
            pair[number as usize - 1] = value.text();
        }
    }
    Ok(pair)
}

#[derive(Clone, Debug, Default)]
struct Operator<'a> {
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    kind: &'a str,
    attributes: HashMap<&'a str, Attribute<'a>>,
}

#[derive(Clone, Debug, Default)]
struct Attribute<'a> {
    float: f32,
    int: i64,
    text: &'a str,
    ints: Vec<i64>,
    floats: Vec<f32>,
    tensor: Option<&'a [u8]>,
}

impl Operator<'_> {
    fn int(&self, name: &str, usual: i64) -> i64 {
        self.attributes.get(name).map_or(usual, |attribute| attribute.int)
    }

    fn float(&self, name: &str, usual: f32) -> f64 {
        tidy(f64::from(self.attributes.get(name).map_or(usual, |attribute| attribute.float)))
    }

    fn ints(&self, name: &str) -> &[i64] {
        self.attributes.get(name).map_or(&[], |attribute| attribute.ints.as_slice())
    }
}

/// Operators and constants of a graph.
struct Graph<'a> {
    operators: Vec<Operator<'a>>,
    constants: HashMap<&'a str, NamedTensor>,
    input: &'a str,
}

impl<'a> Graph<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ModelError> {
        let (mut operators, mut constants, mut inputs) = (Vec::new(), HashMap::new(), Vec::new());
        for field in Fields(bytes) {
            match field? {
                (1, value) => {
                    if operators.len() == MAX_NODES {
                        return Err(ModelError::unsupported(
                            FORMAT,
                            format!("more than {MAX_NODES} operators"),
                        ));
                    }
                    operators.push(operator(value.bytes())?);
                }
                (5, value) => {
                    let (name, tensor) = tensor(value.bytes())?;
                    constants.insert(name, tensor);
                }
                (11, value) => {
                    for field in Fields(value.bytes()) {
                        if let (1, name) = field? {
                            inputs.push(name.text());
                        }
                    }
                }
                _ => {}
            }
        }
        // Older files list their constants among their inputs.
        inputs.retain(|name| !constants.contains_key(name));
        let &[input] = inputs.as_slice() else {
            return Err(ModelError::unsupported(FORMAT, format!("{} inputs", inputs.len())));
        };
        Ok(Self { operators, constants, input })
    }

    /// Turns operators on constants into constants, as far as exporters leave them.
    fn simplify(&mut self) -> Result<(), ModelError> {
        let mut rest = Vec::new();
        let mut values_left = MAX_CONSTANT_VALUES;
        for operator in core::mem::take(&mut self.operators) {
            let [output] = operator.outputs[..] else {
                rest.push(operator);
                continue;
            };
            match self.constant_of(&operator) {
                Some(tensor) => {
                    let left = values_left.checked_sub(tensor.values.len());
                    values_left = left.ok_or_else(|| {
                        ModelError::unsupported(FORMAT, "constants that are computed anew again and again")
                    })?;
                    self.constants.insert(output, tensor);
                }
                None => rest.push(operator),
            }
        }
        self.operators = rest;
        Ok(())
    }

    fn constant_of(&self, operator: &Operator<'a>) -> Option<NamedTensor> {
        let input = |index: usize| operator.inputs.get(index).and_then(|name| self.constants.get(name));
        match operator.kind {
            "Constant" => {
                let one =
                    |value: f32| NamedTensor { name: String::new(), shape: vec![], values: vec![value] };
                let list =
                    |values: Vec<f32>| NamedTensor { name: String::new(), shape: vec![values.len()], values };
                let (name, attribute) = operator.attributes.iter().next()?;
                match *name {
                    "value" => tensor(attribute.tensor?).ok().map(|(_, tensor)| tensor),
                    "value_float" => Some(one(attribute.float)),
                    "value_int" => Some(one(attribute.int as f32)),
                    "value_ints" => Some(list(attribute.ints.iter().map(|&int| int as f32).collect())),
                    "value_floats" => Some(list(attribute.floats.clone())),
                    _ => None,
                }
            }
            "Identity" | "Cast" => input(0).cloned(),
            "Transpose" => {
                let tensor = input(0)?;
                let axes: Vec<usize> = match operator.ints("perm") {
                    [] => (0..tensor.shape.len()).rev().collect(),
                    axes => axes.iter().map(|&axis| axis as usize).collect(),
                };
                let mut sorted = axes.clone();
                sorted.sort_unstable();
                sorted.iter().copied().eq(0..tensor.shape.len()).then(|| tensor.permuted(&axes))
            }
            "Reshape" => {
                let (tensor, shape) = (input(0)?, input(1)?);
                let known: usize =
                    shape.values.iter().filter(|&&side| side > 0.0).map(|&side| side as usize).product();
                let sides = shape
                    .values
                    .iter()
                    .map(|&side| if side > 0.0 { side as usize } else { tensor.values.len() / known.max(1) });
                let shape: Vec<usize> = sides.collect();
                (crate::tensor::size_of(&shape) == Some(tensor.values.len()))
                    .then(|| NamedTensor { shape, ..tensor.clone() })
            }
            _ => None,
        }
    }
}

fn operator(bytes: &[u8]) -> Result<Operator<'_>, ModelError> {
    let mut operator = Operator::default();
    for field in Fields(bytes) {
        match field? {
            (1, value) => operator.inputs.push(value.text()),
            (2, value) => operator.outputs.push(value.text()),
            (4, value) => operator.kind = value.text(),
            (5, value) => {
                let (name, attribute) = attribute(value.bytes())?;
                operator.attributes.insert(name, attribute);
            }
            (7, value) if !["", "ai.onnx"].contains(&value.text()) => {
                return Err(ModelError::unsupported(FORMAT, format!("operators of \"{}\"", value.text())));
            }
            _ => {}
        }
    }
    Ok(operator)
}

fn attribute(bytes: &[u8]) -> Result<(&str, Attribute<'_>), ModelError> {
    let (mut name, mut attribute) = ("", Attribute::default());
    for field in Fields(bytes) {
        match field? {
            (1, value) => name = value.text(),
            (2, value) => attribute.float = value.float(),
            (3, value) => attribute.int = value.int(),
            (4, value) => attribute.text = value.text(),
            (5, value) => attribute.tensor = Some(value.bytes()),
            // A graph within: never looked into, however deep it nests.
            (6 | 11, _) => return Err(ModelError::unsupported(FORMAT, "a branch or a loop")),
            (7, value) => attribute.floats.extend(value.floats()),
            (8, value) => attribute.ints.extend(value.ints()?),
            _ => {}
        }
    }
    Ok((name, attribute))
}

fn tensor(bytes: &[u8]) -> Result<(&str, NamedTensor), ModelError> {
    let (mut name, mut kind, mut shape, mut raw) = ("", 1, Vec::new(), None);
    let mut values: Vec<f32> = Vec::new();
    for field in Fields(bytes) {
        match field? {
            (1, value) => {
                shape.extend(value.ints()?.iter().map(|&side| usize::try_from(side).unwrap_or(usize::MAX)));
            }
            (2, value) => kind = value.int(),
            (4, value) => values.extend(value.floats()),
            (5 | 7, value) => values.extend(value.ints()?.iter().map(|&int| int as f32)),
            (8, value) => name = value.text(),
            (9, value) => raw = Some(value.bytes()),
            (10, Value::Bytes(bytes)) => {
                values.extend(bytes.as_chunks().0.iter().map(|&chunk| f64::from_le_bytes(chunk) as f32));
            }
            (13 | 14, value) if value != Value::Number(0) => {
                return Err(ModelError::unsupported(
                    FORMAT,
                    "weights in another file beside it (external data): save it as one file",
                ));
            }
            _ => {}
        }
    }
    let value = match kind {
        1 => ValueType::F32,
        2 => ValueType::U8,
        3 => ValueType::I8,
        5 => ValueType::I16,
        6 => ValueType::I32,
        7 => ValueType::I64,
        9 => ValueType::Bool,
        10 => ValueType::F16,
        11 => ValueType::F64,
        16 => ValueType::Bf16,
        other => return Err(ModelError::unsupported(FORMAT, format!("a tensor \"{name}\" of type {other}"))),
    };
    if let Some(raw) = raw {
        return Ok((name, NamedTensor::read(FORMAT, name, &shape, value, raw)?));
    }
    if crate::tensor::size_of(&shape) != Some(values.len()) {
        return Err(ModelError::damaged(
            FORMAT,
            format!("the tensor \"{name}\" has {} values for the shape {shape:?}", values.len()),
        ));
    }
    Ok((name, NamedTensor { name: name.to_owned(), shape, values }))
}

/// The way from the input to the output.
struct Chain<'a> {
    graph: &'a Graph<'a>,
    stack: Stack,
    at: String,
    /// What becomes of a pixel before the first layer: `scale * pixel + offset`.
    scale: f64,
    offset: f64,
    /// Whether dimensions lie in the order row, column, channel now.
    is_turned: bool,
    /// Whether each column of pixels was divided by its length.
    is_columns: bool,
}

impl<'a> Chain<'a> {
    fn walk(mut self, class_names: Vec<String>) -> Result<Candidate, ModelError> {
        let graph = self.graph;
        let mut used = HashSet::new();
        loop {
            let next = |used: &HashSet<usize>| {
                let users = self.graph.operators.iter().enumerate();
                users
                    .filter(|(index, operator)| {
                        !used.contains(index) && operator.inputs.contains(&self.at.as_str())
                    })
                    .map(|(index, _)| index)
                    .collect::<Vec<_>>()
            };
            let users = next(&used);
            let taken = match users.as_slice() {
                [] => break,
                [only] => vec![*only],
                many => self.pattern(many)?,
            };
            let first = &graph.operators[taken[0]];
            let last = &graph.operators[taken[taken.len() - 1]];
            used.extend(&taken);
            match taken.len() {
                1 => self.operator(first)?,
                3 => self.is_columns = true,
                count => {
                    self.begin()?;
                    self.stack.push(if count == 2 { LayerSpec::Silu } else { LayerSpec::Gelu }, &[])?;
                }
            }
            last.outputs.first().copied().unwrap_or_default().clone_into(&mut self.at);
        }
        if self.stack.is_before_layers() {
            return Err(ModelError::unsupported(FORMAT, "no layer behind its input"));
        }
        self.stack.finish(class_names, "as its graph says")
    }

    /// Several operators on one value that together are an activation, or a length that it is divided by.
    fn pattern(&self, users: &[usize]) -> Result<Vec<usize>, ModelError> {
        let kind = |index: usize| self.graph.operators[index].kind;
        let user =
            |output: &str| self.graph.operators.iter().position(|operator| operator.inputs.contains(&output));
        let then = |index: usize| self.graph.operators[index].outputs.first().and_then(|output| user(output));
        if let &[a, b] = users {
            let (first, second) = if ["Mul", "Div"].contains(&kind(a)) && !["Mul", "Div"].contains(&kind(b)) {
                (b, a)
            } else {
                (a, b)
            };
            if kind(first) == "Sigmoid" && kind(second) == "Mul" && then(first) == Some(second) {
                return Ok(vec![first, second]);
            }
            if kind(first) == "ReduceL2" && kind(second) == "Div" {
                let most = then(first).filter(|&index| ["Max", "Clip"].contains(&kind(index)));
                if let Some(most) = most
                    && then(most) == Some(second)
                    && self.stack.is_before_layers()
                    && self.graph.operators[first].ints("axes") == [2]
                {
                    return Ok(vec![first, most, second]);
                }
            }
            for (first, end) in [(a, b), (b, a)] {
                let steps: Vec<usize> =
                    core::iter::successors(Some(first), |&index| then(index)).take(5).collect();
                let kinds: Vec<&str> = steps.iter().map(|&index| kind(index)).collect();
                let is_gelu = matches!(kinds[..], ["Div" | "Mul", "Erf", "Add", "Mul", "Mul"]);
                if is_gelu && steps[3] == end {
                    return Ok(steps);
                }
            }
        }
        let kinds: Vec<&str> = users.iter().map(|&index| kind(index)).collect();
        Err(ModelError::unsupported(
            FORMAT,
            format!(
                "a branch (into {}); networks here are chains of layers, without short cuts",
                kinds.join(", ")
            ),
        ))
    }

    /// The constant inputs of an operator, in their order.
    fn constants(&self, operator: &Operator<'a>) -> Vec<&'a NamedTensor> {
        operator.inputs.iter().filter_map(|name| self.graph.constants.get(name)).collect()
    }

    fn scalar(&self, operator: &Operator<'a>) -> Option<f64> {
        let &[constant] = self.constants(operator).as_slice() else { return None };
        let first = *constant.values.first()?;
        constant.values.iter().all(|&value| value == first).then(|| f64::from(first))
    }

    fn operator(&mut self, operator: &Operator<'a>) -> Result<(), ModelError> {
        let kind = operator.kind;
        let unsupported = |what: String| Err(ModelError::unsupported(FORMAT, what));
        let is_first = operator.inputs.first() == Some(&self.at.as_str());
        let is_before = [
            "Identity",
            "Cast",
            "Sub",
            "Add",
            "Div",
            "Mul",
            "Flatten",
            "Reshape",
            "Squeeze",
            "Unsqueeze",
            "Transpose",
        ];
        if !is_before.contains(&kind) {
            self.begin()?;
        }
        match kind {
            "Identity" | "Cast" => Ok(()),
            "Softmax" | "LogSoftmax" => {
                self.stack.softmax();
                Ok(())
            }
            "Dropout" => {
                let ratio = operator
                    .inputs
                    .get(1)
                    .and_then(|name| self.graph.constants.get(name))
                    .and_then(|ratio| ratio.values.first());
                let probability =
                    ratio.map_or_else(|| operator.float("ratio", 0.5), |&ratio| tidy(f64::from(ratio)));
                self.stack
                    .push(LayerSpec::Dropout(Dropout { probability: probability.clamp(0.0, 0.95) }), &[])
            }
            "Relu" => self.stack.push(LayerSpec::Relu, &[]),
            "Tanh" => self.stack.push(LayerSpec::Tanh, &[]),
            "Sigmoid" => self.stack.push(LayerSpec::Sigmoid, &[]),
            "Gelu" if operator.attributes.get("approximate").is_none_or(|kind| kind.text != "tanh") => {
                self.stack.push(LayerSpec::Gelu, &[])
            }
            "Swish" => self.stack.push(LayerSpec::Silu, &[]),
            "LeakyRelu" => self
                .stack
                .push(LayerSpec::LeakyRelu(LeakyRelu { negative_slope: operator.float("alpha", 0.01) }), &[]),
            "Sub" | "Add" | "Div" | "Mul" => self.arithmetic(operator, is_first),
            "Conv" => self.conv(operator),
            "MaxPool" | "AveragePool" => self.pool(operator),
            "GlobalAveragePool" => self.stack.push(LayerSpec::GlobalAvgPool, &[]),
            "ReduceMean" if self.is_over_maps(operator) => self.stack.push(LayerSpec::GlobalAvgPool, &[]),
            "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" => self.reshape(operator),
            "Transpose" => self.transpose(operator),
            "Gemm" | "MatMul" => self.dense(operator),
            "BatchNormalization" => match self.constants(operator).as_slice() {
                [scale, shift, mean, variance] => self.stack.batch_norm(
                    Some(&scale.values),
                    Some(&shift.values),
                    [&mean.values, &variance.values],
                    operator.float("epsilon", 1e-5),
                ),
                _ => unsupported("batch norm that computes its own statistics".into()),
            },
            "LayerNormalization" => {
                let values = |index: usize| {
                    operator
                        .inputs
                        .get(index)
                        .and_then(|name| self.graph.constants.get(name))
                        .map(|tensor| tensor.values.as_slice())
                };
                let (scale, shift) = (values(1), values(2));
                if ![1, -1].contains(&operator.int("axis", -1)) {
                    return unsupported("layer norm over some dimensions alone".into());
                }
                self.stack.layer_norm(scale, shift, operator.float("epsilon", 1e-5))
            }
            other => unsupported(format!("the operator {other}")),
        }
    }

    /// What was done to pixels so far is a preprocessing, once the first layer comes.
    fn begin(&mut self) -> Result<(), ModelError> {
        if !self.stack.is_before_layers() || self.stack.preprocessing.is_some() {
            return Ok(());
        }
        if self.is_columns {
            self.stack.preprocessing = Some(Preprocessing::L2Columns);
        } else if self.scale != 1.0 || self.offset != 0.0 {
            self.stack.set_preprocessing(self.scale, self.offset)?;
        }
        // Else the file says nothing: pixels may be meant as 0 to 1.
        Ok(())
    }

    fn arithmetic(&mut self, operator: &Operator<'a>, is_first: bool) -> Result<(), ModelError> {
        // A bias behind a product of matrices.
        if operator.kind == "Add"
            && self.stack.take_bias(self.constants(operator).first().map(|bias| bias.values.as_slice()))
        {
            return Ok(());
        }
        let what = || format!("the operator {} between its layers", operator.kind);
        let Some(value) = self.scalar(operator).filter(|_| self.stack.is_before_layers()) else {
            return Err(ModelError::unsupported(FORMAT, what()));
        };
        match operator.kind {
            "Add" => self.offset += value,
            "Sub" if is_first => self.offset -= value,
            "Mul" => (self.scale, self.offset) = (self.scale * value, self.offset * value),
            "Div" if is_first && value != 0.0 => {
                (self.scale, self.offset) = (self.scale / value, self.offset / value);
            }
            _ => return Err(ModelError::unsupported(FORMAT, what())),
        }
        Ok(())
    }

    fn conv(&mut self, operator: &Operator<'a>) -> Result<(), ModelError> {
        let constants = self.constants(operator);
        let (weight, bias) = match constants.as_slice() {
            [weight] => (*weight, None),
            [weight, bias] => (*weight, Some(bias.values.as_slice())),
            _ => return Err(ModelError::unsupported(FORMAT, "a convolution whose kernel is computed")),
        };
        if operator.int("group", 1) != 1 || operator.ints("dilations").iter().any(|&dilation| dilation != 1) {
            return Err(ModelError::unsupported(FORMAT, "a convolution in groups or with gaps (dilation)"));
        }
        let stride = square(operator.ints("strides"), 1, "strides")?;
        let kernel = weight.shape.get(2).copied().unwrap_or(1);
        let pads = self.pads(operator, kernel, stride)?;
        self.stack.conv(&weight.shape, &weight.values, bias, stride, pads)
    }

    fn pads(
        &self,
        operator: &Operator<'a>,
        kernel: usize,
        stride: usize,
    ) -> Result<(usize, usize), ModelError> {
        let Shape::Maps { side, .. } = self.stack.shape() else { return Ok((0, 0)) };
        let auto = operator.attributes.get("auto_pad").map_or("", |attribute| attribute.text);
        let (less, more) = same_pads(side, kernel, stride);
        match auto {
            "SAME_UPPER" => return Ok((less, more)),
            "SAME_LOWER" => return Ok((more, less)),
            _ => {}
        }
        match *operator.ints("pads") {
            [] => Ok((0, 0)),
            [top, left, bottom, right] if top == left && bottom == right && top >= 0 && bottom >= 0 => {
                Ok((top as usize, bottom as usize))
            }
            _ => Err(ModelError::unsupported(FORMAT, "zeros around maps, of another number along each axis")),
        }
    }

    fn pool(&mut self, operator: &Operator<'a>) -> Result<(), ModelError> {
        let kernel = square(operator.ints("kernel_shape"), 1, "pooling windows")?;
        let stride = square(operator.ints("strides"), 1, "strides")?;
        if self.pads(operator, kernel, stride)? != (0, 0) {
            return Err(ModelError::unsupported(FORMAT, "pooling with zeros around"));
        }
        let is_ceil = operator.int("ceil_mode", 0) != 0;
        self.stack.pool(operator.kind == "MaxPool", kernel, stride, is_ceil)
    }

    fn is_over_maps(&self, operator: &Operator<'a>) -> bool {
        let of_input = self
            .constants(operator)
            .first()
            .map(|axes| axes.values.iter().map(|&axis| axis as i64).collect::<Vec<_>>());
        let mut axes = of_input.unwrap_or_else(|| operator.ints("axes").to_vec());
        for axis in &mut axes {
            *axis = if *axis < 0 { *axis + 4 } else { *axis };
        }
        axes.sort_unstable();
        axes == if self.is_turned { [1, 2] } else { [2, 3] }
    }

    /// Pixels get the dimensions of maps, maps become a vector; nothing else changes its shape.
    fn reshape(&mut self, operator: &Operator<'a>) -> Result<(), ModelError> {
        let sides = self.constants(operator).first().map_or(0, |shape| shape.values.len());
        // A vector may become a picture before the first layer, and a single pixel lose its dimensions.
        let is_vector = operator.kind == "Flatten" || operator.kind == "Reshape" && sides == 2;
        if !is_vector || matches!(self.stack.shape(), Shape::Features(_)) {
            return Ok(());
        }
        let turned = self.is_turned;
        self.is_turned = false;
        self.stack.flatten(turned)
    }

    fn transpose(&mut self, operator: &Operator<'a>) -> Result<(), ModelError> {
        match operator.ints("perm") {
            [0, 2, 3, 1] => self.is_turned = true,
            // Pixels have one channel: either way they lie as they lay.
            [0, 3, 1, 2] => self.is_turned = false,
            _ => return Err(ModelError::unsupported(FORMAT, "dimensions in another order")),
        }
        Ok(())
    }

    fn dense(&mut self, operator: &Operator<'a>) -> Result<(), ModelError> {
        let constants = self.constants(operator);
        let (weight, bias) = match constants.as_slice() {
            [weight] => (*weight, None),
            [weight, bias] => (*weight, Some(bias.values.as_slice())),
            _ => return Err(ModelError::unsupported(FORMAT, "a product of two computed matrices")),
        };
        let is_plain = operator.float("alpha", 1.0) == 1.0
            && operator.float("beta", 1.0) == 1.0
            && operator.int("transA", 0) == 0;
        if weight.shape.len() != 2 || !is_plain {
            return Err(ModelError::unsupported(
                FORMAT,
                "a product with a matrix of more than two dimensions, or scaled",
            ));
        }
        if matches!(self.stack.shape(), Shape::Maps { channels: 1, side: SIDE }) {
            self.stack.flatten(false)?;
        }
        let is_out_first = operator.kind == "Gemm" && operator.int("transB", 0) == 1;
        let weight = if is_out_first { weight.clone() } else { weight.permuted(&[1, 0]) };
        self.stack.dense(&weight.shape, &weight.values, bias)
    }
}

fn square(sizes: &[i64], usual: usize, what: &str) -> Result<usize, ModelError> {
    match *sizes {
        [] => Ok(usual),
        [height, width] if height == width && height > 0 => Ok(height as usize),
        _ => Err(ModelError::unsupported(FORMAT, format!("{what} of {sizes:?}"))),
    }
}
