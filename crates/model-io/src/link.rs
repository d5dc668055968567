//! A model as a link: `#m=1.` and text, behind the `#` of an address, which no server sees.
//!
//! The text is base64url of: length of it all, checksum, length of the description, description (JSON, deflated), levels of the weights.
//! At its end stands a letter: some chats cut a `-` or `_` there.

use std::io::{Read as _, Write as _};

use evaluation::{Accuracy, Calibration};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use link_text::{from_base64url, put_varint, take_varint, to_base64url};
use model_card::ModelCard;
use model_spec::{
    Import, NAMED_NETWORKS, NamedNetwork, NetworkSpec, Preprocessing, named_network, with_classes,
};
use serde::{Deserialize, Serialize};
use weights::Weights;

use crate::quantize::Quantized;

/// Characters of a link at most, from its `#` on: what browsers and most chats carry.
pub const MAX_LINK_LENGTH: usize = 7_900;
/// Most values of a network in a link.
const MAX_VALUES: usize = 20_000;
/// Longest text that is looked at.
const MAX_TEXT: usize = 64 << 10;
const MAX_JSON: usize = 64 << 10;
const PREFIX: &str = "#m=";
const VERSION: &str = "1";
/// The last character.
const GUARD: char = 'z';
/// Finest and coarsest steps, in standard deviations of a channel. Beyond the coarsest, networks forget.
const STEPS: [f64; 2] = [0.03, 0.45];
/// What an accuracy takes that is measured afterwards, in characters.
const ROOM: usize = 60;

/// A link that cannot be made or followed; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum LinkError {
    #[error(
        "This network has {0} weights and does not fit a link: that holds some ten thousand. Share the file instead, or choose a \
         smaller network."
    )]
    TooLarge(usize),
    #[error(
        "This link has version {0}; this page reads version {VERSION}. Reload the page to update it, then open the link again."
    )]
    Version(String),
    #[error("This link was cut: {found} of {wanted} characters are there. Copy the whole link again.")]
    Cut { found: usize, wanted: usize },
    #[error("The network of this link has {0} weights; links hold {MAX_VALUES} at most.")]
    TooMuch(usize),
    #[error("This link is damaged. Copy the whole link again.")]
    Damaged,
    #[error("The network of this link cannot be built here: {0}")]
    Network(String),
}

/// What a link says beside the weights.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    #[serde(rename = "n")]
    name: String,
    /// A network of the catalog, by its id and number of classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<(String, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network: Option<NetworkSpec>,
    #[serde(rename = "p", default)]
    preprocessing: Preprocessing,
    #[serde(rename = "i", default)]
    import: Import,
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    class_names: Vec<String>,
    #[serde(rename = "t", default, skip_serializing_if = "String::is_empty")]
    trained_on: String,
    #[serde(rename = "e", default)]
    epochs_done: u32,
    /// Accuracy of these very weights.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    test: Option<Accuracy>,
    #[serde(rename = "o", default, skip_serializing_if = "String::is_empty")]
    tested_on: String,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    calibration: Option<Calibration>,
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    license: String,
}

/// Weights rounded so that they fit a link.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkWeights {
    quantized: Quantized,
    rounded: Weights,
    /// The step between two values, in standard deviations of a channel.
    pub relative_step: f64,
}

impl LinkWeights {
    /// Takes the finest steps with which name, card and weights fit a link.
    ///
    /// # Errors
    /// [`LinkError::TooLarge`] where even the coarsest do not.
    pub fn new(name: &str, weights: &Weights, card: &ModelCard) -> Result<Self, LinkError> {
        let count = weights.values().len();
        if count > MAX_VALUES {
            return Err(LinkError::TooLarge(count));
        }
        let fits = |step: f64| {
            let quantized = Quantized::new(weights, step);
            (text(name, weights.network(), &quantized, card).len() + ROOM <= MAX_LINK_LENGTH)
                .then_some(quantized)
        };
        let [mut fine, mut coarse] = STEPS;
        let mut best = (coarse, fits(coarse).ok_or(LinkError::TooLarge(count))?);
        if let Some(finest) = fits(fine) {
            best = (fine, finest);
        } else {
            for _ in 0..12 {
                let middle = (fine * coarse).sqrt();
                match fits(middle) {
                    Some(quantized) => (coarse, best) = (middle, (middle, quantized)),
                    None => fine = middle,
                }
            }
        }
        let (relative_step, quantized) = best;
        let rounded = quantized.weights(weights.network()).ok_or(LinkError::Damaged)?;
        Ok(Self { quantized, rounded, relative_step })
    }

    /// The weights that whoever opens the link gets.
    pub fn rounded(&self) -> &Weights {
        &self.rounded
    }

    /// The link. The accuracy on the card must have been measured on [`rounded`](Self::rounded).
    pub fn link(&self, name: &str, card: &ModelCard) -> String {
        text(name, self.rounded.network(), &self.quantized, card)
    }
}

