//! TensorFlow.js layers models: `model.json` and the files with weights that it names.
//!
//! Source: tfjs's `io/types.ts`.

use std::collections::HashMap;

use serde_json::Value;

use super::keras;
use crate::{
    Candidate, ModelError, ModelFile, NamedTensor,
    tensor::{ValueType, size_of},
};

const FORMAT: &str = "TensorFlow.js model";

/// The description among these files, if there is one.
pub(crate) fn description(files: &[ModelFile]) -> Option<Value> {
    let json = files.iter().filter(|file| file.bytes.first() == Some(&b'{'));
    json.filter_map(|file| serde_json::from_slice::<Value>(&file.bytes).ok())
        .find(|value| value.get("modelTopology").is_some())
}

/// Reads a model from its description and the files beside it.
pub(crate) fn read(description: &Value, files: &[ModelFile]) -> Result<Candidate, ModelError> {
    if description["format"] == "graph-model" || description["modelTopology"].get("node").is_some() {
        return Err(ModelError::unsupported(
            FORMAT,
            "a graph of TensorFlow's own operators: save it as a layers model or as .keras",
        ));
    }
    let topology = &description["modelTopology"];
    let config = topology.get("model_config").unwrap_or(topology);
    let mut by_name: HashMap<String, Vec<NamedTensor>> = HashMap::new();
    for group in description["weightsManifest"].as_array().into_iter().flatten() {
        for tensor in group_of(group, files)? {
            let layer = tensor.name.split('/').next().unwrap_or_default().to_owned();
            by_name.entry(layer).or_default().push(tensor);
        }
    }
    keras::network(FORMAT, config, by_name)
}

/// The tensors of a group, whose values lie one after the other in its files.
fn group_of(group: &Value, files: &[ModelFile]) -> Result<Vec<NamedTensor>, ModelError> {
    let mut bytes: Vec<u8> = Vec::new();
    for path in group["paths"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let wanted = path.rsplit('/').next().unwrap_or(path);
        let found = files.iter().find(|file| file.name.rsplit(['/', '\\']).next() == Some(wanted));
        let found = found.ok_or_else(|| ModelError::NotAModel(format!(
                "a part of a model: its weights lie in \"{path}\", which is not here: choose model.json and all .bin files together")))?;
        bytes.extend_from_slice(&found.bytes);
    }
    let mut rest = bytes.as_slice();
    let mut tensors = Vec::new();
    for weight in group["weights"].as_array().into_iter().flatten() {
        let name = weight["name"].as_str().unwrap_or_default();
        let sides = weight["shape"].as_array().into_iter().flatten();
        let shape: Vec<usize> =
            sides.map(|side| side.as_u64().map_or(usize::MAX, |side| side as usize)).collect();
        let quantized = weight.get("quantization").filter(|quantized| !quantized.is_null());
        let dtype =
            quantized.map_or(&weight["dtype"], |quantized| &quantized["dtype"]).as_str().unwrap_or_default();
        let value = match dtype {
            "float32" => ValueType::F32,
            "float16" => ValueType::F16,
            "int32" => ValueType::I32,
            "uint16" => ValueType::I16,
            "uint8" => ValueType::U8,
            "bool" => ValueType::Bool,
            other => {
                return Err(ModelError::unsupported(
                    FORMAT,
                    format!("the tensor \"{name}\" of the type {other}"),
                ));
            }
        };
        let cut = || ModelError::damaged(FORMAT, format!("values of \"{name}\" are missing"));
        let length = size_of(&shape).and_then(|size| size.checked_mul(value.bytes())).ok_or_else(cut)?;
        let (own, after) = rest.split_at_checked(length).ok_or_else(cut)?;
        rest = after;
        let mut tensor = NamedTensor::read(FORMAT, name, &shape, value, own)?;
        if let Some(quantized) = quantized.filter(|_| value != ValueType::F16) {
            let number = |key: &str| quantized[key].as_f64().ok_or_else(cut);
            let (scale, min) = (number("scale")?, number("min")?);
            for value in &mut tensor.values {
                // Sixteen bits without a sign were read with one.
                let level = if *value < 0.0 { f64::from(*value) + 65_536.0 } else { f64::from(*value) };
                *value = (level * scale + min) as f32;
            }
        }
        tensors.push(tensor);
    }
    Ok(tensors)
}
