//! Weights as a safetensors file that PyTorch's `safetensors.torch.load_file` opens as it is.
//!
//! The model card travels as JSON under the metadata key `inkling`. One key keeps the bytes reproducible: the format
//! leaves the order of several keys open. Source: <https://github.com/huggingface/safetensors>, "Format".

use std::collections::HashMap;

use half::f16;
use model_card::{CardError, ModelCard};
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use crate::Weights;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 20;
/// Largest header that is read, in bytes; ours take under 2 KiB.
const MAX_HEADER_BYTES: u64 = 1 << 20;
const CARD_KEY: &str = "inkling";

/// A file whose weights cannot be used; the text says why, for the person who gave it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum WeightsError {
    #[error("the file has {0} bytes; weights for this page have at most {MAX_FILE_BYTES}")]
    TooLarge(usize),
    #[error("the file is cut off: {0}")]
    Truncated(String),
    #[error("this is not a safetensors file: {0}")]
    NotSafetensors(String),
    #[error("the tensors in the file overlap or leave gaps")]
    Overlap,
    #[error(transparent)]
    Card(#[from] CardError),
    #[error("it has no model card")]
    NoCard,
    #[error("the tensor \"{0}\" is missing")]
    Missing(String),
    #[error("there is a tensor \"{0}\" too many")]
    Unexpected(String),
    #[error("the tensor \"{name}\" has the shape {found:?}; {expected:?} is needed")]
    Shape { name: String, found: Vec<usize>, expected: Vec<usize> },
    #[error("the tensor \"{name}\" is stored as {found}; floats of 32 or 16 bits (F32, F16) are needed")]
    Type { name: String, found: String },
    #[error("the tensor \"{name}\" has a value that is not a finite number (at index {index})")]
    NotFinite { name: String, index: usize },
}

/// How each value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats: to the last bit.
    Full,
    /// 16-bit floats: half the bytes, for values that [`Weights::rounded_to_half`] has rounded.
    Half,
}

/// Writes weights and their card as 32-bit floats; the same bytes for the same input.
///
/// # Errors
/// [`WeightsError::NotSafetensors`] where the library refuses them, which valid weights never cause.
pub fn write_safetensors(weights: &Weights, card: &ModelCard) -> Result<Vec<u8>, WeightsError> {
    write_safetensors_as(Precision::Full, weights, card)
}

/// As [`write_safetensors`], in the precision that is asked for.
///
/// # Errors
/// As for [`write_safetensors`].
pub fn write_safetensors_as(
    precision: Precision,
    weights: &Weights,
    card: &ModelCard,
) -> Result<Vec<u8>, WeightsError> {
    let refused = |error: &dyn core::fmt::Display| WeightsError::NotSafetensors(error.to_string());
    let values = weights.values().iter();
    let (dtype, value_bytes, bytes): (_, _, Vec<u8>) = match precision {
        Precision::Full => (Dtype::F32, 4, values.flat_map(|value| value.to_le_bytes()).collect()),
        Precision::Half => {
            (Dtype::F16, 2, values.flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect())
        }
    };
    let mut rest = bytes.as_slice();
    let mut views = Vec::new();
    for (tensor, values) in weights.tensors() {
        let (own, after) = rest.split_at(value_bytes * values.len());
        rest = after;
        let view = TensorView::new(dtype, tensor.shape.clone(), own).map_err(|error| refused(&error))?;
        views.push((tensor.name.clone(), view));
    }
    let card = serde_json::to_string(card).map_err(|error| refused(&error))?;
    let metadata = HashMap::from([(CARD_KEY.to_owned(), card)]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| refused(&error))
}

/// Reads weights and their card. What a file without a card holds, `model-io` finds out.
///
/// # Errors
/// One [`WeightsError`] for each way in which a file can be wrong. Sizes are checked before memory is taken.
pub fn read_safetensors(bytes: &[u8]) -> Result<(Weights, ModelCard), WeightsError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(WeightsError::TooLarge(bytes.len()));
    }
    check_header_length(bytes)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(explain)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(explain)?;
    let card = header.metadata().as_ref().and_then(|metadata| metadata.get(CARD_KEY));
    let card = ModelCard::from_json(card.ok_or(WeightsError::NoCard)?)?;
    let network = card.network.clone();

    let mut values = Vec::with_capacity(network.value_count());
    for wanted in network.tensors() {
        let name = &wanted.name;
        let tensor = tensors.tensor(name).map_err(|_| WeightsError::Missing(name.clone()))?;
        if tensor.shape() != wanted.shape {
            let (found, expected) = (tensor.shape().to_vec(), wanted.shape.clone());
            return Err(WeightsError::Shape { name: name.clone(), found, expected });
        }
        let (before, data) = (values.len(), tensor.data());
        match tensor.dtype() {
            Dtype::F32 => values.extend(data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes))),
            Dtype::F16 => {
                values.extend(data.as_chunks().0.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()));
            }
            other => {
                return Err(WeightsError::Type { name: name.clone(), found: format!("{other:?}") });
            }
        }
        if let Some(index) = values[before..].iter().position(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite { name: name.clone(), index });
        }
    }
    let mut unexpected: Vec<_> = tensors
        .names()
        .into_iter()
        .filter(|name| network.tensors().all(|known| known.name != **name))
        .collect();
    unexpected.sort_unstable();
    if let Some(name) = unexpected.first() {
        return Err(WeightsError::Unexpected((*name).to_owned()));
    }
    let weights = Weights::from_values(network, values)
        .ok_or_else(|| WeightsError::NotSafetensors("its tensors have another number of values".into()))?;
    Ok((weights, card))
}

