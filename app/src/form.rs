//! The choices on the Train page.

use std::collections::BTreeMap;

use leptos::prelude::*;
use model_spec::NetworkSpec;
use network_editor::{Edit, NetworkEditor, Problem, problem};
use serde::{Deserialize, Serialize};
use train_config::{
    Augmentation, DataChoice, DeviceChoice, EXPERIMENTS, Experiment, FIELDS, Field, TrainConfig, experiment,
    wrong_field_of,
};

use crate::browser;

/// The most workers for a run: each holds the images and the whole network.
const MAX_WORKERS: u32 = 16;

fn number<T: core::str::FromStr>(field: &str, text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("{field}: \"{text}\" is not a number that can be used."))
}

/// The choices as made; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// The experiment that was chosen last: what is changed is changed from there.
    pub(crate) preset: RwSignal<&'static Experiment>,
    /// Its configuration.
    pub(crate) preset_config: Memo<TrainConfig>,
    /// The experiment that the fields amount to.
    pub(crate) experiment: Memo<Option<&'static Experiment>>,
    /// The run as far as it can be read, but for its network.
    config: RwSignal<TrainConfig>,
    /// What was typed into fields where it cannot be read, by name.
    unreadable: RwSignal<BTreeMap<&'static str, String>>,
    /// The field that holds what cannot be used, and why.
    pub(crate) wrong: Memo<Option<(&'static str, String)>>,
    /// The network, which may be impossible while it is being built.
    pub(crate) network: RwSignal<NetworkEditor>,
    pub(crate) device: RwSignal<DeviceChoice>,
    /// CPU workers that share every step.
    pub(crate) workers: RwSignal<String>,
    pub(crate) data: RwSignal<DataChoice>,
    pub(crate) built_in_images: RwSignal<String>,
}

fn read_network(network: RwSignal<NetworkEditor>) -> Result<NetworkSpec, String> {
    network.with(|network| network.draft().clone().check()).map_err(|error| error.to_string())
}

fn read_config(
    config: RwSignal<TrainConfig>,
    unreadable: RwSignal<BTreeMap<&'static str, String>>,
    network: RwSignal<NetworkEditor>,
) -> Result<TrainConfig, String> {
    if let Some((_, why)) = unreadable.with(first_unreadable) {
        return Err(why);
    }
    let config = TrainConfig { network: read_network(network)?, ..config.get() };
    config.check().map_err(|error| error.to_string())?;
    Ok(config)
}

/// The first field whose text cannot be read, and why.
fn first_unreadable(unreadable: &BTreeMap<&'static str, String>) -> Option<(&'static str, String)> {
    FIELDS.iter().find_map(|field| {
        let why = field.set(&mut TrainConfig::default(), unreadable.get(field.name)?).err()?;
        Some((field.name, why))
    })
}

/// The first field that holds what cannot be used, and why; whatever the network is.
fn wrong_field(
    config: RwSignal<TrainConfig>,
    unreadable: RwSignal<BTreeMap<&'static str, String>>,
) -> Option<(&'static str, String)> {
    let typed = unreadable.with(first_unreadable);
    typed.or_else(|| config.with(wrong_field_of).map(|(field, why)| (field.name, why)))
}

/// The experiment that a configuration follows. Most of them leave the augmentation open.
fn followed(config: &TrainConfig) -> Option<&'static Experiment> {
    let plain = || TrainConfig { augmentation: Augmentation::NONE, ..config.clone() };
    Experiment::of(config).or_else(|| Experiment::of(&plain()))
}

/// Preference: what the form held last.
const FORM_KEY: &str = "inkling.form";

/// What the form held, from one visit to the next.
#[derive(Serialize, Deserialize)]
struct Remembered {
    preset: String,
    config: TrainConfig,
    data: DataChoice,
}

impl Remembered {
    /// Of an earlier visit, if its version of the page wrote what can still be trained.
    fn read() -> Option<Self> {
        let remembered: Self = serde_json::from_slice(browser::preference(FORM_KEY)?.as_bytes()).ok()?;
        remembered.config.check().is_ok().then_some(remembered)
    }
}

