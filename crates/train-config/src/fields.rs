//! The settings of a run, one by one: their names, what they are now, and how each is changed.
//!
//! Forms, marks of what was changed, and tables of what differs between two runs are all made of this list.

use crate::{Augmentation, EarlyStopping, Optimizer, PreprocessingChoice, Schedule, StopRules, TrainConfig};

/// A setting of a run.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, unique.
    pub name: &'static str,
    /// What can be entered.
    pub kind: FieldKind,
    /// Id of the term that explains it.
    pub term: &'static str,
    get: fn(&TrainConfig) -> Option<String>,
    set: fn(&mut TrainConfig, &str) -> Option<()>,
}

/// What can be entered in a field.
#[derive(Clone, Copy, Debug)]
pub enum FieldKind {
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A number, or nothing.
    Optional,
    /// One of several.
    Choice {
        /// Ids, and names for people.
        all: fn() -> Vec<(&'static str, &'static str)>,
        /// Takes all that belongs to the choice from the second configuration: an id does not hold an optimizer's own numbers.
        copy: fn(&mut TrainConfig, &TrainConfig),
    },
    /// `yes` or `no`.
    Switch,
}

impl Field {
    /// What the field holds, as text: a number, an id, `yes`, or nothing. `None` where the setting has no meaning, such as a
    /// momentum for Adam.
    pub fn get(&self, config: &TrainConfig) -> Option<String> {
        (self.get)(config)
    }

    /// Changes the setting. Ranges are checked later, by [`TrainConfig::check`].
    ///
    /// # Errors
    /// A sentence for people where the text cannot be read.
    pub fn set(&self, config: &mut TrainConfig, text: &str) -> Result<(), String> {
        (self.set)(config, text.trim())
            .ok_or_else(|| format!("{}: \"{text}\" is not a number that can be used.", self.name))
    }

    /// Takes the setting from another configuration; does nothing where it has no meaning there.
    pub fn copy(&self, config: &mut TrainConfig, from: &TrainConfig) {
        if let FieldKind::Choice { copy, .. } = self.kind {
            copy(config, from);
        } else if let Some(text) = self.get(from) {
            // What a field says it can be told.
            let _ = (self.set)(config, &text);
        }
    }

    /// What the field holds, for people: the name of a choice, `none` for nothing.
    pub fn text(&self, config: &TrainConfig) -> Option<String> {
        let value = self.get(config)?;
        Some(match self.kind {
            FieldKind::Choice { all, .. } => {
                all().into_iter().find(|(id, _)| *id == value).map_or(value, |(_, title)| title.to_owned())
            }
            FieldKind::Optional if value.is_empty() => "none".into(),
            _ => value,
        })
    }
}

/// The setting because of which a configuration cannot be used, and why; `None` where it can be, or where no single setting is to
/// blame.
pub fn wrong_field_of(config: &TrainConfig) -> Option<(&'static Field, String)> {
    let why = config.check().err()?;
    // With the same choices: a momentum has no meaning for Adam.
    let usual = TrainConfig {
        optimizer: Optimizer::from_id(config.optimizer.id()).unwrap_or(config.optimizer),
        schedule: Schedule::from_id(config.schedule.id()).unwrap_or(config.schedule),
        preprocessing: PreprocessingChoice::from_id(config.preprocessing.id())
            .unwrap_or(config.preprocessing),
        ..TrainConfig::default()
    };
    let is_to_blame = |field: &&Field| {
        let mut changed = config.clone();
        field.copy(&mut changed, &usual);
        changed.check().err().as_ref() != Some(&why)
    };
    // Whoever chooses another optimizer changes its numbers too: those come first.
    let numbers = FIELDS.iter().filter(|field| !matches!(field.kind, FieldKind::Choice { .. }));
    Some((numbers.chain(FIELDS).find(is_to_blame)?, why.to_string()))
}

/// A setting in which two configurations differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field's name, or `Network`.
    pub name: &'static str,
    /// What the first one has; empty where it has no such setting.
    pub before: String,
    /// What the second one has; empty where it has no such setting.
    pub after: String,
}