fn check_header_length(bytes: &[u8]) -> Result<(), WeightsError> {
    let Some(length) = bytes.first_chunk::<8>().map(|field| u64::from_le_bytes(*field)) else {
        return Err(WeightsError::Truncated(format!(
            "it has {} bytes, fewer than its length field",
            bytes.len()
        )));
    };
    if length > MAX_HEADER_BYTES {
        return Err(WeightsError::NotSafetensors(format!("its header would have {length} bytes")));
    }
    if length > bytes.len() as u64 - 8 {
        return Err(WeightsError::Truncated(format!("its header of {length} bytes is not all there")));
    }
    Ok(())
}

fn explain(error: SafeTensorError) -> WeightsError {
    match error {
        SafeTensorError::MetadataIncompleteBuffer => {
            WeightsError::Truncated("its header and its length do not agree".into())
        }
        SafeTensorError::InvalidOffset(_) => WeightsError::Overlap,
        other => WeightsError::NotSafetensors(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use evaluation::Accuracy;
    use model_spec::{NAMED_NETWORKS, NetworkSpec, named_network};
    use train_config::TrainConfig;

    use super::*;

    fn network(id: &str) -> NetworkSpec {
        named_network(id).unwrap().spec()
    }

    fn card() -> ModelCard {
        ModelCard {
            config: Some(TrainConfig::default()),
            trained_on: "MNIST".into(),
            epochs_done: 1,
            test: Some(Accuracy { correct: 9_901, total: 10_000 }),
            tested_on: "MNIST".into(),
            ..ModelCard::unknown(network("fast-cnn"))
        }
    }

    fn file() -> Vec<u8> {
        write_safetensors(&Weights::initial(&network("fast-cnn"), 1), &card()).unwrap()
    }

    /// A file with this header and this many bytes of zeros behind it.
    fn handmade(header: &str, data_bytes: usize) -> Vec<u8> {
        let length = (header.len() as u64).to_le_bytes();
        [&length, header.as_bytes(), &vec![0; data_bytes]].concat()
    }

    #[track_caller]
    fn check(bytes: &[u8], complaint: &str) {
        let error = read_safetensors(bytes).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }

    #[test]
    fn a_file_comes_back_to_the_last_bit() {
        for named in NAMED_NETWORKS {
            let weights = Weights::initial(&named.spec(), 9);
            let card = ModelCard { network: named.spec(), ..card() };
            let bytes = write_safetensors(&weights, &card).unwrap();
            assert_eq!(bytes, write_safetensors(&weights, &card).unwrap());
            assert_eq!(read_safetensors(&bytes).unwrap(), (weights, card));
        }
    }

    #[test]
    fn half_a_file_holds_what_was_rounded_to_the_last_bit() {
        let weights = Weights::initial(&network("fast-cnn"), 9);
        let rounded = weights.rounded_to_half();
        assert_ne!(rounded, weights);
        let apart =
            weights.values().iter().zip(rounded.values()).map(|(a, b)| (a - b).abs() / a.abs().max(1e-3));
        assert!(apart.fold(0.0, f32::max) < 1e-3);
        let bytes = write_safetensors_as(Precision::Half, &rounded, &card()).unwrap();
        assert!(bytes.len() < file().len() * 51 / 100);
        assert_eq!(read_safetensors(&bytes).unwrap(), (rounded, card()));
    }

    #[test]
    fn a_file_without_card_is_for_others_to_read() {
        check(&handmade("{}", 0), "no model card");
    }

    #[test]
    fn damaged_files_are_refused() {
        let file = file();
        check(&[], "cut off");
        check(&file[..7], "cut off");
        check(&file[..100], "cut off");
        check(&file[..file.len() - 1], "cut off");
        check(&[file.as_slice(), &[0]].concat(), "cut off");
        check(&[0xff; 64], "not a safetensors file");
        check(&vec![0; MAX_FILE_BYTES + 1], "at most 67108864");
        check(b"GIF89a, certainly not a model", "not a safetensors file");
    }

    #[test]
    fn a_value_that_is_no_number_is_refused() {
        let mut weights = Weights::initial(&network("fast-cnn"), 1);
        weights.values[601] = f32::NAN;
        check(
            &write_safetensors(&weights, &card()).unwrap(),
            "\"conv1.bias\" has a value that is not a finite number (at index 1)",
        );
        weights.values[601] = f32::INFINITY;
        check(&write_safetensors(&weights, &card()).unwrap(), "not a finite number");
    }

    #[test]
    fn tensors_of_another_shape_or_place_are_refused() {
        let overlap = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
        check(&handmade(overlap, 12), "overlap");
        let later = r#"{"__metadata__":{"inkling":"{\"architecture\":\"Transformer\"}"}}"#;
        check(&handmade(later, 0), "architecture \"Transformer\"");
        let claim = serde_json::to_string(&card()).unwrap().replace('"', "\\\"");
        check(
            &handmade(&format!(r#"{{"__metadata__":{{"inkling":"{claim}"}}}}"#), 0),
            "\"conv1.weight\" is missing",
        );
    }

    #[test]
    fn weights_of_another_architecture_are_refused() {
        let weights = Weights::initial(&network("workshop-cnn"), 1);
        let error = read_safetensors(&write_safetensors(&weights, &card()).unwrap()).unwrap_err();
        let expected = vec![24, 1, 5, 5];
        assert_eq!(
            error,
            WeightsError::Shape { name: "conv1.weight".into(), found: vec![32, 1, 3, 3], expected }
        );
    }
}
