//! What is known of a set of weights, kept in the file beside them.

mod legacy;
mod summary;

use evaluation::{Accuracy, Calibration};
use model_spec::{Import, NetworkSpec, Preprocessing, SpecError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use train_config::TrainConfig;

pub use summary::{LayerSummary, TensorSummary};

/// Version of the JSON form that this program writes.
pub const SCHEMA: u32 = 2;

/// A model card: enough to know what a set of weights is, how to use it, and how to make it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The network that the weights belong to.
    pub network: NetworkSpec,
    /// What turns grey levels into what the network reads.
    pub preprocessing: Preprocessing,
    /// How the images that it learned from were made.
    #[serde(default)]
    pub import: Import,
    /// Names of the classes; empty where they are the ten digits, or are only counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// How the weights were trained, where that is known. Its network may hold layers that the weights have folded in.
    pub config: Option<TrainConfig>,
    /// What they were trained on, for people; empty where unknown.
    pub trained_on: String,
    /// Epochs completed.
    pub epochs_done: u32,
    /// Accuracy on the validation part, where there was one.
    #[serde(default)]
    pub validation: Option<Accuracy>,
    /// Accuracy on the test images, where it was measured.
    pub test: Option<Accuracy>,
    /// What they were tested on, for people; empty where they were not.
    pub tested_on: String,
    /// How its probabilities are to be read, where that was measured on these very weights.
    #[serde(default)]
    pub calibration: Option<Calibration>,
    /// The model that it was fine-tuned from, by its name; empty where there is none, or none is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fine_tuned_from: String,
    /// The run that trained it, by its name; empty where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// The licence that its owner gives it, such as `CC-BY-4.0`; empty where none was given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub license: String,
    /// What its owner says of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Words by which its owner finds it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// The classes of images are not those that a model tells apart; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The model tells these classes apart: {own}. The images are of others: {others}. Choose images of its own classes."
)]
pub struct OtherClasses {
    own: String,
    others: String,
}

/// A card that cannot be read; the text is for people.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum CardError {
    #[error("its model card is not readable ({0})")]
    Json(String),
    #[error("its network is the architecture \"{0}\", which this version does not have")]
    UnknownArchitecture(String),
    #[error("its model card is of version {0}, and this program reads up to {SCHEMA}")]
    Schema(u64),
    #[error("its network cannot be built: {0}")]
    Network(#[from] SpecError),
}

impl ModelCard {
    /// The card of weights of which nothing but the network is known.
    pub const fn unknown(network: NetworkSpec) -> Self {
        Self {
            schema: SCHEMA,
            network,
            preprocessing: Preprocessing::ZeroToOne,
            import: Import::Ink,
            class_names: Vec::new(),
            config: None,
            trained_on: String::new(),
            epochs_done: 0,
            validation: None,
            test: None,
            tested_on: String::new(),
            calibration: None,
            fine_tuned_from: String::new(),
            run: String::new(),
            license: String::new(),
            notes: String::new(),
            tags: Vec::new(),
        }
    }

    /// Reads the JSON of this version or of an older one.
    ///
    /// # Errors
    /// [`CardError`] says what is wrong.
    pub fn from_json(text: &str) -> Result<Self, CardError> {
        let json = |error: serde_json::Error| CardError::Json(error.to_string());
        let mut value: Value = serde_json::from_slice(text.as_bytes()).map_err(json)?;
        match value.get("schema").and_then(Value::as_u64) {
            None => legacy::card(&value),
            Some(schema) if schema > u64::from(SCHEMA) => Err(CardError::Schema(schema)),
            Some(_) => {
                // First the network: its errors name the layer.
                let network = value.get("network").cloned().unwrap_or_default().to_string();
                NetworkSpec::from_json(&network)?;
                // How it was trained is worth knowing, but the weights can be used without.
                if let Some(config) = value.get_mut("config")
                    && serde_json::from_slice::<TrainConfig>(config.to_string().as_bytes()).is_err()
                {
                    *config = Value::Null;
                }
                // From bytes, as all JSON that the page reads: each other way to read a type is the same code once more.
                serde_json::from_slice(value.to_string().as_bytes()).map_err(json)
            }
        }
    }

