//! The columns of a table that compares runs: what is not the same in all of them.

use model_spec::{NetworkDraft, dropout, hidden_units, with_dropout, with_hidden_units};
use train_config::{FIELDS, TrainConfig};

use crate::{
    axis::{DROPOUT, HIDDEN_UNITS, dropout_text, hidden_units_text},
    group::are_alike_but_for_the_seed,
};

/// A setting in which configurations differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The field's name, `Network`, `Hidden units`, `Dropout`, or `Changed while running`.
    pub name: &'static str,
    /// What each configuration has, in their order; empty where it has no such setting.
    pub values: Vec<String>,
}

/// The settings that are not the same in all, the network first, then in the order of [`FIELDS`], the seed too; at last what
/// was changed in mid-run.
pub fn differing_columns(configs: &[&TrainConfig]) -> Vec<Column> {
    let column = |name| {
        let values = match name {
            NETWORK => network_titles(configs),
            name => configs.iter().map(|config| setting(config, name)).collect(),
        };
        Column { name, values }
    };
    differing_settings(configs).map(column).collect()
}

/// The names of the settings that are not the same in all, in the order of their columns.
pub(crate) fn differing_settings<'a>(
    configs: &'a [&TrainConfig],
) -> impl Iterator<Item = &'static str> + use<'a> {
    let configs = unlike(configs);
    let shape = NetworkColumns::of(&configs);
    setting_names().filter(move |name| {
        match *name {
            NETWORK => return shape == NetworkColumns::Whole,
            HIDDEN_UNITS | DROPOUT if shape != NetworkColumns::InPart => return false,
            _ => {}
        }
        let first = configs.first().map(|config| setting(config, name));
        configs.iter().skip(1).any(|config| Some(setting(config, name)) != first)
    })
}

/// Configurations that differ in as much as all of them do: hundreds of runs over seeds are told apart by comparing two. One that is
/// like the first or like the one before, but for the seed, adds nothing once another seed was seen.
fn unlike<'a>(configs: &[&'a TrainConfig]) -> Vec<&'a TrainConfig> {
    let mut kept: Vec<&TrainConfig> = Vec::new();
    let mut has_other_seed = false;
    for &config in configs {
        let is_known = [kept.first(), kept.last()]
            .into_iter()
            .flatten()
            .any(|known| are_alike_but_for_the_seed(known, config));
        let is_other_seed = kept.first().is_some_and(|first| first.seed != config.seed);
        if !is_known || (is_other_seed && !has_other_seed) {
            kept.push(config);
        }
        has_other_seed |= is_other_seed;
    }
    kept
}

/// How networks are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NetworkColumns {
    /// All are the same.
    None,
    /// They differ in the units of their hidden layers or in their dropout, and in nothing else.
    InPart,
    /// By their titles.
    Whole,
}

impl NetworkColumns {
    fn of(configs: &[&TrainConfig]) -> Self {
        let Some((first, others)) = configs.split_first() else { return Self::None };
        let first_draft = first.network.draft();
        let mut found = Self::None;
        for other in others.iter().filter(|other| other.network != first.network) {
            if !differs_in_part(&first_draft, &other.network.draft()) {
                return Self::Whole;
            }
            found = Self::InPart;
        }
        found
    }
}

/// Whether a network becomes the other one by the units of its hidden layers and its dropout.
fn differs_in_part(own: &NetworkDraft, other: &NetworkDraft) -> bool {
    let resized = with_hidden_units(own, &hidden_units(other));
    let resized = resized.as_ref().unwrap_or(own);
    let changed = dropout(other).and_then(|share| with_dropout(resized, share));
    changed.as_ref().unwrap_or(resized) == other
}

/// The name of the network's column.
const NETWORK: &str = "Network";
const CHANGES: &str = "Changed while running";

/// The names of all settings, in the order of their columns.
fn setting_names() -> impl Iterator<Item = &'static str> {
    [NETWORK, HIDDEN_UNITS, DROPOUT].into_iter().chain(FIELDS.iter().map(|field| field.name)).chain([CHANGES])
}

/// What a configuration has in a setting, for people; empty where it has no such setting.
pub(crate) fn setting(config: &TrainConfig, name: &str) -> String {
    match name {
        NETWORK => config.network.title(),
        HIDDEN_UNITS => hidden_units_text(config).unwrap_or_default(),
        DROPOUT => dropout_text(config).unwrap_or_default(),
        CHANGES => config.changes_text(),
        name => FIELDS
            .iter()
            .find(|field| field.name == name)
            .and_then(|field| field.text(config))
            .unwrap_or_default(),
    }
}

