//! `inkling train`.

use std::{fs, path::PathBuf, sync::Arc, time::Instant};

use anyhow::{Context as _, ensure};
use burn::tensor::Device;
use clap::{Args as ClapArgs, ValueEnum};
use dataset::{LabelledImages, Split, built_in_split};
use network::Network;
use pollster::block_on;
use recipe::{Architecture, Calibration, ModelCard, Optimizer, Schedule, TrainRecipe};
use training::{Event, Pace};
use weights::{Precision, Weights, write_safetensors_as};

use crate::{config::Config, images, ranks};

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Recipe, data and augmentation from a TOML file; what else is given here goes before its recipe.
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// Pen strokes as JSON lines, for a configuration that learns from them.
    #[arg(long, requires = "config")]
    strokes: Option<PathBuf>,
    /// Hold back the last so many of MNIST's training images and test on them instead of the test images.
    #[arg(long, default_value_t = 0)]
    validate: usize,
    /// What to learn from.
    #[arg(long, value_enum, default_value = "mnist")]
    data: Data,
    /// Folder with MNIST's four files (default: `INKLING_MNIST_DIR`, then the cache).
    #[arg(long)]
    mnist_dir: Option<PathBuf>,
    /// Built-in digits to train on.
    #[arg(long, default_value_t = 20_000)]
    built_in_images: usize,
    /// Architecture: fast-cnn (the default), reader-cnn, small-cnn, workshop-cnn, tfjs-cnn or mlp.
    #[arg(long, value_parser = architecture)]
    model: Option<Architecture>,
    /// Optimizer: adam (the default), rmsprop or sgd.
    #[arg(long, value_parser = optimizer)]
    optimizer: Option<Optimizer>,
    /// Peak learning rate (default: the optimizer's usual one).
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Each step multiplies weights and biases by 1 - learning rate x this, 0 to 10, as `AdamW` does (default: 0).
    #[arg(long)]
    weight_decay: Option<f64>,
    /// Schedule: one-cycle (the default) or constant.
    #[arg(long, value_parser = schedule)]
    schedule: Option<Schedule>,
    /// Images to a step (default: 64).
    #[arg(long)]
    batch_size: Option<u32>,
    /// Passes over the images (default: 1).
    #[arg(long)]
    epochs: Option<u32>,
    /// Sets everything that is left to chance (default: 1).
    #[arg(long)]
    seed: Option<u64>,
    /// Normalise the values between two layers over the images of a batch that a thread has; the weights that are written
    /// have it folded in.
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    batch_norm: Option<bool>,
    /// Threads that share every step (default: 1). Results are the same to the bit for the same number of them.
    #[arg(long)]
    threads: Option<u16>,
    /// Round the weights to 16 bits and write them so: half the bytes. What the card says is measured after that.
    #[arg(long)]
    half: bool,
    /// Go on from these weights, instead of random ones, with their architecture. Batch norm, if any, begins anew: it is folded
    /// into what a file holds.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Where to write the weights.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Data {
    Mnist,
    BuiltIn,
}

fn architecture(id: &str) -> Result<Architecture, String> {
    Architecture::from_id(id)
        .ok_or_else(|| format!("choose one of {}", Architecture::ALL.map(Architecture::id).join(", ")))
}

fn optimizer(id: &str) -> Result<Optimizer, String> {
    Optimizer::from_id(id)
        .ok_or_else(|| format!("choose one of {}", Optimizer::ALL.map(Optimizer::id).join(", ")))
}

fn schedule(id: &str) -> Result<Schedule, String> {
    Schedule::from_id(id)
        .ok_or_else(|| format!("choose one of {}", Schedule::ALL.map(Schedule::id).join(", ")))
}

/// The configuration's recipe, or the recipe "Fast", with what the command line changes.
fn recipe(args: &Args, config: Option<&Config>) -> anyhow::Result<TrainRecipe> {
    let base = config.map(Config::recipe).transpose()?.unwrap_or_default();
    let architecture = args.model.unwrap_or(base.architecture);
    let optimizer = args.optimizer.unwrap_or(base.optimizer);
    let usual = match config {
        Some(_) => base.learning_rate,
        None => optimizer.usual_learning_rate(architecture),
    };
    Ok(TrainRecipe {
        architecture,
        optimizer,
        learning_rate: args.learning_rate.unwrap_or(usual),
        weight_decay: args.weight_decay.unwrap_or(base.weight_decay),
        schedule: args.schedule.unwrap_or(base.schedule),
        batch_size: args.batch_size.unwrap_or(base.batch_size),
        epochs: args.epochs.unwrap_or(base.epochs),
        seed: args.seed.unwrap_or(base.seed),
        batch_norm: args.batch_norm.unwrap_or(base.batch_norm),
        augmentation: base.augmentation,
    })
}

