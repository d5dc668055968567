//! Configurations, runs and sweeps as links: the part of an address behind `#`, which no server sees.

use std::io::{Read, Write};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use link_text::{from_base64url, to_base64url};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use train_config::{ConfigError, DataChoice, TrainConfig};

use crate::{SweepError, SweepSpec};

/// What a link can hold.
///
/// A data set that a person keeps is named, not held: whoever opens the link may not have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shared {
    /// A configuration.
    Config {
        /// What to do.
        config: TrainConfig,
        /// The images to learn from.
        data: DataChoice,
    },
    /// A run, to be trained again.
    Run {
        /// Name for people.
        name: String,
        /// What it did.
        config: TrainConfig,
        /// The images it learned from.
        data: DataChoice,
        /// Workers that shared each step.
        workers: u32,
    },
    /// A sweep.
    Sweep {
        /// What to vary.
        spec: SweepSpec,
        /// The images to learn from.
        data: DataChoice,
    },
}

/// A link that cannot be made or followed; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum LinkError {
    #[error(
        "The link would be {length} characters long; the limit is {MAX_LENGTH}. Share a backup or the exported network instead."
    )]
    TooLong { length: usize },
    #[error(
        "This link has version {0}; this page reads version {VERSION}. Reload the page to update it, then open the link again."
    )]
    Version(String),
    #[error("This link is damaged or incomplete. Copy the whole link again.")]
    Damaged,
    #[error("This link holds too much: more than {} KiB.", MAX_JSON / 1024)]
    TooLarge,
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Sweep(#[from] SweepError),
}

/// Characters of a link at most: more than that is cut by some programs.
const MAX_LENGTH: usize = 2_000;
/// Bytes of JSON in a link at most.
const MAX_JSON: usize = 64 * 1024;
const PREFIX: &str = "#x=";
const VERSION: &str = "1";

/// What links of version 1 do not write out.
///
/// It was the default configuration when that version began, and it stays: another one would change what old links mean.
const BASE: &str = r#"
    {"network": {"schema": 1, "input": {"channels": 1, "height": 28, "width": 28}, "classes": 10, "layers": [
        {"kind": "conv2d", "out_channels": 24, "kernel_size": 5}, {"kind": "relu"}, {"kind": "max_pool2d", "kernel_size": 2},
        {"kind": "conv2d", "out_channels": 32, "kernel_size": 3}, {"kind": "relu"}, {"kind": "max_pool2d", "kernel_size": 2},
        {"kind": "flatten"}, {"kind": "dense", "units": 256}, {"kind": "relu"}, {"kind": "dense", "units": 10}]},
    "preprocessing": {"kind": "zero_to_one"}, "optimizer": {"kind": "adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
    "learning_rate": 0.008, "weight_decay": 0.0, "schedule": {"kind": "one_cycle"}, "batch_size": 64, "epochs": 1, "stop": {},
    "shuffle": true, "seed": 1, "validation_share": 0.02}"#;

/// A link to this: `#x=1.` and text that needs no escapes.
///
/// # Errors
/// [`LinkError::TooLong`], or that a configuration cannot be followed.
pub fn encode(shared: &Shared) -> Result<String, LinkError> {
    shared.check()?;
    // By way of text: a value made directly would write each digit of an `f32` as an `f64`.
    let mut value = serde_json::to_string(shared)
        .and_then(|json| serde_json::from_slice(json.as_bytes()))
        .map_err(damaged)?;
    let base = base()?;
    for_configs(&mut value, &|config| {
        *config = difference(&base, config).unwrap_or_else(|| Map::new().into());
    });
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(value.to_string().as_bytes()).map_err(damaged)?;
    let packed = encoder.finish().map_err(damaged)?;
    let link = format!("{PREFIX}{VERSION}.{}", to_base64url(&packed));
    if link.len() > MAX_LENGTH { Err(LinkError::TooLong { length: link.len() }) } else { Ok(link) }
}

/// What a link holds, with or without its `#`; `None` where the text is not one of these links.
///
/// # Errors
/// [`LinkError`] where it is one and cannot be followed.
pub fn decode(fragment: &str) -> Result<Option<Shared>, LinkError> {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    let Some(rest) = fragment.strip_prefix(&PREFIX[1..]) else { return Ok(None) };
    let (version, text) = rest.split_once('.').ok_or(LinkError::Damaged)?;
    if version != VERSION {
        let is_version =
            (1..=9).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit());
        return Err(if is_version { LinkError::Version(version.into()) } else { LinkError::Damaged });
    }
    let packed = from_base64url(text).ok_or(LinkError::Damaged)?;
    let mut json = Vec::new();
    let mut decoder = ZlibDecoder::new(packed.as_slice());
    decoder.by_ref().take(MAX_JSON as u64 + 1).read_to_end(&mut json).map_err(damaged)?;
    if json.len() > MAX_JSON {
        return Err(LinkError::TooLarge);
    }
    if decoder.total_in() != packed.len() as u64 {
        // Something follows that is no part of it.
        return Err(LinkError::Damaged);
    }
    let mut value = serde_json::from_slice(&json).map_err(damaged)?;
    let base = base()?;
    for_configs(&mut value, &|patch| *patch = merged(base.clone(), patch.take()));
    let shared: Shared = serde_json::from_slice(value.to_string().as_bytes()).map_err(damaged)?;
    shared.check()?;
    Ok(Some(shared))
}

