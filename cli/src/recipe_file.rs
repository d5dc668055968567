//! A training run as a TOML file: the configuration, the data, the changes of the images.

use std::{fs, path::Path};

use anyhow::{Context as _, anyhow};
use augment::restroked;
use dataset::{Dataset, LabelledImages, WrittenDigit, built_in_digits, careful_digits, not_digits};
use ink::{Drawing, Raster, normalise};
use model_spec::{layers::BatchNorm, named_network, normalized};
use rand::RngExt as _;
use rand_pcg::Pcg32;
use serde::Deserialize;
use train_config::{Augmentation, Optimizer, Schedule, TrainConfig};

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipeFile {
    /// Id of a named network.
    network: String,
    /// Whether batch norm stands behind each ReLU and its pooling.
    #[serde(default)]
    batch_norm: bool,
    /// Id of an optimizer.
    optimizer: String,
    learning_rate: f64,
    #[serde(default)]
    weight_decay: f64,
    /// Id of a schedule.
    schedule: String,
    batch_size: u32,
    epochs: u32,
    seed: u64,
    #[serde(default)]
    validation_share: f64,
    threads: Option<u16>,
    data: Data,
    #[serde(default)]
    augmentation: Augmentation,
}

/// What to learn from; all of it together.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Data {
    /// MNIST's training images.
    pub(crate) mnist: bool,
    /// Digits from the built-in generator.
    built_in_images: usize,
    /// Letters, scribbles and noise.
    not_digits: usize,
    /// How often each digit of the file of strokes is drawn: each time of another size, in another place, with another pen.
    stroke_copies: usize,
    /// Writers in that file who are only tested on.
    held_out_writers: Vec<String>,
}

impl RecipeFile {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("cannot use {}", path.display()))
    }

    pub(crate) fn config(&self) -> anyhow::Result<TrainConfig> {
        let unknown = |what: &str, id: &str| anyhow!("there is no {what} {id}");
        let named = named_network(&self.network).ok_or_else(|| unknown("network", &self.network))?;
        let mut network = named.spec();
        if self.batch_norm {
            network = normalized(&network.draft(), &BatchNorm::default()).check()?;
        }
        Ok(TrainConfig {
            optimizer: Optimizer::from_id(&self.optimizer)
                .ok_or_else(|| unknown("optimizer", &self.optimizer))?,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            decoupled_decay: self.weight_decay > 0.0,
            schedule: Schedule::from_id(&self.schedule).ok_or_else(|| unknown("schedule", &self.schedule))?,
            batch_size: self.batch_size,
            epochs: self.epochs,
            seed: self.seed,
            validation_share: self.validation_share,
            augmentation: self.augmentation,
            ..TrainConfig::new(network)
        })
    }

    /// Threads that share every step.
    pub(crate) fn threads(&self) -> Option<u16> {
        self.threads
    }

    pub(crate) fn data(&self) -> &Data {
        &self.data
    }
}

impl Data {
    /// Everything to learn from, and MNIST's test images, or the built-in ones without MNIST. Of these MNIST's alone, or the
    /// built-in digits, may be held back: drawings of one stroke are too much alike.
    pub(crate) fn dataset(&self, mnist: Option<Dataset>, written: &[WrittenDigit], seed: u64) -> Dataset {
        let mut names = Vec::new();
        let mut train = LabelledImages::default();
        let test = if let Some(mnist) = mnist {
            names.push(mnist.name);
            train = mnist.train;
            mnist.test
        } else {
            careful_digits(10_000, seed ^ 0x7e57_0000_0000_0000)
        };
        let mut splittable = train.len();
        if self.built_in_images > 0 {
            names.push(format!("{} built-in digits", self.built_in_images));
            train.append(&built_in_digits(self.built_in_images, seed));
            if !self.mnist {
                splittable = train.len();
            }
        }
        if self.stroke_copies > 0 && !written.is_empty() {
            let known: Vec<_> = written.iter().filter(|digit| !self.is_held_out(digit)).collect();
            names.push(format!("{} digits as pen strokes", known.len()));
            for copy in 0..self.stroke_copies {
                train.append(&drawn(&known, seed, copy));
            }
        }
        if self.not_digits > 0 {
            names.push(format!("{} images of no digit", self.not_digits));
            train.append(&not_digits(self.not_digits, seed));
        }
        Dataset { train, splittable: Some(splittable), test, name: names.join(", "), ..Dataset::default() }
    }

    fn is_held_out(&self, digit: &WrittenDigit) -> bool {
        self.held_out_writers.contains(&digit.writer)
    }
}

/// Written digits on the page's paper, of any size and place, with a pen of any width.
fn drawn(digits: &[&WrittenDigit], seed: u64, copy: usize) -> LabelledImages {
    let mut images = LabelledImages::default();
    for (index, digit) in digits.iter().enumerate() {
        let mut rng = Pcg32::new(seed ^ 0x57_0000_0000_0000, (copy * digits.len() + index) as u64);
        // The first copy is as it was written.
        let strokes = if copy == 0 { digit.strokes.clone() } else { restroked(&digit.strokes, &mut rng) };
        let digit = WrittenDigit { strokes, ..WrittenDigit::clone(digit) };
        let mut between = |low: f32, high: f32| low + (high - low) * rng.random::<f32>();
        let strokes = digit.on_paper(between(0.25, 0.85), (between(0.2, 0.8), between(0.2, 0.8)));
        let radius = between(0.4, 1.6) * Drawing::PEN_RADIUS;
        let side = Drawing::SIDE as usize;
        let mut raster = Raster::blank(side, side);
        for stroke in &strokes {
            raster.ink_stroke(stroke, radius);
        }
        if let Some(image) = normalise(&raster) {
            images.push(&image, digit.label);
        }
    }
    images
}
