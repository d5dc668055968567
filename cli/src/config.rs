//! A training run as a file: the recipe, the data, the changes of the images.

use std::{fs, path::Path};

use anyhow::{Context as _, anyhow};
use augment::restroked;
use dataset::{LabelledImages, Split, WrittenDigit, built_in_digits, careful_digits, not_digits};
use ink::{Drawing, Raster, normalise};
use rand::RngExt as _;
use rand_pcg::Pcg32;
use recipe::{Architecture, Augmentation, Optimizer, Schedule, TrainRecipe};
use serde::Deserialize;

/// The file, in TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    architecture: String,
    optimizer: String,
    learning_rate: f64,
    #[serde(default)]
    weight_decay: f64,
    schedule: String,
    batch_size: u32,
    epochs: u32,
    seed: u64,
    #[serde(default)]
    batch_norm: bool,
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
    /// Of these the last so many are kept to calibrate the result on.
    pub(crate) calibration_images: usize,
    /// Digits from the built-in generator.
    built_in_images: usize,
    /// Letters, scribbles and noise.
    not_digits: usize,
    /// How often each digit of the file of strokes is drawn: each time of another size, in another place, with another pen.
    stroke_copies: usize,
    /// Writers in that file who are only tested on.
    held_out_writers: Vec<String>,
}

impl Config {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("cannot use {}", path.display()))
    }

    pub(crate) fn recipe(&self) -> anyhow::Result<TrainRecipe> {
        let unknown = |what: &str, id: &str| anyhow!("there is no {what} {id}");
        Ok(TrainRecipe {
            architecture: Architecture::from_id(&self.architecture)
                .ok_or_else(|| unknown("architecture", &self.architecture))?,
            optimizer: Optimizer::from_id(&self.optimizer)
                .ok_or_else(|| unknown("optimizer", &self.optimizer))?,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            schedule: Schedule::from_id(&self.schedule).ok_or_else(|| unknown("schedule", &self.schedule))?,
            batch_size: self.batch_size,
            epochs: self.epochs,
            seed: self.seed,
            batch_norm: self.batch_norm,
            augmentation: self.augmentation,
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
    /// Everything to learn from, and MNIST's test images, or the built-in ones without MNIST.
    pub(crate) fn split(&self, mnist: Option<Split>, written: &[WrittenDigit], seed: u64) -> Split {
        let mut names = Vec::new();
        let mut train = LabelledImages::default();
        let test = if let Some(mnist) = mnist {
            names.push(mnist.name);
            train = mnist.train;
            mnist.test
        } else {
            careful_digits(10_000, seed ^ 0x7e57_0000_0000_0000)
        };
        if self.built_in_images > 0 {
            names.push(format!("{} built-in digits", self.built_in_images));
            train.append(&built_in_digits(self.built_in_images, seed));
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
        Split { train, test, name: names.join(", "), ..Split::default() }
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