impl Shared {
    fn check(&self) -> Result<(), LinkError> {
        match self {
            Self::Config { config, .. } | Self::Run { config, .. } => config.check()?,
            Self::Sweep { spec, .. } => {
                spec.base.check()?;
                spec.trials()?;
            }
        }
        Ok(())
    }
}

fn damaged<E>(_: E) -> LinkError {
    LinkError::Damaged
}

fn base() -> Result<Value, LinkError> {
    serde_json::from_slice(BASE.as_bytes()).map_err(damaged)
}

/// Changes every configuration in the JSON of [`Shared`].
fn for_configs(shared: &mut Value, change: &dyn Fn(&mut Value)) {
    for place in ["/config", "/spec/base"] {
        if let Some(config) = shared.pointer_mut(place) {
            change(config);
        }
    }
    if let Some(Value::Array(trials)) = shared.pointer_mut("/spec/kind/trials") {
        trials.iter_mut().filter_map(|trial| trial.get_mut("config")).for_each(change);
    }
}

/// What must be merged into the base to have the value, as in RFC 7396: `null` removes. `None` where they are the same.
///
/// One difference to that: a `kind` decides which fields there are, so that another kind is written as a whole.
fn difference(base: &Value, value: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (base, value) else {
        return (base != value).then(|| value.clone());
    };
    if old.get("kind") != new.get("kind") {
        return Some(value.clone());
    }
    let mut patch = Map::new();
    for (key, value) in new {
        let change = old.get(key).map_or_else(|| Some(value.clone()), |old| difference(old, value));
        patch.extend(change.map(|change| (key.clone(), change)));
    }
    let removed = old.keys().filter(|key| !new.contains_key(*key));
    patch.extend(removed.map(|key| (key.clone(), Value::Null)));
    (!patch.is_empty()).then(|| patch.into())
}

