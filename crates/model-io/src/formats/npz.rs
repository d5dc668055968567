//! NumPy's `.npz`: a zip of arrays by name.
//!
//! Format: "numpy.lib.format", versions 1 to 3. An array of objects is a pickle: it is refused, never run.

use super::archive::Archive;
use crate::{
    ModelError, NamedTensor,
    tensor::{ValueType, size_of},
};

const FORMAT: &str = "NumPy file";
const MAGIC: &[u8] = b"\x93NUMPY";

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
    let wrong = |why: &str| ModelError::damaged(FORMAT, format!("\"{name}\": {why}"));
    let cut_off = || wrong("its header is cut off");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| wrong("it is no array"))?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut_off)?;
    let (length, rest) = if version[0] == 1 {
        let (word, rest) = rest.split_first_chunk::<2>().ok_or_else(cut_off)?;
        (usize::from(u16::from_le_bytes(*word)), rest)
    } else {
        let (word, rest) = rest.split_first_chunk::<4>().ok_or_else(cut_off)?;
        (u32::from_le_bytes(*word) as usize, rest)
    };
    let (header, values) = rest.split_at_checked(length).ok_or_else(cut_off)?;
    let header = String::from_utf8_lossy(header);
    let field = |key: &str| header.split_once(&format!("'{key}':")).map(|(_, rest)| rest.trim_start());
    let kind =
        field("descr").and_then(|text| text.strip_prefix('\'')?.split('\'').next()).unwrap_or_default();
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
    let shape = field("shape").and_then(|text| text.strip_prefix('(')?.split(')').next());
    let shape = shape.ok_or_else(|| wrong("its header has no shape"))?;
    let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty()).map(str::parse);
    let mut shape: Vec<usize> =
        sides.collect::<Result<_, _>>().map_err(|_| wrong("its shape makes no sense"))?;
    if size_of(&shape).is_none() {
        return Err(wrong("its shape makes no sense"));
    }
    let is_turned = field("fortran_order").is_some_and(|text| text.starts_with("True"));
    if is_turned {
        shape.reverse();
    }
    let tensor = NamedTensor::read(FORMAT, name, &shape, value, values)?;
    let axes: Vec<usize> = (0..shape.len()).rev().collect();
    Ok(if is_turned { tensor.permuted(&axes) } else { tensor })
}
