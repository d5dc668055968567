//! PyTorch's files: state dicts, checkpoints, whole modules, `TorchScript`.
//!
//! A file is a zip of a pickle and of the values of its tensors; before PyTorch 1.6 it was a row of pickles with the values behind
//! them. Source: PyTorch's `torch/serialization.py`.

use super::{
    archive::Archive,
    pickle::{self, Id, Node, Pickle},
};
use crate::{
    ModelError, NamedTensor,
    tensor::{MAX_DIMENSIONS, ValueType, size_of},
};

const FORMAT: &str = "PyTorch file";
/// The number that older files begin with, as a pickle.
const OLDER_MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";
/// Deeper than any network nests.
const MAX_DEPTH: usize = 64;
/// Objects that are looked at: one object may stand in many places.
const MAX_VISITS: usize = 1_000_000;
/// Values of all tensors together: shapes may ask for more than the file holds.
const MAX_VALUES: usize = 16 << 20;
/// Where checkpoints keep the weights, the usual names first.
const WEIGHT_KEYS: [&str; 9] = [
    "model_state_dict",
    "state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "weights",
    "params",
    "module",
];
/// What a pickle of weights never needs, and one that means harm does.
const HARMFUL_MODULES: [&str; 10] =
    ["os", "posix", "nt", "sys", "subprocess", "runpy", "socket", "shutil", "importlib", "pty"];
const HARMFUL_BUILTINS: [&str; 7] =
    ["eval", "exec", "compile", "__import__", "open", "getattr", "breakpoint"];

fn is_harmful(module: &str, name: &str) -> bool {
    let is_builtin = ["builtins", "__builtin__"].contains(&module);
    HARMFUL_MODULES.contains(&module) || is_builtin && HARMFUL_BUILTINS.contains(&name)
}

/// Whether bytes begin as an older PyTorch file or any other pickle does.
pub(crate) fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..])
}

/// Whether a zip with these names is PyTorch's.
pub(crate) fn is_pytorch<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(|name| name == "data.pkl" || name.ends_with("/data.pkl"))
}

/// Reads a zip.
pub(crate) fn read_zip(bytes: &[u8]) -> Result<Vec<NamedTensor>, ModelError> {
    let mut archive = Archive::open(FORMAT, bytes)?;
    let pickle_name = archive.names().find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let pickle_name =
        pickle_name.ok_or_else(|| ModelError::damaged(FORMAT, "it has no data.pkl"))?.to_owned();
    let folder = pickle_name.trim_end_matches("data.pkl").to_owned();
    let order = format!("{folder}byteorder");
    if archive.names().any(|name| name == order) && archive.read(&order)? == b"big" {
        return Err(ModelError::unsupported(FORMAT, "numbers with their highest byte first"));
    }
    let pickle = archive.read(&pickle_name)?;
    let pickle = parsed(&pickle)?;
    let stored = |key: &str| archive.read(&format!("{folder}data/{key}"));
    Reader::new(&pickle, stored).all()
}

/// Reads a file of before PyTorch 1.6, or says what else a pickle is.
pub(crate) fn read_older(bytes: &[u8]) -> Result<Vec<NamedTensor>, ModelError> {
    let Some(mut rest) = bytes.strip_prefix(OLDER_MAGIC) else {
        let pickle = parsed(bytes)?;
        let what = pickle
            .globals()
            .map(|(module, _)| module.split('.').next().unwrap_or_default())
            .find(|module| !module.is_empty());
        let of = what.map_or_else(String::new, |module| format!(" of {module}"));
        return Err(ModelError::NotAModel(format!(
            "a Python pickle{of}, which is a program and is never run here: save the weights with torch.save, as safetensors or with \
             numpy.savez"
        )));
    };
    // The version of the form, then what wrote it.
    for _ in 0..2 {
        rest = &rest[pickle::read(rest)?.length..];
    }
    let pickle = parsed(rest)?;
    rest = &rest[pickle.length..];
    let keys = pickle::read(rest)?;
    let mut values = &rest[keys.length..];
    let widths = widths(&pickle);
    let mut storages: Vec<(String, &[u8])> = Vec::new();
    for &id in keys.sequence(keys.root).unwrap_or_default() {
        let key = keys.text(id).ok_or_else(|| ModelError::damaged(FORMAT, "a key is no text"))?;
        let cut = || ModelError::damaged(FORMAT, "values are missing at its end");
        let (count, after) = values.split_first_chunk::<8>().ok_or_else(cut)?;
        let count = usize::try_from(i64::from_le_bytes(*count)).map_err(|_| cut())?;
        let width = widths.iter().find(|(known, _)| known == key).map_or(4, |(_, width)| *width);
        let length = count.checked_mul(width).ok_or_else(cut)?;
        let (own, after) = after.split_at_checked(length).ok_or_else(cut)?;
        storages.push((key.to_owned(), own));
        values = after;
    }
    let stored = |key: &str| {
        let found = storages.iter().find(|(known, _)| known == key);
        found
            .map(|(_, bytes)| bytes.to_vec())
            .ok_or_else(|| ModelError::damaged(FORMAT, format!("values \"{key}\" are missing")))
    };
    Reader::new(&pickle, stored).all()
}

