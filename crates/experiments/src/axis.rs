//! What a sweep can vary, and the values that an axis of it takes.

use model_spec::{NetworkDraft, dropout, hidden_units, with_dropout, with_hidden_units};
use train_config::{FIELDS, Field, FieldKind, TrainConfig};

use crate::{SweepAxis, SweepError, SweepSpec};

/// The field that axes leave to [`SweepSpec::seeds`].
pub(crate) const SEED: &str = "Seed";

/// The units of all hidden dense layers, as in `100-50`.
pub(crate) const HIDDEN_UNITS: &str = "Hidden units";

/// The probability of all dropout layers.
pub(crate) const DROPOUT: &str = "Dropout";

/// The names of all settings that a sweep can vary.
pub fn sweep_settings() -> impl Iterator<Item = &'static str> {
    let fields = FIELDS.iter().map(|field| field.name).filter(|name| *name != SEED);
    [HIDDEN_UNITS, DROPOUT].into_iter().chain(fields)
}

/// A setting that can be varied.
#[derive(Clone, Copy)]
enum Setting {
    HiddenUnits,
    Dropout,
    Field(&'static Field),
}

impl Setting {
    /// With its place in the order in which settings are set: the layers first, then dropout in those that there are then.
    fn named(name: &str) -> Option<(usize, Self)> {
        match name {
            HIDDEN_UNITS => Some((0, Self::HiddenUnits)),
            DROPOUT => Some((1, Self::Dropout)),
            _ => {
                let place = FIELDS.iter().position(|field| field.name == name)?;
                Some((place + 2, Self::Field(&FIELDS[place])))
            }
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::HiddenUnits => HIDDEN_UNITS,
            Self::Dropout => DROPOUT,
            Self::Field(field) => field.name,
        }
    }

    /// Whether a configuration has it.
    fn is_there(self, config: &TrainConfig) -> bool {
        match self {
            Self::HiddenUnits => !hidden_units(&config.network.draft()).is_empty(),
            Self::Dropout => with_dropout(&config.network.draft(), 0.0).is_some(),
            Self::Field(field) => field.get(config).is_some(),
        }
    }

    /// What a configuration has, for people.
    fn text(self, config: &TrainConfig) -> Option<String> {
        match self {
            Self::HiddenUnits => hidden_units_text(config),
            Self::Dropout => dropout_text(config),
            Self::Field(field) => field.text(config),
        }
    }

    /// Whether the value can be read and used; a configuration without the setting stays as it is.
    fn set(self, config: &mut TrainConfig, value: &str) -> bool {
        let draft = config.network.draft();
        let mut take = |draft: Option<NetworkDraft>| {
            draft.is_none_or(|draft| draft.check().map(|network| config.network = network).is_ok())
        };
        match self {
            Self::HiddenUnits => {
                let units: Result<Vec<usize>, _> = value.split('-').map(str::parse).collect();
                let Ok(units) = units else { return false };
                let are_in_range = units.iter().all(|units| (1..=8_192).contains(units));
                are_in_range && take(with_hidden_units(&draft, &units))
            }
            Self::Dropout => {
                let probability = value.parse().ok().filter(|share| (0.0..=0.95).contains(share));
                probability.is_some_and(|share| take(with_dropout(&draft, share)))
            }
            Self::Field(field) => {
                field.set(config, value).is_ok()
                    && match field.kind {
                        // Some fields take an id that they do not know for another one.
                        FieldKind::Choice { .. } => field.get(config).as_deref() == Some(value),
                        FieldKind::Switch => matches!(value, "yes" | "no"),
                        _ => true,
                    }
            }
        }
    }

    /// What can be entered.
    fn needed(self) -> String {
        let kind = match self {
            Self::HiddenUnits => {
                return "the units of each hidden layer, 1 to 8,192, such as 100-50".into();
            }
            Self::Dropout => return "a number from 0 to 0.95".into(),
            Self::Field(field) => field.kind,
        };
        match kind {
            FieldKind::Whole => "a whole number".into(),
            FieldKind::Number => "a number".into(),
            FieldKind::Optional => "a number, or none".into(),
            FieldKind::Choice { all, .. } => {
                format!("one of {}", all().into_iter().map(|(id, _)| id).collect::<Vec<_>>().join(", "))
            }
            FieldKind::Switch => "yes or no".into(),
        }
    }
}

/// The units of a configuration's hidden dense layers, as in `100-50`; `None` where it has none.
pub(crate) fn hidden_units_text(config: &TrainConfig) -> Option<String> {
    let units = hidden_units(&config.network.draft());
    let texts: Vec<String> = units.iter().map(usize::to_string).collect();
    (!texts.is_empty()).then(|| texts.join("-"))
}

/// The probability of a configuration's dropout layers; `None` where it has none, or several.
pub(crate) fn dropout_text(config: &TrainConfig) -> Option<String> {
    dropout(&config.network.draft()).map(|share| share.to_string())
}

/// An axis whose values can be read.
pub(crate) struct Axis<'a> {
    setting: Setting,
    /// Settings of a lower rank are set before it.
    pub(crate) rank: usize,
    /// No two are the same.
    pub(crate) values: Vec<&'a str>,
}

impl<'a> Axis<'a> {
    pub(crate) fn new(axis: &'a SweepAxis, base: &TrainConfig) -> Result<Self, SweepError> {
        let name = axis.field.as_str();
        if name == SEED {
            return Err(SweepError::SeedAxis);
        }
        let (rank, setting) =
            Setting::named(name).ok_or_else(|| SweepError::UnknownField { field: name.into() })?;
        let mut checked = Self { setting, rank, values: Vec::new() };
        for value in &axis.values {
            let value = match (setting, value.trim()) {
                (Setting::Field(Field { kind: FieldKind::Optional, .. }), "none") => "",
                (_, value) => value,
            };
            if checked.values.contains(&value) {
                continue;
            }
            checked.set(&mut base.clone(), value)?;
            checked.values.push(value);
        }
        match checked.values.len() {
            0 => Err(SweepError::NoValues(name.into())),
            count if count > SweepSpec::MAX_TRIALS => {
                Err(SweepError::TooManyValues { axis: name.into(), count })
            }
            _ => Ok(checked),
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.setting.name()
    }

    /// What a configuration has in the setting, for people.
    pub(crate) fn text(&self, config: &TrainConfig) -> Option<String> {
        self.setting.text(config)
    }

    pub(crate) fn set(&self, config: &mut TrainConfig, value: &str) -> Result<(), SweepError> {
        if self.setting.set(config, value) {
            return Ok(());
        }
        let (axis, needed) = (self.name().into(), self.setting.needed());
        Err(SweepError::Value { axis, value: value.into(), needed })
    }

    /// Whether the setting is one of this configuration, or becomes one by one of the values, as SGD's momentum does.
    pub(crate) fn has_meaning(&self, config: &TrainConfig) -> bool {
        self.setting.is_there(config)
            || self.values.iter().any(|value| {
                let mut changed = config.clone();
                self.setting.set(&mut changed, value) && self.setting.is_there(&changed)
            })
    }
}