impl Form {
    /// What the address says, `device=` and `seed=`, and else the defaults; without either, what the form held last.
    pub(crate) fn new() -> Self {
        let (device, seed) = (browser::query("device"), browser::query("seed"));
        let says_nothing = device.is_none() && seed.is_none();
        let before = says_nothing.then(Remembered::read).flatten();
        let preset = before.as_ref().and_then(|before| experiment(&before.preset)).unwrap_or(&EXPERIMENTS[0]);
        let data = before.as_ref().map_or(DataChoice::Mnist, |before| before.data);
        let mut config = before.map_or_else(|| preset.config(), |before| before.config);
        let device = device.and_then(|id| DeviceChoice::from_id(&id));
        config.seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(config.seed);
        let built_in_images = match data {
            DataChoice::BuiltIn { train_images } => train_images,
            _ => 20_000,
        };
        let preset = RwSignal::new(preset);
        let network = RwSignal::new(NetworkEditor::new(config.network.draft()));
        let (config, unreadable) = (RwSignal::new(config), RwSignal::new(BTreeMap::new()));
        Self {
            preset,
            preset_config: Memo::new(move |_| preset.get().config()),
            experiment: Memo::new(move |_| followed(&read_config(config, unreadable, network).ok()?)),
            wrong: Memo::new(move |_| wrong_field(config, unreadable)),
            network,
            config,
            unreadable,
            device: RwSignal::new(device.unwrap_or(DeviceChoice::Auto)),
            workers: RwSignal::new(browser::default_workers().to_string()),
            data: RwSignal::new(data),
            built_in_images: RwSignal::new(built_in_images.to_string()),
        }
    }

    /// Remembers what the form holds for the next visit, whenever it is changed to what can be trained.
    pub(crate) fn remember(self) {
        Effect::new(move |before: Option<()>| {
            let preset = self.preset.get().id.to_owned();
            let (Ok(config), Ok(data), Some(())) = (self.read_config(), self.read_data(), before) else {
                return;
            };
            if let Ok(json) = serde_json::to_string(&Remembered { preset, config, data }) {
                browser::set_preference(FORM_KEY, &json);
            }
        });
    }

    /// Fills in an experiment, except for the seed.
    pub(crate) fn choose(&self, preset: &'static Experiment) {
        self.preset.set(preset);
        self.set_config(&preset.config());
    }

    /// Fills in a configuration, except for the seed. Built-in digits stay augmented.
    pub(crate) fn set_config(&self, config: &TrainConfig) {
        let before = self.config.get_untracked();
        let keeps_usual = config.augmentation.is_none() && before.augmentation == Augmentation::USUAL;
        let augmentation = if keeps_usual { before.augmentation } else { config.augmentation };
        self.unreadable.set(BTreeMap::new());
        self.edit(Edit::Load(config.network.draft()));
        self.config.set(TrainConfig { seed: before.seed, augmentation, ..config.clone() });
    }

    /// Fills in a configuration as it is, its seed and what was changed in mid-run included, and its data.
    pub(crate) fn take(&self, config: &TrainConfig, data: DataChoice) {
        if let Some(preset) = Experiment::of(config) {
            self.preset.set(preset);
        }
        self.set_data(data);
        if let DataChoice::BuiltIn { train_images } = data {
            self.built_in_images.set(train_images.to_string());
        }
        self.unreadable.set(BTreeMap::new());
        self.edit(Edit::Load(config.network.draft()));
        self.config.set(config.clone());
    }

    /// What is changed in mid-run, for people; empty where nothing is.
    pub(crate) fn changes_text(&self) -> String {
        self.config.with(TrainConfig::changes_text)
    }

    /// Forgets what is changed in mid-run.
    pub(crate) fn forget_changes(&self) {
        self.config.update(|config| config.changes.clear());
    }

    /// Chooses the data. Generated digits are more alike than handwriting, so they are augmented by default.
    pub(crate) fn set_data(&self, data: DataChoice) {
        let is_built_in = matches!(data, DataChoice::BuiltIn { .. });
        let of_preset = self.preset_config.with_untracked(|preset| preset.augmentation);
        self.config.update(|config| {
            config.augmentation = if is_built_in { Augmentation::USUAL } else { of_preset };
        });
        self.data.set(data);
    }

    /// Makes an edit of the network.
    pub(crate) fn edit(&self, edit: Edit) {
        self.network.update(|network| network.apply(edit));
    }