/// What to learn from and to test on, and what to calibrate on.
fn data(args: &Args, config: Option<&Config>, seed: u64) -> anyhow::Result<(Split, LabelledImages)> {
    let mnist = || -> anyhow::Result<Split> {
        let mut mnist = images::mnist_split(&images::mnist_dir(args.mnist_dir.as_ref())?)?;
        if args.validate > 0 {
            let left = mnist.train.len().saturating_sub(args.validate);
            mnist.test = mnist.train.split_off(left);
            mnist.name = format!("the first {left} training images of MNIST");
        }
        Ok(mnist)
    };
    match (config, args.data) {
        (Some(config), _) => {
            let mut mnist = config.data().mnist.then(mnist).transpose()?;
            let mut validation = LabelledImages::default();
            if let Some(mnist) = &mut mnist {
                let left = mnist.train.len().saturating_sub(config.data().calibration_images);
                validation = mnist.train.split_off(left);
            }
            let written = args.strokes.as_deref().map(images::written).transpose()?.unwrap_or_default();
            Ok((config.data().split(mnist, &written, seed), validation))
        }
        (None, Data::Mnist) => Ok((mnist()?, LabelledImages::default())),
        (None, Data::BuiltIn) => Ok((built_in_split(args.built_in_images, seed), LabelledImages::default())),
    }
}

/// What the test images are called.
fn tested_on(args: &Args, config: Option<&Config>, split: &Split) -> String {
    match config {
        Some(config) if !config.data().mnist => "built-in digits".into(),
        _ if args.validate > 0 => "the last training images of MNIST".into(),
        Some(_) => "MNIST".into(),
        None => split.name.clone(),
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.config.as_deref().map(Config::read).transpose()?;
    let recipe = recipe(args, config.as_ref())?;
    let from = match &args.from {
        Some(path) => images::weights(path)?.0,
        None => Weights::initial(recipe.architecture, recipe.seed),
    };
    let recipe = TrainRecipe { architecture: from.architecture(), ..recipe };
    let (split, validation) = data(args, config.as_ref(), recipe.seed)?;
    let split = Arc::new(split);
    println!("{} images to learn from: {}", split.train.len(), split.name);
    let tested_on = tested_on(args, config.as_ref(), &split);
    let threads = args.threads.or_else(|| config.as_ref().and_then(Config::threads)).unwrap_or(1);
    ensure!((1..=64).contains(&threads), "{threads} threads are out of range: choose 1 to 64");
    let mut run = ranks::begin(recipe, &from, &split, usize::from(threads))?;
    let mut card = ModelCard {
        recipe: Some(recipe),
        trained_on: split.name.clone(),
        ..ModelCard::unknown(recipe.architecture)
    };
    let (start, steps) = (Instant::now(), run.steps());
    loop {
        match block_on(run.advance())? {
            Event::Trained(point) if point.step.is_multiple_of(100) || point.step == steps => {
                let images_per_s = point.images_seen as f64 / start.elapsed().as_secs_f64();
                println!(
                    "step {:>6} of {steps}  loss {:.4}  accuracy {:.3}  {images_per_s:.0} images/s",
                    point.step, point.loss, point.accuracy
                );
            }
            Event::EpochDone(report) => {
                println!(
                    "epoch {}  test accuracy {}  loss {:.4}",
                    report.epoch,
                    report.test.with_interval(),
                    report.test_loss
                );
                card.epochs_done = report.epoch;
                card.test = Some(report.test);
                card.tested_on.clone_from(&tested_on);
            }
            Event::Finished => break,
            Event::Trained(_) | Event::Working | Event::Testing { .. } => {}
        }
    }
    let mut weights = block_on(run.weights())?;
    let precision = if args.half { Precision::Half } else { Precision::Full };
    if args.half {
        weights = weights.rounded_to_half();
    }
    let network = Network::from_weights(&weights, &Device::flex());
    if args.half {
        let pass_images = Pace::cpu(recipe.architecture).test_images;
        let test = block_on(training::evaluate(&network, &split.test, pass_images, async |_| ()))?;
        println!("rounded to 16 bits: test accuracy {}", test.with_interval());
        card.test = Some(test);
    }
    if !validation.is_empty() {
        let probabilities = images::probabilities(&network, &validation.pixels)?;
        let calibration =
            Calibration::fitted(&probabilities, &validation.labels, Calibration::REJECTED_SHARE);
        println!("calibrated on {} images: {calibration:?}", validation.len());
        card.calibration = Some(calibration);
    }
    let bytes = write_safetensors_as(precision, &weights, &card)?;
    fs::write(&args.out, bytes).with_context(|| format!("cannot write {}", args.out.display()))?;
    println!("wrote {} after {:.0} s", args.out.display(), start.elapsed().as_secs_f64());
    Ok(())
}