fn parsed(bytes: &[u8]) -> Result<Pickle, ModelError> {
    let pickle = pickle::read(bytes)?;
    if let Some((module, name)) = pickle.globals().find(|(module, name)| is_harmful(module, name)) {
        return Err(ModelError::NotAModel(format!(
            "a pickle that would call {module}.{name} when Python opens it. Nothing in it was run. No file of weights needs that: do not \
             open it elsewhere"
        )));
    }
    Ok(pickle)
}

/// Bytes of a value of each storage.
fn widths(pickle: &Pickle) -> Vec<(String, usize)> {
    let storages = pickle.nodes().iter().filter_map(|node| match node {
        Node::Persistent(storage) => storage_of(pickle, *storage),
        _ => None,
    });
    storages.map(|(value, key)| (key.to_owned(), value.bytes())).collect()
}

/// Type and key of `('storage', torch.FloatStorage, '0', 'cpu', 9)`.
fn storage_of(pickle: &Pickle, id: Id) -> Option<(ValueType, &str)> {
    let &[_, kind, key, ..] = pickle.sequence(id)? else { return None };
    let (_, kind) = pickle.global(kind)?;
    let value = match kind {
        "DoubleStorage" => ValueType::F64,
        "FloatStorage" => ValueType::F32,
        "HalfStorage" => ValueType::F16,
        "BFloat16Storage" => ValueType::Bf16,
        "LongStorage" => ValueType::I64,
        "IntStorage" => ValueType::I32,
        "ShortStorage" => ValueType::I16,
        "CharStorage" => ValueType::I8,
        "ByteStorage" => ValueType::U8,
        "BoolStorage" => ValueType::Bool,
        _ => return None,
    };
    Some((value, pickle.text(key)?))
}

struct Reader<'a, S> {
    pickle: &'a Pickle,
    stored: S,
    /// Bytes that were read: several tensors may share them.
    storages: Vec<(String, Vec<u8>)>,
    values_left: usize,
    visits_left: usize,
    tensors: Vec<NamedTensor>,
}

impl<'a, S: FnMut(&str) -> Result<Vec<u8>, ModelError>> Reader<'a, S> {
    const fn new(pickle: &'a Pickle, stored: S) -> Self {
        Self {
            pickle,
            stored,
            storages: Vec::new(),
            values_left: MAX_VALUES,
            visits_left: MAX_VISITS,
            tensors: Vec::new(),
        }
    }

    fn all(mut self) -> Result<Vec<NamedTensor>, ModelError> {
        self.collect(self.weights(self.pickle.root, 0), "", 0)?;
        if self.tensors.is_empty() {
            return Err(ModelError::NotAModel("a PyTorch file without tensors by name".into()));
        }
        Ok(self.tensors)
    }

    /// The part of a checkpoint that holds the weights; the object itself where it is one.
    fn weights(&self, id: Id, depth: usize) -> Id {
        let Node::Dict(items) = self.pickle.node(id) else { return id };
        let of_key = |key: &str| items.iter().find(|(known, _)| self.pickle.text(*known) == Some(key));
        let is_nested = |id: Id| matches!(self.pickle.node(id), Node::Dict(_)) || self.is_module(id);
        let found = WEIGHT_KEYS.iter().filter_map(|key| of_key(key)).find(|(_, value)| is_nested(*value));
        match found {
            // `{"module": {...}}` may nest once more.
            Some((_, value)) if depth < 4 => self.weights(*value, depth + 1),
            _ => id,
        }
    }

    /// Whether it is an object with a state of its own, but no tensor.
    fn is_module(&self, id: Id) -> bool {
        matches!(self.pickle.node(id), Node::Called { state: Some(_), .. }) && self.tensor_parts(id).is_none()
    }