/// Undoes [`difference`].
fn merged(base: Value, patch: Value) -> Value {
    match (base, patch) {
        (Value::Object(mut merged_fields), Value::Object(patch)) if !patch.contains_key("kind") => {
            for (key, change) in patch {
                let old = merged_fields.remove(&key);
                match (old, change) {
                    (_, Value::Null) => {}
                    (Some(old), change) => _ = merged_fields.insert(key, merged(old, change)),
                    (None, change) => _ = merged_fields.insert(key, change),
                }
            }
            merged_fields.into()
        }
        (_, patch) => patch,
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use train_config::{DataHash, EXPERIMENTS, Optimizer, Schedule};

    use super::*;
    use crate::{SweepAxis, SweepKind};

    #[track_caller]
    fn check(shared: &Shared) -> usize {
        let link = encode(shared).unwrap();
        assert!(link.len() <= MAX_LENGTH);
        let unescaped = |byte: u8| byte.is_ascii_alphanumeric() || b"#=.-_".contains(&byte);
        assert!(link.bytes().all(unescaped), "{link}");
        assert_eq!(decode(&link).unwrap().as_ref(), Some(shared));
        assert_eq!(decode(&link[1..]).unwrap().as_ref(), Some(shared));
        link.len()
    }

    fn shared(config: TrainConfig) -> Shared {
        Shared::Config { config, data: DataChoice::Mnist }
    }

    fn grid() -> SweepSpec {
        let axis =
            |field: &str, values| SweepAxis { field: field.into(), values: crate::parse_values(values) };
        SweepSpec {
            name: "Rates – and batches".into(),
            base: TrainConfig::default(),
            axes: vec![axis("Learning rate", "0.001..0.1 x5"), axis("Batch size", "16..256 x5")],
            kind: SweepKind::Grid,
            seeds: vec![1, 2, u64::MAX],
        }
    }

    #[test]
    fn everything_comes_back_as_it_went() {
        for experiment in EXPERIMENTS {
            let config = experiment.config();
            check(&shared(config.clone()));
            let data = DataChoice::Kept(DataHash(u64::MAX));
            check(&Shared::Run { name: "quiet-heron".into(), config, data, workers: 3 });
        }
        let data = DataChoice::BuiltIn { train_images: 6_000 };
        check(&Shared::Sweep { spec: SweepSpec::of_experiments("The study", "study-"), data });
        check(&Shared::Sweep { spec: grid(), data });
        let random = SweepKind::Random { trials: 10, seed: 9 };
        check(&Shared::Sweep { spec: SweepSpec { kind: random, ..grid() }, data });
    }

    #[test]
    fn settings_are_changed_added_and_removed() {
        let check = |change: &dyn Fn(&mut TrainConfig)| {
            let mut config = TrainConfig::default();
            change(&mut config);
            check(&shared(config))
        };
        check(&|config| config.optimizer = Optimizer::MOMENTUM);
        check(&|config| config.optimizer = Optimizer::Adam { beta_1: 0.5, beta_2: 0.999, epsilon: 1e-7 });
        check(&|config| config.schedule = Schedule::Step { gamma: 0.3, epochs: 2 });
        check(&|config| config.schedule = Schedule::Constant);
        check(&|config| config.gradient_clip = Some(0.1 + 0.2));
        check(&|config| config.augmentation = train_config::Augmentation::USUAL);
        check(&|config| config.augmentation.last_share = Some(0.3));
        check(&|config| {
            config.preprocessing = train_config::PreprocessingChoice::MeanStd { mean: 0.1, std: 0.7 }
        });
        check(&|config| (config.seed, config.shuffle, config.validation_share) = (u64::MAX, false, 0.0));
        // What is not written is not paid for.
        assert!(check(&|_| ()) < 100);
        assert!(check(&|config| config.learning_rate = 0.1) < 120);
    }

    #[test]
    fn the_base_can_be_followed() {
        let base: TrainConfig = serde_json::from_str(BASE).unwrap();
        assert_eq!(base.check(), Ok(()));
    }

    /// What a link holds in version 1; this may never change.
    #[test]
    fn old_links_can_be_followed() {
        let link = "#x=1.eNqrVkrOz0vLTFeyqlbKSU0sysvMS48vSixJVbIy0DMy1VEqTk1NUbIyN6_VUUpJLElUslLyzcssLlHSUcosBnKgumsBX0wXDw";
        let config = TrainConfig { learning_rate: 0.25, seed: 77, ..serde_json::from_str(BASE).unwrap() };
        assert_eq!(decode(link), Ok(Some(shared(config))));
    }

    fn link_of(json: &str) -> String {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(json.as_bytes()).unwrap();
        format!("#x=1.{}", to_base64url(&encoder.finish().unwrap()))
    }

    #[test]
    fn what_is_no_link_of_ours_is_left_alone() {
        for fragment in ["", "#", "#train", "#x", "x", "#y=1.abc", "##x=1.abc"] {
            assert_eq!(decode(fragment), Ok(None), "{fragment}");
        }
    }

    #[track_caller]
    fn check_refused(link: &str, expected: &str) {
        let error = decode(link).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        check_refused("#x=2.abc", "This link has version 2; this page reads version 1.");
        for damaged in ["#x=", "#x=1", "#x=1.", "#x=1.A", "#x=1.AAAA", "#x=1.ä", "#x=<b>.AA", "#x=.AA"] {
            check_refused(damaged, "This link is damaged");
        }
        let config = r#"{"is":"config","data":"Mnist","config":CONFIG}"#;
        let with = |patch: &str| link_of(&config.replace("CONFIG", patch));
        assert!(decode(&with("{}")).is_ok_and(|shared| shared.is_some()));
        for damaged in
            ["[]", "null", "7", r#"{"speed":1}"#, r#"{"network":null}"#, r#"{"optimizer":{"kind":"lion"}}"#]
        {
            check_refused(&with(damaged), "This link is damaged");
        }
        check_refused(&link_of(&"[".repeat(10_000)), "This link is damaged");
        check_refused(&with(r#"{"epochs":0}"#), "0 epochs are out of range");
        check_refused(&with(&" ".repeat(MAX_JSON)), "This link holds too much: more than 64 KiB.");
        let json = serde_json::to_string(&Shared::Sweep { spec: grid(), data: DataChoice::Mnist }).unwrap();
        check_refused(
            &link_of(&json.replace("\"256\"", "\"5000\"")),
            "Learning rate 0.001, Batch size 5000, Seed 1: ",
        );
        check_refused(&link_of(&json.replace("Batch size", "Bath size")), "\"Bath size\" is not a setting");
    }

    #[test]
    fn damage_to_a_single_character_is_found() {
        let link = encode(&shared(EXPERIMENTS[4].config())).unwrap();
        for more in ["x", "AA", "AAA", "AAAA"] {
            assert!(decode(&format!("{link}{more}")).is_err(), "{link}{more}");
        }
        for place in "#x=1.".len()..link.len() {
            for letter in ["A", "q", "_", ".", " "] {
                let mut other = link.clone();
                other.replace_range(place..=place, letter);
                assert!(other == link || decode(&other).is_err(), "{other}");
            }
            assert!(decode(&link[..place]).is_err(), "{place}");
        }
    }

    #[test]
    fn what_is_not_to_be_followed_is_not_shared() {
        let config = TrainConfig { epochs: 0, ..TrainConfig::default() };
        assert!(matches!(encode(&shared(config)), Err(LinkError::Config(_))));
        let spec = SweepSpec { seeds: Vec::new(), ..grid() };
        let sweep = Shared::Sweep { spec, data: DataChoice::Mnist };
        assert_eq!(encode(&sweep), Err(LinkError::Sweep(SweepError::NoSeeds)));
    }

    #[test]
    fn a_link_has_an_end() {
        let mut draws = crate::names::Draws::new(1);
        let name: String = (0..4_000).map(|_| char::from(33 + draws.below(90) as u8)).collect();
        let (config, data) = (TrainConfig::default(), DataChoice::Mnist);
        let error = encode(&Shared::Run { name, config, data, workers: 1 }).unwrap_err();
        let LinkError::TooLong { length } = error else { panic!("{error}") };
        assert!(length > 4_000, "{error}");
    }
}
