//! The choices on the Train page.

use leptos::prelude::*;
use recipe::{Architecture, Augmentation, DataChoice, DeviceChoice, Optimizer, Schedule, TrainRecipe};
use web_sys::File;

use crate::browser;

/// Most workers for a run: each holds the images and the whole network.
const MAX_WORKERS: u32 = 16;

fn number<T: core::str::FromStr>(field: &str, text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("{field}: \"{text}\" is not a number that can be used."))
}

/// The choices as typed; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) architecture: RwSignal<Architecture>,
    pub(crate) optimizer: RwSignal<Optimizer>,
    pub(crate) schedule: RwSignal<Schedule>,
    pub(crate) learning_rate: RwSignal<String>,
    pub(crate) weight_decay: RwSignal<String>,
    pub(crate) batch_size: RwSignal<String>,
    pub(crate) epochs: RwSignal<String>,
    pub(crate) seed: RwSignal<String>,
    pub(crate) device: RwSignal<DeviceChoice>,
    /// CPU workers that share every step.
    pub(crate) workers: RwSignal<String>,
    pub(crate) data: RwSignal<DataChoice>,
    /// Whether images are bent, turned and thickened anew in every epoch.
    pub(crate) augments: RwSignal<bool>,
    /// Whether each channel is normalised over each batch.
    pub(crate) batch_norm: RwSignal<bool>,
    pub(crate) built_in_images: RwSignal<String>,
    pub(crate) files: RwSignal<Vec<File>, LocalStorage>,
}

impl Form {
    /// The usual choices, and what the address says: `device=` and `seed=`.
    pub(crate) fn new() -> Self {
        let recipe = TrainRecipe::default();
        let device = browser::query("device").and_then(|id| DeviceChoice::from_id(&id));
        let seed = browser::query("seed").and_then(|seed| seed.parse().ok()).unwrap_or(recipe.seed);
        Self {
            architecture: RwSignal::new(recipe.architecture),
            optimizer: RwSignal::new(recipe.optimizer),
            schedule: RwSignal::new(recipe.schedule),
            learning_rate: RwSignal::new(recipe.learning_rate.to_string()),
            weight_decay: RwSignal::new(recipe.weight_decay.to_string()),
            batch_size: RwSignal::new(recipe.batch_size.to_string()),
            epochs: RwSignal::new(recipe.epochs.to_string()),
            seed: RwSignal::new(seed.to_string()),
            device: RwSignal::new(device.unwrap_or(DeviceChoice::Auto)),
            workers: RwSignal::new(browser::usual_workers().to_string()),
            data: RwSignal::new(DataChoice::Mnist),
            augments: RwSignal::new(false),
            batch_norm: RwSignal::new(recipe.batch_norm),
            built_in_images: RwSignal::new("20000".into()),
            files: RwSignal::new_local(Vec::new()),
        }
    }

    /// Fills in a recipe; the seed stays.
    pub(crate) fn set_recipe(&self, recipe: &TrainRecipe) {
        self.architecture.set(recipe.architecture);
        self.optimizer.set(recipe.optimizer);
        self.schedule.set(recipe.schedule);
        self.learning_rate.set(recipe.learning_rate.to_string());
        self.weight_decay.set(recipe.weight_decay.to_string());
        self.batch_size.set(recipe.batch_size.to_string());
        self.epochs.set(recipe.epochs.to_string());
        self.batch_norm.set(recipe.batch_norm);
    }

    /// Chooses the data. Digits from a generator are more alike than hands are: they are changed, others are not.
    pub(crate) fn set_data(&self, data: DataChoice) {
        self.augments.set(matches!(data, DataChoice::BuiltIn { .. }));
        self.data.set(data);
    }

    /// Makes the reactive caller run again whenever a field of the recipe changes.
    pub(crate) fn track(&self) {
        self.architecture.track();
        self.optimizer.track();
        self.schedule.track();
        self.augments.track();
        self.batch_norm.track();
        for text in [self.learning_rate, self.weight_decay, self.batch_size, self.epochs, self.seed] {
            text.track();
        }
    }

    /// How many workers as typed; the error is for people.
    pub(crate) fn read_workers(&self) -> Result<u32, String> {
        let workers = number("Workers", &self.workers.get_untracked())?;
        if (1..=MAX_WORKERS).contains(&workers) {
            Ok(workers)
        } else {
            Err(format!("{workers} workers are out of range: choose 1 to {MAX_WORKERS}."))
        }
    }

    /// The recipe as typed; the error names the field, for people.
    pub(crate) fn read_recipe(&self) -> Result<TrainRecipe, String> {
        let recipe = TrainRecipe {
            architecture: self.architecture.get_untracked(),
            optimizer: self.optimizer.get_untracked(),
            schedule: self.schedule.get_untracked(),
            learning_rate: number("Learning rate", &self.learning_rate.get_untracked())?,
            weight_decay: number("Weight decay", &self.weight_decay.get_untracked())?,
            batch_size: number("Batch size", &self.batch_size.get_untracked())?,
            epochs: number("Epochs", &self.epochs.get_untracked())?,
            seed: number("Seed", &self.seed.get_untracked())?,
            batch_norm: self.batch_norm.get_untracked(),
            augmentation: if self.augments.get_untracked() {
                Augmentation::USUAL
            } else {
                Augmentation::NONE
            },
        };
        recipe.check().map_err(|error| error.to_string())?;
        Ok(recipe)
    }

    /// The recipe and the data as typed; the error names the field, for people.
    pub(crate) fn read(&self) -> Result<(TrainRecipe, DataChoice), String> {
        let recipe = self.read_recipe()?;
        let data = match self.data.get_untracked() {
            DataChoice::BuiltIn { .. } => {
                let train_images = number("Built-in digits", &self.built_in_images.get_untracked())?;
                if !(100..=100_000).contains(&train_images) {
                    return Err(format!(
                        "{train_images} built-in digits are out of range: choose 100 to 100,000."
                    ));
                }
                DataChoice::BuiltIn { train_images }
            }
            DataChoice::Files if self.files.with_untracked(Vec::is_empty) => {
                return Err("Choose the IDX files to train on first.".into());
            }
            choice => choice,
        };
        Ok((recipe, data))
    }
}