/// What differs, the network first, then in the order of [`FIELDS`]; the seed too.
pub fn differences(before: &TrainConfig, after: &TrainConfig) -> Vec<Difference> {
    let mut all = Vec::new();
    if before.network != after.network {
        let (before, after) = (before.network.title(), after.network.title());
        all.push(Difference { name: "Network", before, after });
    }
    for field in FIELDS {
        let (old, new) = (field.text(before), field.text(after));
        if old != new {
            let [before, after] = [old, new].map(Option::unwrap_or_default);
            all.push(Difference { name: field.name, before, after });
        }
    }
    if before.changes != after.changes {
        let (before, after) = (before.changes_text(), after.changes_text());
        all.push(Difference { name: "Changed while running", before, after });
    }
    all
}

fn ids<T>(
    all: impl IntoIterator<Item = (&'static str, &'static str, T)>,
) -> Vec<(&'static str, &'static str)> {
    all.into_iter().map(|(id, title, _)| (id, title)).collect()
}

fn yes_or_no(value: bool) -> String {
    if value { "yes" } else { "no" }.into()
}

/// A number as text: a percentage has no more digits than it needs.
fn percent(share: f64) -> String {
    ((1e6 * share).round() / 1e4).to_string()
}

fn share(text: &str) -> Option<f64> {
    Some(text.parse::<f64>().ok()? / 100.0)
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

const fn field(
    name: &'static str,
    term: &'static str,
    kind: FieldKind,
    get: fn(&TrainConfig) -> Option<String>,
    set: fn(&mut TrainConfig, &str) -> Option<()>,
) -> Field {
    Field { name, kind, term, get, set }
}

/// How many of [`FIELDS`] matter most.
pub const MAIN_FIELDS: usize = 10;

/// Every setting but the network: those that matter most first.
pub const FIELDS: &[Field] = &[
    field(
        "Optimizer",
        "optimizer",
        FieldKind::Choice {
            all: || ids(Optimizer::ALL),
            copy: |config, from| {
                (config.optimizer, config.learning_rate) = (from.optimizer, from.learning_rate);
                config.weight_decay = from.weight_decay;
            },
        },
        |config| Some(config.optimizer.id().into()),
        |config, id| {
            if config.optimizer.id() != id {
                config.optimizer = Optimizer::from_id(id)?;
                config.learning_rate = config.optimizer.usual_learning_rate(&config.network);
                config.weight_decay = config.optimizer.usual_weight_decay();
            }
            Some(())
        },
    ),
    field(
        "Learning rate",
        "learning-rate",
        FieldKind::Number,
        |config| Some(config.learning_rate.to_string()),
        |config, text| text.parse().ok().map(|rate| config.learning_rate = rate),
    ),
    field(
        "Schedule",
        "schedule",
        FieldKind::Choice {
            all: || ids(Schedule::ALL),
            copy: |config, from| config.schedule = from.schedule,
        },
        |config| Some(config.schedule.id().into()),
        |config, id| {
            if config.schedule.id() != id {
                config.schedule = Schedule::from_id(id)?;
            }
            Some(())
        },
    ),
    field(
        "Batch size",
        "batch-size",
        FieldKind::Whole,
        |config| Some(config.batch_size.to_string()),
        |config, text| text.parse().ok().map(|images| config.batch_size = images),
    ),
    field(
        "Epochs",
        "epoch",
        FieldKind::Whole,
        |config| Some(config.epochs.to_string()),
        |config, text| text.parse().ok().map(|epochs| config.epochs = epochs),
    ),
    field(
        "Held back, %",
        "validation-part",
        FieldKind::Number,
        |config| Some(percent(config.validation_share)),
        |config, text| share(text).map(|share| config.validation_share = share),
    ),
    field(
        "Pixel values",
        "preprocessing",
        FieldKind::Choice {
            all: || ids(PreprocessingChoice::ALL),
            copy: |config, from| config.preprocessing = from.preprocessing,
        },
        |config| Some(config.preprocessing.id().into()),
        |config, id| {
            if config.preprocessing.id() != id {
                config.preprocessing = PreprocessingChoice::from_id(id)?;
            }
            Some(())
        },
    ),
    field(
        "Seed",
        "seed",
        FieldKind::Whole,
        |config| Some(config.seed.to_string()),
        |config, text| text.parse().ok().map(|seed| config.seed = seed),
    ),
    field(
        "Augmentation",
        "augmentation",
        FieldKind::Choice {
            all: || {
                vec![
                    ("none", "none: images as they are"),
                    ("usual", "bent, turned, thickened, blurred"),
                    ("preset", "the preset's"),
                ]
            },
            copy: |config, from| config.augmentation = from.augmentation,
        },
        |config| Some(augmentation_id(&config.augmentation).into()),
        |config, id| {
            match id {
                "none" => config.augmentation = Augmentation::NONE,
                "usual" => config.augmentation = Augmentation::USUAL,
                // A preset's own is copied from it.
                _ => {}
            }
            Some(())
        },
    ),
    field(
        "Weight decay",
        "weight-decay",
        FieldKind::Number,
        |config| Some(config.weight_decay.to_string()),
        |config, text| text.parse().ok().map(|decay| config.weight_decay = decay),
    ),
    field(
        "Decoupled weight decay",
        "weight-decay",
        FieldKind::Switch,
        |config| {
            let has_choice = !matches!(config.optimizer, Optimizer::AdamW { .. });
            has_choice.then(|| yes_or_no(config.decoupled_decay))
        },
        |config, text| {
            config.decoupled_decay = text == "yes";
            Some(())
        },
    ),
    field(
        "Momentum",
        "momentum",
        FieldKind::Number,
        |config| match config.optimizer {
            Optimizer::Sgd { momentum, .. } if momentum > 0.0 => Some(momentum.to_string()),
            Optimizer::RmsProp { momentum, .. } => Some(momentum.to_string()),
            _ => None,
        },
        |config, text| {
            let value = text.parse().ok()?;
            if let Optimizer::Sgd { momentum, .. } | Optimizer::RmsProp { momentum, .. } =
                &mut config.optimizer
            {
                *momentum = value;
            }
            Some(())
        },
    ),
    field(
        "Nesterov",
        "momentum",
        FieldKind::Switch,
        |config| match config.optimizer {
            Optimizer::Sgd { momentum, nesterov } if momentum > 0.0 => Some(yes_or_no(nesterov)),
            _ => None,
        },
        |config, text| {
            if let Optimizer::Sgd { nesterov, .. } = &mut config.optimizer {
                *nesterov = text == "yes";
            }
            Some(())
        },
    ),
    field(
        "Alpha",
        "rmsprop",
        FieldKind::Number,
        |config| match config.optimizer {
            Optimizer::RmsProp { alpha, .. } => Some(alpha.to_string()),
            _ => None,
        },
        |config, text| {
            let value = text.parse().ok()?;
            if let Optimizer::RmsProp { alpha, .. } = &mut config.optimizer {
                *alpha = value;
            }
            Some(())
        },
    ),
    field(
        "Beta 1",
        "adam",
        FieldKind::Number,
        |config| match config.optimizer {
            Optimizer::Adam { beta_1, .. } | Optimizer::AdamW { beta_1, .. } => Some(beta_1.to_string()),
            _ => None,
        },
        |config, text| {
            let value = text.parse().ok()?;
            if let Optimizer::Adam { beta_1, .. } | Optimizer::AdamW { beta_1, .. } = &mut config.optimizer {
                *beta_1 = value;
            }
            Some(())
        },
    ),
    field(
        "Beta 2",
        "adam",
        FieldKind::Number,
        |config| match config.optimizer {
            Optimizer::Adam { beta_2, .. } | Optimizer::AdamW { beta_2, .. } => Some(beta_2.to_string()),
            _ => None,
        },
        |config, text| {
            let value = text.parse().ok()?;
            if let Optimizer::Adam { beta_2, .. } | Optimizer::AdamW { beta_2, .. } = &mut config.optimizer {
                *beta_2 = value;
            }
            Some(())
        },
    ),
    field(
        "Epsilon",
        "adam",
        FieldKind::Number,
        |config| match config.optimizer {
            Optimizer::Sgd { .. } => None,
            Optimizer::RmsProp { epsilon, .. }
            | Optimizer::Adam { epsilon, .. }
            | Optimizer::AdamW { epsilon, .. } => Some(epsilon.to_string()),
        },
        |config, text| {
            let value = text.parse().ok()?;
            if let Optimizer::RmsProp { epsilon, .. }
            | Optimizer::Adam { epsilon, .. }
            | Optimizer::AdamW { epsilon, .. } = &mut config.optimizer
            {
                *epsilon = value;
            }
            Some(())
        },
    ),
    field(
        "Gamma",
        "schedule",
        FieldKind::Number,
        |config| match config.schedule {
            Schedule::Exponential { gamma } | Schedule::Step { gamma, .. } => Some(gamma.to_string()),
            _ => None,
        },
        |config, text| {
            let value = text.parse().ok()?;
            if let Schedule::Exponential { gamma } | Schedule::Step { gamma, .. } = &mut config.schedule {
                *gamma = value;
            }
            Some(())
        },
    ),
    field(
        "Epochs between drops",
        "schedule",
        FieldKind::Whole,
        |config| match config.schedule {
            Schedule::Step { epochs, .. } => Some(epochs.to_string()),
            _ => None,
        },
        |config, text| {
            let value = text.parse().ok()?;
            if let Schedule::Step { epochs, .. } = &mut config.schedule {
                *epochs = value;
            }
            Some(())
        },
    ),
    field(
        "Warm-up, epochs",
        "warm-up",
        FieldKind::Number,
        |config| Some(config.warmup_epochs.to_string()),
        |config, text| text.parse().ok().map(|epochs| config.warmup_epochs = epochs),
    ),
    field(
        "Gradient clipping",
        "gradient-clipping",
        FieldKind::Optional,
        |config| Some(optional(config.gradient_clip)),
        |config, text| {
            config.gradient_clip = if text.is_empty() { None } else { Some(text.parse().ok()?) };
            Some(())
        },
    ),
    field(
        "Label smoothing",
        "label-smoothing",
        FieldKind::Number,
        |config| Some(config.label_smoothing.to_string()),
        |config, text| text.parse().ok().map(|smoothing| config.label_smoothing = smoothing),
    ),
    field(
        "Shuffle",
        "shuffling",
        FieldKind::Switch,
        |config| Some(yes_or_no(config.shuffle)),
        |config, text| {
            config.shuffle = text == "yes";
            Some(())
        },
    ),
    field(
        "Early stopping, epochs of patience",
        "early-stopping",
        FieldKind::Optional,
        |config| {
            let patience = config.stop.early_stopping.map(|rule| rule.patience);
            Some(patience.map_or_else(String::new, |patience| patience.to_string()))
        },
        |config, text| {
            let min_delta = config.stop.early_stopping.map_or(0.0, |rule| rule.min_delta);
            let early_stopping = match text {
                "" => None,
                text => Some(EarlyStopping { patience: text.parse().ok()?, min_delta }),
            };
            config.stop = StopRules { early_stopping, ..config.stop };
            Some(())
        },
    ),
    field(
        "Stop at training accuracy, %",
        "accuracy",
        FieldKind::Optional,
        |config| Some(config.stop.train_accuracy.map_or_else(String::new, percent)),
        |config, text| {
            let train_accuracy = if text.is_empty() { None } else { Some(share(text)?) };
            config.stop = StopRules { train_accuracy, ..config.stop };
            Some(())
        },
    ),
];

fn augmentation_id(augmentation: &Augmentation) -> &'static str {
    if augmentation.is_none() {
        "none"
    } else if *augmentation == Augmentation::USUAL {
        "usual"
    } else {
        "preset"
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{EXPERIMENTS, experiment};

    #[track_caller]
    fn check_wrong(change: impl FnOnce(&mut TrainConfig), wanted: Option<(&str, &str)>) {
        let mut config = TrainConfig::default();
        change(&mut config);
        let got = wrong_field_of(&config);
        let got = got.as_ref().map(|(field, why)| (field.name, why.as_str()));
        assert_eq!(got.map(|(name, _)| name), wanted.map(|(name, _)| name));
        assert!(got.zip(wanted).is_none_or(|((_, why), (_, start))| why.starts_with(start)), "{got:?}");
    }

    #[test]
    fn the_field_to_blame_is_found() {
        check_wrong(|_| {}, None);
        check_wrong(|config| config.batch_size = 0, Some(("Batch size", "Batch size 0 is out of range")));
        check_wrong(|config| config.epochs = 0, Some(("Epochs", "0 epochs are out of range")));
        check_wrong(|config| config.learning_rate = -1.0, Some(("Learning rate", "Learning rate -1 ")));
        check_wrong(
            |config| config.validation_share = 0.999,
            Some(("Held back, %", "Validation share 99.9 % is out of range: choose 0 to 90 %.")),
        );
        check_wrong(
            |config| config.optimizer = Optimizer::Sgd { momentum: 2.0, nesterov: false },
            Some(("Momentum", "")),
        );
    }

    #[test]
    fn what_a_field_says_it_can_be_told() {
        for experiment in EXPERIMENTS {
            let config = experiment.config();
            for field in FIELDS {
                let Some(text) = field.get(&config) else { continue };
                let mut again = config.clone();
                assert_eq!(field.set(&mut again, &text), Ok(()), "{}: {}", experiment.id, field.name);
                assert_eq!(again, config, "{}: {}", experiment.id, field.name);
                let mut other = TrainConfig::default();
                field.copy(&mut other, &config);
                assert!(
                    field.get(&other).is_none_or(|copied| copied == text),
                    "{}: {}",
                    experiment.id,
                    field.name
                );
            }
        }
    }

    #[track_caller]
    fn check(name: &str, text: &str, expected: Result<&str, &str>) {
        let field = FIELDS.iter().find(|field| field.name == name).unwrap();
        let mut config = experiment("workshop").unwrap().config();
        let got = field.set(&mut config, text).map(|()| field.get(&config).unwrap());
        assert_eq!(got.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn fields_are_set_and_refuse_what_is_no_number() {
        check("Learning rate", " 0.01 ", Ok("0.01"));
        check("Learning rate", "fast", Err("Learning rate: \"fast\" is not a number that can be used."));
        check("Epochs", "1.5", Err("Epochs: \"1.5\" is not a number that can be used."));
        check("Held back, %", "20", Ok("20"));
        check("Held back, %", "16.67", Ok("16.67"));
        check("Gradient clipping", "", Ok(""));
        check("Gradient clipping", "1", Ok("1"));
        check("Stop at training accuracy, %", "99.5", Ok("99.5"));
        check("Early stopping, epochs of patience", "3", Ok("3"));
        check("Optimizer", "sgd", Ok("sgd"));
        check("Schedule", "step", Ok("step"));
        check("Shuffle", "no", Ok("no"));
        check("Momentum", "0.5", Ok("0.5"));
    }

    #[test]
    fn another_optimizer_brings_its_usual_rate() {
        let mut config = experiment("study-100-50-10").unwrap().config();
        FIELDS[0].set(&mut config, "sgd-momentum").unwrap();
        assert_eq!(config.learning_rate, 0.05);
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn differences_say_what_was_changed() {
        let of = |a: &str, b: &str| {
            let all = differences(&experiment(a).unwrap().config(), &experiment(b).unwrap().config());
            let text = |one: &Difference| format!("{}: {} -> {}", one.name, one.before, one.after);
            all.iter().map(text).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(of("study-100-50-10", "study-100-50-3"), "Epochs: 10 -> 3");
        assert_eq!(
            of("study-norm-0.2", "study-norm-0.4"),
            "Network: MLP 784-30-5-10, layer norm, dropout 20 % -> MLP 784-30-5-10, layer norm, dropout 40 %; \
             Learning rate: 0.001 -> 0.0005"
        );
        assert_eq!(of("fast", "fast"), "");
    }
}
