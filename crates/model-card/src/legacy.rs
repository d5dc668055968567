//! Cards of before 2026-12: without a version, with one of six networks by name.

use evaluation::{Accuracy, Calibration};
use model_spec::legacy_network;
use serde::Deserialize;
use serde_json::Value;
use train_config::legacy_config;

use crate::{CardError, ModelCard};

#[derive(Deserialize)]
struct Card {
    architecture: String,
    recipe: Option<Value>,
    trained_on: String,
    epochs_done: u32,
    test: Option<Accuracy>,
    tested_on: String,
    #[serde(default)]
    calibration: Option<Calibration>,
}

pub(crate) fn card(value: &Value) -> Result<ModelCard, CardError> {
    if let Some(name) = value.get("architecture").and_then(Value::as_str)
        && legacy_network(name).is_none()
    {
        return Err(CardError::UnknownArchitecture(name.to_owned()));
    }
    let old = Card::deserialize(value).map_err(|error| CardError::Json(error.to_string()))?;
    let network =
        legacy_network(&old.architecture).ok_or(CardError::UnknownArchitecture(old.architecture))?;
    Ok(ModelCard {
        config: old.recipe.as_ref().and_then(legacy_config),
        trained_on: old.trained_on,
        epochs_done: old.epochs_done,
        test: old.test,
        tested_on: old.tested_on,
        calibration: old.calibration,
        ..ModelCard::unknown(network)
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Cards as the program of November 2026 wrote them, one a line.
    const FIXTURES: &str = include_str!("../fixtures/cards-2026-11.jsonl");

    #[test]
    fn every_old_card_is_read() {
        let titles: Vec<_> = FIXTURES
            .lines()
            .map(|line| {
                let card = ModelCard::from_json(line).unwrap();
                assert!(card.config.as_ref().is_some_and(|config| config.check().is_ok()), "{line}");
                card.short()
            })
            .collect();
        let expected = [
            "Workshop CNN 98.61 %",
            "Fast CNN 99.40 %",
            "tfjs-examples CNN",
            "MLP 784-128-128-10",
            "Reader CNN 99.68 %",
            "Small CNN 99.43 %",
        ];
        assert_eq!(titles, expected);
    }

    #[test]
    fn an_unknown_architecture_is_named() {
        let error = ModelCard::from_json(r#"{"architecture":"Transformer"}"#).unwrap_err();
        assert_eq!(error, CardError::UnknownArchitecture("Transformer".into()));
        assert!(matches!(ModelCard::from_json("[]"), Err(CardError::Json(_))));
    }
}