    fn collect(&mut self, id: Id, path: &str, depth: usize) -> Result<(), ModelError> {
        if depth > MAX_DEPTH {
            return Err(ModelError::damaged(FORMAT, "its objects are nested too deeply"));
        }
        let left = self.visits_left.checked_sub(1);
        self.visits_left =
            left.ok_or_else(|| ModelError::damaged(FORMAT, "its objects stand in too many places"))?;
        if let Some(arguments) = self.tensor_parts(id) {
            return self.tensor(path, &arguments);
        }
        let items = match self.pickle.node(id) {
            Node::Dict(items) => items.clone(),
            Node::Called { state: Some(state), .. } => match self.pickle.node(*state) {
                Node::Dict(items) => items.clone(),
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let is_module = self.is_module(id);
        for (key, value) in items {
            let key = match self.pickle.node(key) {
                Node::Text(key) => key.clone(),
                Node::Int(key) => key.to_string(),
                _ => continue,
            };
            // What an optimizer remembers has shapes like weights, and is none.
            if !is_module && (key.contains("optim") || key.contains("scheduler")) {
                continue;
            }
            let is_part = is_module && ["_parameters", "_buffers", "_modules"].contains(&key.as_str());
            let path = if is_part || path.is_empty() {
                format!("{path}{}", if is_part { "" } else { &key })
            } else {
                format!("{path}.{key}")
            };
            self.collect(value, &path, depth + 1)?;
        }
        Ok(())
    }

    /// What `_rebuild_tensor_v2` is called with, also inside of `_rebuild_parameter`.
    fn tensor_parts(&self, id: Id) -> Option<Vec<Id>> {
        let Node::Called { callable, arguments, .. } = self.pickle.node(id) else { return None };
        let (module, name) = self.pickle.global(*callable)?;
        let arguments = self.pickle.sequence(*arguments)?;
        match name {
            "_rebuild_tensor_v2" | "_rebuild_tensor" if module == "torch._utils" => Some(arguments.to_vec()),
            "_rebuild_parameter" | "_rebuild_parameter_with_state" if module == "torch._utils" => {
                let inner = *arguments.first()?;
                // One level: a parameter holds a tensor.
                let Node::Called { callable, arguments, .. } = self.pickle.node(inner) else { return None };
                let (_, name) = self.pickle.global(*callable)?;
                name.starts_with("_rebuild_tensor")
                    .then(|| self.pickle.sequence(*arguments).map(<[Id]>::to_vec))?
            }
            _ => None,
        }
    }

    fn tensor(&mut self, path: &str, arguments: &[Id]) -> Result<(), ModelError> {
        let wrong = || ModelError::damaged(FORMAT, format!("the tensor \"{path}\" is described wrongly"));
        let &[storage, offset, shape, strides, ..] = arguments else { return Err(wrong()) };
        let Node::Persistent(storage) = *self.pickle.node(storage) else { return Err(wrong()) };
        let Some((value, key)) = storage_of(self.pickle, storage) else {
            return Err(ModelError::unsupported(
                FORMAT,
                format!("the tensor \"{path}\" of a type without plain numbers"),
            ));
        };
        let sizes = |id: Id| -> Option<Vec<usize>> {
            self.pickle.sequence(id)?.iter().map(|&id| self.pickle.size(id)).collect()
        };
        let offset = self.pickle.size(offset).ok_or_else(wrong)?;
        let (shape, strides) = sizes(shape)
            .zip(sizes(strides))
            .filter(|(shape, strides)| shape.len() == strides.len() && shape.len() <= MAX_DIMENSIONS)
            .ok_or_else(wrong)?;
        let size = size_of(&shape).ok_or_else(wrong)?;
        self.values_left = self.values_left.checked_sub(size).ok_or_else(|| {
            ModelError::unsupported(FORMAT, format!("more than {MAX_VALUES} values in its tensors"))
        })?;
        let known = self.storages.iter().position(|(known, _)| known == key);
        let index = known.unwrap_or(self.storages.len());
        if known.is_none() {
            let bytes = (self.stored)(key)?;
            self.storages.push((key.to_owned(), bytes));
        }
        let bytes = &self.storages[index].1;
        let width = value.bytes();
        // The last value that is read must be there; with it all others are.
        let last = shape.iter().zip(&strides).try_fold(offset, |sum, (&side, &stride)| {
            sum.checked_add(side.saturating_sub(1).checked_mul(stride)?)
        });
        let is_inside = last
            .and_then(|last| last.checked_add(1)?.checked_mul(width))
            .is_some_and(|end| end <= bytes.len());
        if size > 0 && !is_inside {
            return Err(ModelError::damaged(FORMAT, format!("values of \"{path}\" are missing")));
        }
        let mut own = Vec::with_capacity(size * width);
        let mut place = vec![0; shape.len()];
        for _ in 0..size {
            let at = offset
                + place.iter().zip(&strides).map(|(&at, &stride): (&usize, _)| at * stride).sum::<usize>();
            own.extend_from_slice(&bytes[at * width..(at + 1) * width]);
            for dimension in (0..place.len()).rev() {
                place[dimension] += 1;
                if place[dimension] < shape[dimension] {
                    break;
                }
                place[dimension] = 0;
            }
        }
        self.tensors.push(NamedTensor::read(FORMAT, path, &shape, value, &own)?);
        Ok(())
    }
}