    /// The card once the weights were rounded: what was measured on them no longer holds.
    #[must_use]
    pub fn of_rounded_weights(&self) -> Self {
        Self {
            test: None,
            validation: None,
            tested_on: String::new(),
            calibration: self.calibration.map(|before| Calibration { is_inherited: true, ..before }),
            ..self.clone()
        }
    }

    /// The card of weights that were trained further: no figure holds any more, and `epochs_done` epochs are completed.
    #[must_use]
    pub fn of_later_weights(&self, epochs_done: u32) -> Self {
        Self {
            epochs_done,
            test: None,
            validation: None,
            tested_on: String::new(),
            calibration: None,
            ..self.clone()
        }
    }

    /// Whether its first ten classes are the digits, as far as is known.
    pub fn reads_digits(&self) -> bool {
        let classes = self.network.classes();
        let names = &self.class_names;
        let are_digits = names.len() >= 10
            && names[..10].iter().enumerate().all(|(digit, name)| *name == digit.to_string());
        are_digits || classes == 10 && names.is_empty()
    }

    /// What a class is called: by its name, else its number.
    pub fn class_name(&self, class: usize) -> String {
        self.class_names.get(class).cloned().unwrap_or_else(|| class.to_string())
    }

    /// Whether it can be tested on images of classes of these names: answers are compared by the numbers of classes.
    ///
    /// # Errors
    /// Where its own classes are others. It may have more than these; of one without names nothing is known but how many it has.
    pub fn check_classes(&self, names: &[String]) -> Result<(), OtherClasses> {
        let own: Vec<String> = (0..self.network.classes()).map(|class| self.class_name(class)).collect();
        let may_fit = self.class_names.is_empty() && own.len() == names.len();
        if may_fit || own.starts_with(names) {
            Ok(())
        } else {
            Err(OtherClasses { own: own.join(", "), others: names.join(", ") })
        }
    }

    /// What it is and how good, in a few words: `Fast CNN 99.40 %`; without an accuracy that was not measured.
    pub fn short(&self) -> String {
        let accuracy = self.test.map_or_else(String::new, |test| format!(" {:.2} %", 100.0 * test.share()));
        format!("{}{accuracy}", self.network.title())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn no_accuracy_is_claimed_that_was_not_measured() {
        let unknown = ModelCard::unknown(TrainConfig::default().network);
        assert_eq!(unknown.short(), "Fast CNN");
        let tested = ModelCard { test: Some(Accuracy { correct: 9_889, total: 10_000 }), ..unknown };
        assert_eq!(tested.short(), "Fast CNN 98.89 %");
    }

    #[test]
    fn a_model_is_tested_on_its_own_classes() {
        #[track_caller]
        fn check(own: &[&str], images: &[&str], fits: bool) {
            let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            // Ten classes.
            let unknown = ModelCard::unknown(TrainConfig::default().network);
            let card = ModelCard { class_names: names(own), ..unknown };
            let images: Vec<String> = names(images);
            assert_eq!(card.check_classes(&images).is_ok(), fits, "{own:?} on {images:?}");
        }
        let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        check(&[], &digits, true);
        check(&[], &letters, true);
        check(&[], &letters[..3], false);
        check(&digits, &digits, true);
        check(&digits, &letters, false);
        check(&letters, &digits, false);
        check(&letters, &letters[..3], true);
        check(&letters, &letters[1..], false);
    }

    #[test]
    fn a_card_comes_back_as_it_went() {
        let config = TrainConfig::default();
        let card = ModelCard {
            config: Some(config.clone()),
            preprocessing: Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 },
            calibration: Some(Calibration { temperature: 1.1, ..Calibration::NONE }),
            ..ModelCard::unknown(config.network)
        };
        let json = serde_json::to_string(&card).unwrap();
        assert_eq!(ModelCard::from_json(&json), Ok(card.clone()));
        let newer = json.replacen("\"schema\":2", "\"schema\":3", 1);
        assert_eq!(ModelCard::from_json(&newer), Err(CardError::Schema(3)));
        // An optimizer of a later version takes nothing from the weights.
        let other = json.replace("\"kind\":\"adam\"", "\"kind\":\"lion\"");
        assert_eq!(ModelCard::from_json(&other), Ok(ModelCard { config: None, ..card }));
        assert!(ModelCard::from_json("{\"schema\":2}").is_err());
    }
}
