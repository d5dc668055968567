//! NumPy's `.npz`: a zip of arrays by name.
//!
//! An array of objects is a pickle: it is refused, never run.

use super::archive::Archive;
use crate::{ModelError, NamedTensor, tensor::ValueType};

const FORMAT: &str = "NumPy file";

/// Whether a zip with these names is NumPy's.
pub(crate) fn is_npz<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut names = names.peekable();
    names.peek().is_some() && names.all(|name| name.strip_suffix(".npy").is_some())
}

/// Reads every array, in the order of the zip.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<NamedTensor>, ModelError> {
    let mut archive = Archive::open(FORMAT, bytes)?;
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    let mut tensors = Vec::new();
    for name in names {
        let bytes = archive.read(&name)?;
        tensors.push(array(name.trim_end_matches(".npy"), &bytes)?);
    }
    Ok(tensors)
}

fn array(name: &str, bytes: &[u8]) -> Result<NamedTensor, ModelError> {
    let wrong = |why: &dyn core::fmt::Display| ModelError::damaged(FORMAT, format!("\"{name}\": {why}"));
    let npy::Array { kind, is_turned, sizes, bytes } = npy::array(bytes).map_err(|error| wrong(&error))?;
    let kind = kind.unwrap_or_default();
    let value = match kind.trim_start_matches(['<', '|', '=']) {
        "f8" => ValueType::F64,
        "f4" => ValueType::F32,
        "f2" => ValueType::F16,
        "i8" | "u8" => ValueType::I64,
        "i4" | "u4" => ValueType::I32,
        "i2" => ValueType::I16,
        "i1" => ValueType::I8,
        "u1" => ValueType::U8,
        "b1" => ValueType::Bool,
        other => {
            return Err(ModelError::unsupported(
                FORMAT,
                format!("the array \"{name}\" of the type {other:?}"),
            ));
        }
    };
    let shape = sizes.into_iter().map(usize::try_from).collect::<Result<Vec<usize>, _>>();
    let mut shape = shape.map_err(|error| wrong(&error))?;
    if is_turned {
        shape.reverse();
    }
    let tensor = NamedTensor::read(FORMAT, name, &shape, value, bytes)?;
    let axes: Vec<usize> = (0..shape.len()).rev().collect();
    Ok(if is_turned { tensor.permuted(&axes) } else { tensor })
}