/// A model that a link brought.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedModel {
    /// What its sender called it.
    pub name: String,
    /// What it says of itself.
    pub card: ModelCard,
    /// Its weights.
    pub weights: Weights,
}

fn text(name: &str, network: &NetworkSpec, quantized: &Quantized, card: &ModelCard) -> String {
    let classes = network.classes() as u32;
    let known = NAMED_NETWORKS.iter().find(|named| of_classes(named, classes).as_ref() == Some(network));
    let id = known.map(|named| (named.id.to_owned(), classes));
    let description = Description {
        name: name.chars().take(80).collect(),
        network: id.is_none().then(|| network.clone()),
        id,
        preprocessing: card.preprocessing,
        import: card.import,
        class_names: card.class_names.clone(),
        trained_on: card.trained_on.clone(),
        epochs_done: card.epochs_done,
        test: card.test,
        tested_on: card.tested_on.clone(),
        calibration: card.of_rounded_weights().calibration,
        license: card.license.clone(),
    };
    let json = serde_json::to_vec(&description).unwrap_or_default();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Into memory: neither can fail.
    let packed = encoder.write_all(&json).and_then(|()| encoder.finish()).unwrap_or_default();
    let mut body = Vec::new();
    put_varint(&mut body, packed.len() as u32);
    body.extend(packed);
    body.extend(quantized.encode(network));
    let mut bytes = Vec::new();
    put_varint(&mut bytes, body.len() as u32);
    bytes.extend(crc32fast::hash(&body).to_le_bytes());
    bytes.extend(body);
    format!("{PREFIX}{VERSION}.{}{GUARD}", to_base64url(&bytes))
}

fn of_classes(named: &NamedNetwork, classes: u32) -> Option<NetworkSpec> {
    with_classes(&named.spec().draft(), classes).check().ok()
}

/// Whether this is a link to a model, with or without its `#`.
pub fn is_model_link(fragment: &str) -> bool {
    fragment.trim_start_matches('#').starts_with(&PREFIX[1..])
}

