//! The file that the first program reads with: a named network's weights as 16-bit floats and nothing that takes a parser.
//!
//! Magic and version (5 bytes), the length of the network's id and the id, temperature and least confidence of the calibration
//! (`f32`), then the values in the order of `NetworkSpec::tensors` (`f16`); all little-endian. `cargo xtask` writes it for one
//! build and the program of the same build reads it: it is no format to keep anything in.

use evaluation::Calibration;
use half::f16;
use model_card::ModelCard;
use model_spec::{NAMED_NETWORKS, Preprocessing, named_network};
use weights::Weights;

use crate::Forward;

const MAGIC: &[u8; 5] = b"INKF\x01";

/// Packs weights; `None` for a network that has no name, or that reads other values than 0 to 1.
pub fn pack(weights: &Weights, card: &ModelCard) -> Option<Vec<u8>> {
    let named = NAMED_NETWORKS.iter().find(|named| named.spec() == *weights.network())?;
    if card.preprocessing != Preprocessing::ZeroToOne {
        return None;
    }
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let mut bytes = MAGIC.to_vec();
    bytes.push(named.id.len() as u8);
    bytes.extend(named.id.as_bytes());
    for number in [calibration.temperature, calibration.least_confidence] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(weights.values().iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()));
    Some(bytes)
}

impl Forward {
    /// Reads what [`pack`] wrote; `None` where it is something else, or of another length.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (&length, rest) = rest.split_first()?;
        let (id, rest) = rest.split_at_checked(usize::from(length))?;
        let network = named_network(core::str::from_utf8(id).ok()?)?.spec();
        let (temperature, rest) = rest.split_first_chunk()?;
        let (least_confidence, rest) = rest.split_first_chunk()?;
        let (pairs, []) = rest.as_chunks::<2>() else { return None };
        let values = pairs.iter().map(|&pair| f16::from_le_bytes(pair).to_f32()).collect();
        let weights = Weights::from_values(network, values)?;
        let calibration = Calibration {
            temperature: f32::from_le_bytes(*temperature),
            least_confidence: f32::from_le_bytes(*least_confidence),
            ..Calibration::NONE
        };
        Some(Self::new(&weights, Preprocessing::ZeroToOne, calibration))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::PIXELS;

    use super::*;

    #[test]
    fn what_was_packed_reads_alike_and_nothing_else_does() {
        let weights = Weights::initial(&named_network("small-cnn").unwrap().spec(), 3).rounded_to_half();
        let calibration = Calibration { temperature: 1.5, least_confidence: 0.7, is_inherited: false };
        let card =
            ModelCard { calibration: Some(calibration), ..ModelCard::unknown(weights.network().clone()) };
        let bytes = pack(&weights, &card).unwrap();
        let levels: Vec<u8> = (0..PIXELS).map(|index| (index % 251) as u8).collect();
        let direct = Forward::new(&weights, Preprocessing::ZeroToOne, calibration);
        assert_eq!(Forward::unpack(&bytes).unwrap().predict(&levels), direct.predict(&levels));
        for length in 0..bytes.len() {
            assert!(Forward::unpack(&bytes[..length]).is_none(), "{length} bytes");
        }
        let other = ModelCard { preprocessing: Preprocessing::L2Columns, ..card };
        assert_eq!(pack(&weights, &other), None);
    }
}
