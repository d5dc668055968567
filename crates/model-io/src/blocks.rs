//! Tensors that belong together: what one layer has learned.

use std::collections::BTreeMap;

use crate::{ModelError, NamedTensor};

/// A layer's learned values, in PyTorch's layout or still in another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    /// Weight (out, in, kernel, kernel) and bias.
    Conv(NamedTensor, Option<NamedTensor>),
    /// Weight (out, in) and bias.
    Dense(NamedTensor, Option<NamedTensor>),
    /// Scale, shift, running mean and variance.
    BatchNorm([Option<NamedTensor>; 2], [NamedTensor; 2]),
    /// Scale and shift.
    LayerNorm([Option<NamedTensor>; 2]),
}

impl Block {
    /// Size of what goes in: channels or values.
    pub(crate) fn input(&self) -> usize {
        match self {
            Self::Conv(weight, _) | Self::Dense(weight, _) => weight.shape[1],
            Self::BatchNorm(_, [mean, _]) => mean.values.len(),
            Self::LayerNorm(tensors) => {
                tensors.iter().flatten().next().map_or(0, |tensor| tensor.values.len())
            }
        }
    }

    /// Size of what comes out.
    pub(crate) fn output(&self) -> usize {
        match self {
            Self::Conv(weight, _) | Self::Dense(weight, _) => weight.shape[0],
            _ => self.input(),
        }
    }
}

/// Names that say nothing: a wrapper's.
const WRAPPERS: [&str; 4] = ["module.", "_orig_mod.", "_orig_module.", "_module."];

/// What a tensor is for, by the last part of its name in PyTorch and in Keras.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Weight,
    Bias,
    Mean,
    Variance,
    Ignored,
}

fn role(part: &str) -> Option<Role> {
    Some(match part {
        "weight" | "kernel" | "gamma" | "scale" | "w" | "W" => Role::Weight,
        "bias" | "beta" | "shift" | "b" => Role::Bias,
        "running_mean" | "moving_mean" | "mean" => Role::Mean,
        "running_var" | "moving_variance" | "var" | "variance" => Role::Variance,
        "num_batches_tracked" | "iterations" | "count" => Role::Ignored,
        _ => return None,
    })
}

/// The layer that a tensor belongs to, and what it is for.
fn parts(name: &str) -> (String, Option<Role>) {
    let mut name = name.trim_end_matches(":0");
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
        name = rest;
    }
    match name.rsplit_once(['.', '/']) {
        Some((layer, last)) => match role(last) {
            Some(role) => (layer.to_owned(), Some(role)),
            None => (name.to_owned(), None),
        },
        None => by_number(name),
    }
}

/// `W1`, `b1`, `weight_2`, `fc1_weight`: as people name arrays by hand.
fn by_number(name: &str) -> (String, Option<Role>) {
    if let Some((layer, last)) = name.rsplit_once('_')
        && let Some(role) = role(last)
    {
        return (layer.to_owned(), Some(role));
    }
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    match role(letters) {
        Some(role) => (format!("layer{}", &name[letters.len()..]), Some(role)),
        None => (name.to_owned(), None),
    }
}

/// Layers with their tensors, in the order of the file.
pub(crate) fn blocks(
    format: &'static str,
    tensors: Vec<NamedTensor>,
) -> Result<Vec<(String, Block)>, ModelError> {
    let mut order = Vec::new();
    let mut layers: BTreeMap<String, BTreeMap<Role, NamedTensor>> = BTreeMap::new();
    for tensor in tensors {
        let (layer, role) = parts(&tensor.name);
        let Some(role) = role else {
            // A count of steps, a flag: no layer has a tensor of one value without a name for it.
            if tensor.values.len() <= 1 {
                continue;
            }
            return Err(ModelError::unsupported(format, unknown(&tensor)));
        };
        if role == Role::Ignored {
            continue;
        }
        if !layers.contains_key(&layer) {
            order.push(layer.clone());
        }
        layers.entry(layer).or_default().insert(role, tensor);
    }
    let mut blocks = Vec::new();
    for layer in order {
        let own = layers.remove(&layer).unwrap_or_default();
        blocks.push((layer.clone(), block(format, &layer, own)?));
    }
    Ok(blocks)
}

/// What stands at a tensor that belongs to no layer here.
fn unknown(tensor: &NamedTensor) -> String {
    let name = &tensor.name;
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    if last.starts_with("weight_ih") || last.starts_with("weight_hh") || last == "recurrent_kernel" {
        format!("a recurrent layer (\"{name}\")")
    } else if last.starts_with("in_proj") {
        format!("attention (\"{name}\")")
    } else {
        format!("a tensor \"{name}\" of shape {:?} that belongs to no layer known here", tensor.shape)
    }
}

fn block(
    format: &'static str,
    layer: &str,
    mut own: BTreeMap<Role, NamedTensor>,
) -> Result<Block, ModelError> {
    let mut take = |role| own.remove(&role);
    let (weight, bias, mean, variance) =
        (take(Role::Weight), take(Role::Bias), take(Role::Mean), take(Role::Variance));
    if let (Some(mean), Some(variance)) = (mean, variance) {
        return Ok(Block::BatchNorm([weight, bias], [mean, variance]));
    }
    let Some(weight) = weight else {
        return match bias {
            Some(bias) => Ok(Block::LayerNorm([None, Some(bias)])),
            None => Err(ModelError::unsupported(format, format!("a layer \"{layer}\" without a weight"))),
        };
    };
    match weight.shape.len() {
        4 => Ok(Block::Conv(weight, bias)),
        2 => Ok(Block::Dense(weight, bias)),
        1 | 3 if bias.as_ref().is_none_or(|bias| bias.shape == weight.shape) => {
            Ok(Block::LayerNorm([Some(weight), bias]))
        }
        _ => Err(ModelError::unsupported(
            format,
            format!("a layer \"{layer}\" whose weight has the shape {:?}", weight.shape),
        )),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(name: &str, layer: &str, role: Role) {
        assert_eq!(parts(name), (layer.to_owned(), Some(role)));
    }

    #[test]
    fn names_of_every_library_are_understood() {
        check("conv1.weight", "conv1", Role::Weight);
        check("module._orig_mod.0.bias", "0", Role::Bias);
        check("features.3.running_var", "features.3", Role::Variance);
        check("dense_1/kernel:0", "dense_1", Role::Weight);
        check("batch_normalization/moving_mean", "batch_normalization", Role::Mean);
        check("W1", "layer1", Role::Weight);
        check("b1", "layer1", Role::Bias);
        check("fc1_weight", "fc1", Role::Weight);
        check("bn1.num_batches_tracked", "bn1", Role::Ignored);
    }

    #[test]
    fn what_no_layer_here_has_is_named() {
        let tensor =
            NamedTensor { name: "lstm.weight_ih_l0".into(), shape: vec![2, 2], values: vec![0.0; 4] };
        let error = blocks("PyTorch file", vec![tensor]).unwrap_err().to_string();
        assert_eq!(
            error,
            "the PyTorch file has a recurrent layer (\"lstm.weight_ih_l0\"), which networks here cannot have"
        );
    }
}