/// Titles of the networks; another network of the same title has a number, `MLP 784-100-10 (2)`.
fn network_titles(configs: &[&TrainConfig]) -> Vec<String> {
    // One configuration of each network, and the network's title.
    let mut known: Vec<(&TrainConfig, String)> = Vec::new();
    let mut titles = Vec::new();
    for config in configs {
        let mut title = config.network.title();
        if let Some((_, same)) = known.iter().find(|(other, _)| other.network == config.network) {
            title.clone_from(same);
        } else {
            match known.iter().filter(|(other, _)| other.network.title() == title).count() {
                0 => {}
                before => title = format!("{title} ({})", before + 1),
            }
            known.push((config, title.clone()));
        }
        titles.push(title);
    }
    titles
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use train_config::{LiveChange, experiment};

    use super::*;

    #[track_caller]
    fn check(configs: &[TrainConfig], expected: &[&str]) {
        let columns = differing_columns(&configs.iter().collect::<Vec<_>>());
        let text = |column: &Column| format!("{}: {}", column.name, column.values.join(" | "));
        assert_eq!(columns.iter().map(text).collect::<Vec<_>>(), expected);
    }

    fn study(id: &str) -> TrainConfig {
        experiment(&format!("study-{id}")).unwrap().config()
    }

    #[test]
    fn only_what_differs_has_a_column() {
        check(&[], &[]);
        check(&[study("30-5-1")], &[]);
        check(&[study("30-5-1"), study("30-5-1")], &[]);
        check(&[study("30-5-1"), study("30-5-3"), study("30-5-1")], &["Epochs: 1 | 3 | 1"]);
        let reseeded = TrainConfig { seed: 7, ..study("30-5-1") };
        check(&[study("30-5-1"), reseeded], &["Seed: 1 | 7"]);
        let change = LiveChange { step: 9, learning_rate: Some(0.5), ..LiveChange::default() };
        let changed = TrainConfig { changes: vec![change], ..study("30-5-1") };
        check(&[study("30-5-1"), changed], &["Changed while running:  | from step 10: learning rate 0.5"]);
        check(
            &[study("norm-0.2"), study("norm-0.4")],
            &["Dropout: 0.2 | 0.4", "Learning rate: 0.001 | 0.0005"],
        );
        check(&[study("30-5-1"), study("100-50-1")], &["Hidden units: 30-5 | 100-50"]);
        check(
            &[study("30-5-10"), study("norm-0.2"), study("norm-0.4")],
            &[
                "Network: MLP 784-30-5-10 | MLP 784-30-5-10, layer norm, dropout 20 % | \
                 MLP 784-30-5-10, layer norm, dropout 40 %",
                "Learning rate: 0.01 | 0.001 | 0.0005",
            ],
        );
    }

    #[test]
    fn a_setting_without_meaning_is_empty() {
        let mut momentum = study("30-5-1");
        FIELDS[0].set(&mut momentum, "sgd-momentum").unwrap();
        momentum.learning_rate = 0.01;
        check(
            &[study("30-5-1"), momentum],
            &[
                "Optimizer: Adam | SGD with momentum",
                "Momentum:  | 0.9",
                "Nesterov:  | no",
                "Beta 1: 0.9 | ",
                "Beta 2: 0.999 | ",
                "Epsilon: 0.00000001 | ",
            ],
        );
    }

    #[test]
    fn networks_of_one_title_are_told_apart() {
        // The same units as the first, but another negative slope behind them.
        let network = |slope: f32| {
            let layers = format!(
                r#"[{{"kind":"flatten"}},{{"kind":"dense","units":17}},{{"kind":"leaky_relu","negative_slope":{slope}}},
                {{"kind":"dense","units":10}}]"#
            );
            let mut json = serde_json::to_value(TrainConfig::default()).unwrap();
            json["network"]["layers"] = serde_json::from_str(&layers).unwrap();
            serde_json::from_value::<TrainConfig>(json).unwrap()
        };
        check(
            &[network(0.1), network(0.2), network(0.1)],
            &["Network: MLP 784-17-10 | MLP 784-17-10 (2) | MLP 784-17-10"],
        );
    }
}