/// Reads the model of a link, with or without its `#`.
///
/// # Errors
/// [`LinkError`] says what is wrong with it. Sizes are checked before memory is taken.
pub fn read_link(fragment: &str) -> Result<LinkedModel, LinkError> {
    let fragment: String = fragment.chars().take(MAX_TEXT).filter(|c| !c.is_whitespace()).collect();
    // Some phones escape what needs no escape.
    let fragment = fragment.replace("%5F", "_").replace("%5f", "_").replace("%2D", "-").replace("%2d", "-");
    let rest = fragment.trim_start_matches('#').strip_prefix(&PREFIX[1..]).ok_or(LinkError::Damaged)?;
    let (version, text) = rest.split_once('.').ok_or(LinkError::Damaged)?;
    if version != VERSION {
        let is_version =
            (1..=9).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit());
        return Err(if is_version { LinkError::Version(version.into()) } else { LinkError::Damaged });
    }
    // Without its last letter it is still whole.
    let whole = text.strip_suffix(GUARD).unwrap_or(text);
    // Cut in the midst of a byte, or damaged: the length at its beginning tells.
    let cut = text.get(..text.len() - text.len() % 4);
    let bytes =
        from_base64url(whole).or_else(|| from_base64url(text)).or_else(|| cut.and_then(from_base64url));
    let bytes = bytes.ok_or(LinkError::Damaged)?;
    let mut rest = bytes.as_slice();
    let length = take_varint(&mut rest).ok_or(LinkError::Damaged)? as usize;
    let (sum, body) = rest.split_first_chunk::<4>().ok_or(LinkError::Damaged)?;
    if length > MAX_TEXT {
        return Err(LinkError::Damaged);
    }
    if body.len() < length {
        let head = bytes.len() - body.len();
        let wanted =
            fragment.trim_start_matches('#').len() - text.len() + 1 + ((head + length) * 4).div_ceil(3) + 1;
        return Err(LinkError::Cut { found: fragment.trim_start_matches('#').len() + 1, wanted });
    }
    // The guard may have been read as part of a byte.
    let body = &body[..length];
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
        return Err(LinkError::Damaged);
    }
    let mut rest = body;
    let packed = take_varint(&mut rest).ok_or(LinkError::Damaged)? as usize;
    let (packed, levels) = rest.split_at_checked(packed).ok_or(LinkError::Damaged)?;
    let mut json = Vec::new();
    ZlibDecoder::new(packed).take(MAX_JSON as u64).read_to_end(&mut json).map_err(|_| LinkError::Damaged)?;
    let description: Description =
        serde_json::from_slice(&json).map_err(|error| LinkError::Network(error.to_string()))?;
    let network = match (&description.id, description.network) {
        (Some((id, classes)), None) => named_network(id).and_then(|named| of_classes(named, *classes)),
        (None, network) => network,
        _ => None,
    };
    let network = network.ok_or_else(|| LinkError::Network("this version does not know it".into()))?;
    if network.value_count() > MAX_VALUES {
        return Err(LinkError::TooMuch(network.value_count()));
    }
    let weights = Quantized::decode(&network, levels).weights(&network).ok_or(LinkError::Damaged)?;
    let card = ModelCard {
        preprocessing: description.preprocessing,
        import: description.import,
        class_names: description.class_names,
        trained_on: description.trained_on,
        epochs_done: description.epochs_done,
        test: description.test,
        tested_on: description.tested_on,
        calibration: description.calibration,
        license: description.license,
        ..ModelCard::unknown(network)
    };
    Ok(LinkedModel { name: description.name, card, weights })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn card(network: &NetworkSpec) -> ModelCard {
        ModelCard { trained_on: "MNIST".into(), epochs_done: 45, ..ModelCard::unknown(network.clone()) }
    }

    fn small() -> (Weights, ModelCard) {
        let network = named_network("small-cnn").unwrap().spec();
        (Weights::initial(&network, 5), card(&network))
    }

    #[test]
    fn a_small_network_fits_and_comes_back() {
        let (weights, card) = small();
        let made = LinkWeights::new("Mine", &weights, &card).unwrap();
        let link = made.link("Mine", &card);
        assert!(link.len() <= MAX_LINK_LENGTH && link.len() > 7_000, "{}", link.len());
        assert!(link.ends_with(|c: char| c.is_ascii_alphanumeric()));
        assert!(is_model_link(&link) && !is_model_link("#x=1.abc"));
        let found = read_link(&link).unwrap();
        assert_eq!((found.name.as_str(), &found.card, &found.weights), ("Mine", &card, made.rounded()));
    }

    #[test]
    fn every_random_network_that_fits_comes_back() {
        let mut fitted = 0;
        for seed in 0..80 {
            let network = model_spec::RandomNetworks::new(seed).valid();
            let (weights, card) = (Weights::initial(&network, seed), card(&network));
            let Ok(made) = LinkWeights::new("Random", &weights, &card) else { continue };
            let found = read_link(&made.link("Random", &card)).unwrap();
            assert!(found.card == card && found.weights == *made.rounded(), "{}", network.to_json());
            fitted += 1;
        }
        assert!(fitted > 10, "{fitted} of 80 fit");
    }

    #[test]
    fn a_network_of_ones_own_comes_back() {
        let json = r#"{"classes":3,"layers":[{"kind":"max_pool2d","kernel_size":7},{"kind":"flatten"},{"kind":"batch_norm"},
            {"kind":"dense","units":3}]}"#;
        let network = NetworkSpec::from_json(json).unwrap();
        let weights = Weights::initial(&network, 2);
        let card = ModelCard { class_names: ["a", "b", "c"].map(String::from).to_vec(), ..card(&network) };
        let made = LinkWeights::new("abc", &weights, &card).unwrap();
        let found = read_link(&made.link("abc", &card)).unwrap();
        assert_eq!((found.card, &found.weights), (card, made.rounded()));
    }

    #[test]
    fn what_chats_do_to_links_is_undone() {
        let (weights, card) = small();
        let made = LinkWeights::new("Mine", &weights, &card).unwrap();
        let link = made.link("Mine", &card);
        let without_guard = &link[..link.len() - 1];
        for changed in [
            without_guard.to_owned(),
            link.replace('_', "%5F"),
            format!("{}\n {}", &link[..500], &link[500..]),
            link[1..].to_owned(),
        ] {
            assert_eq!(read_link(&changed).map(|found| found.weights).as_ref(), Ok(made.rounded()));
        }
    }

    #[test]
    fn damage_is_said() {
        let (weights, card) = small();
        let link = LinkWeights::new("Mine", &weights, &card).unwrap().link("Mine", &card);
        for end in [3_000, 3_001, 3_002, 3_003] {
            let error = read_link(&link[..end]).unwrap_err();
            assert_eq!(error, LinkError::Cut { found: end, wanted: link.len() }, "{end}");
        }
        let mut bytes = link.clone().into_bytes();
        bytes[5_000] = if bytes[5_000] == b'A' { b'B' } else { b'A' };
        assert_eq!(read_link(&String::from_utf8(bytes).unwrap()), Err(LinkError::Damaged));
        assert_eq!(read_link("#m=2.abcz"), Err(LinkError::Version("2".into())));
        for other in
            ["#m=", "#m=1.", "#m=1.z", "#m=x.abc", "#m=1.____z", "#m=1.\u{1f600}", "#m=1.aaa\u{2026}"]
        {
            assert!(read_link(other).is_err(), "{other}");
        }
        let large = named_network("fast-cnn").unwrap().spec();
        let error =
            LinkWeights::new("Large", &Weights::initial(&large, 1), &ModelCard::unknown(large.clone()))
                .unwrap_err();
        assert_eq!(error, LinkError::TooLarge(215_194));
    }
}