    /// What is wrong with the network.
    pub(crate) fn problem(&self) -> Option<Problem> {
        self.network.with(|network| problem(network.draft()))
    }

    /// What stands in a field, as typed; `None` for one that has no meaning now.
    pub(crate) fn text(&self, field: &Field) -> Option<String> {
        let typed = self.unreadable.with(|texts| texts.get(field.name).cloned());
        typed.or_else(|| self.config.with(|config| field.get(config)))
    }

    /// What the preset has in a field that was changed since it was chosen, for people.
    pub(crate) fn changed_from(&self, field: &Field) -> Option<String> {
        self.preset_config.with(|preset| {
            let is_changed = self.unreadable.with(|texts| texts.contains_key(field.name))
                || self.config.with(|config| field.get(config) != field.get(preset));
            // What belongs to another optimizer or schedule is changed with that.
            is_changed.then(|| field.text(preset)).flatten()
        })
    }

    /// Takes what was typed into a field.
    pub(crate) fn set(&self, field: &Field, text: &str) {
        let mut config = self.config.get_untracked();
        if let Ok(network) = self.network.with_untracked(|network| network.draft().clone().check()) {
            // The usual learning rate depends on it.
            config.network = network;
        }
        match field.set(&mut config, text) {
            Ok(()) => {
                self.unreadable.update(|texts| drop(texts.remove(field.name)));
                self.config.set(config);
            }
            Err(_) => self.unreadable.update(|texts| drop(texts.insert(field.name, text.to_owned()))),
        }
    }

    /// Puts a field back to what the preset has.
    pub(crate) fn reset(&self, field: &Field) {
        let preset = self.preset_config.get_untracked();
        self.unreadable.update(|texts| drop(texts.remove(field.name)));
        self.config.update(|config| field.copy(config, &preset));
    }

    /// Sets the learning rate that suits the optimizer and the network.
    pub(crate) fn set_usual_rate(&self) {
        if let Ok(config) = untrack(|| self.read_config()) {
            let rate = config.optimizer.usual_learning_rate(&config.network);
            self.config.update(|own| own.learning_rate = rate);
        }
    }

    /// The number of workers as typed. The error is for people.
    pub(crate) fn read_workers(&self) -> Result<u32, String> {
        let workers = number("Workers", &self.workers.get_untracked())?;
        if (1..=MAX_WORKERS).contains(&workers) {
            Ok(workers)
        } else {
            Err(format!("{workers} workers are out of range: choose 1 to {MAX_WORKERS}."))
        }
    }

    /// Images of a step, as far as the field can be read.
    pub(crate) fn batch_size(&self) -> u32 {
        self.config.with(|config| config.batch_size)
    }

    /// The share of the training images that is held back, 0 to 0.9; `None` while a field holds what cannot be used.
    pub(crate) fn validation_share(&self) -> Option<f64> {
        self.wrong.with(Option::is_none).then(|| self.config.with(|config| config.validation_share))
    }

    /// The network, if it can be trained. The error is for people.
    pub(crate) fn read_network(&self) -> Result<NetworkSpec, String> {
        read_network(self.network)
    }

    /// The configuration as typed. The error names the field and is for people.
    pub(crate) fn read_config(&self) -> Result<TrainConfig, String> {
        read_config(self.config, self.unreadable, self.network)
    }

    /// The configuration and the data as typed. The error names the field and is for people.
    pub(crate) fn read(&self) -> Result<(TrainConfig, DataChoice), String> {
        // The page shows the test accuracy after every epoch.
        let config = TrainConfig { test_every_epoch: true, ..untrack(|| self.read_config())? };
        Ok((config, untrack(|| self.read_data())?))
    }

    fn read_data(&self) -> Result<DataChoice, String> {
        let choice = self.data.get();
        if !matches!(choice, DataChoice::BuiltIn { .. }) {
            return Ok(choice);
        }
        let train_images = number("Built-in digits", &self.built_in_images.get())?;
        if !(100..=100_000).contains(&train_images) {
            return Err(format!("{train_images} built-in digits are out of range: choose 100 to 100,000."));
        }
        Ok(DataChoice::BuiltIn { train_images })
    }
}
