//! `inkling train`.

use std::{fs, path::PathBuf, sync::Arc, time::Instant};

use anyhow::Context as _;
use burn::tensor::Device;
use clap::{Args as ClapArgs, ValueEnum};
use dataset::built_in_split;
use pollster::block_on;
use recipe::{Architecture, ModelCard, Optimizer, Schedule, TrainRecipe};
use training::{Event, Pace, Run};

use crate::images;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// What to learn from.
    #[arg(long, value_enum, default_value = "mnist")]
    data: Data,
    /// Folder with MNIST's four files (default: `INKLING_MNIST_DIR`, then the cache).
    #[arg(long)]
    mnist_dir: Option<PathBuf>,
    /// Built-in digits to train on.
    #[arg(long, default_value_t = 20_000)]
    built_in_images: usize,
    /// Architecture: fast-cnn, workshop-cnn, tfjs-cnn or mlp.
    #[arg(long, default_value = "fast-cnn", value_parser = architecture)]
    model: Architecture,
    /// Optimizer: adam, rmsprop or sgd.
    #[arg(long, default_value = "adam", value_parser = optimizer)]
    optimizer: Optimizer,
    /// Peak learning rate (default: the optimizer's usual one).
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Schedule: one-cycle or constant.
    #[arg(long, default_value = "one-cycle", value_parser = schedule)]
    schedule: Schedule,
    #[arg(long, default_value_t = 64)]
    batch_size: u32,
    #[arg(long, default_value_t = 1)]
    epochs: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
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

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let split = Arc::new(match args.data {
        Data::Mnist => images::mnist_split(&images::mnist_dir(args.mnist_dir.as_ref())?)?,
        Data::BuiltIn => built_in_split(args.built_in_images, args.seed),
    });
    let recipe = TrainRecipe {
        architecture: args.model,
        optimizer: args.optimizer,
        learning_rate: args.learning_rate.unwrap_or(args.optimizer.usual_learning_rate(args.model)),
        schedule: args.schedule,
        batch_size: args.batch_size,
        epochs: args.epochs,
        seed: args.seed,
    };
    let mut run = Run::new(recipe, Arc::clone(&split), &Device::flex(), Pace::cpu(recipe.architecture))?;
    let mut card =
        ModelCard { recipe: Some(recipe), trained_on: split.name.clone(), ..ModelCard::unknown(args.model) };
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
                println!("epoch {}  test accuracy {}", report.epoch, report.test.with_interval());
                card.epochs_done = report.epoch;
                card.test = Some(report.test);
                card.tested_on.clone_from(&split.name);
            }
            Event::Finished => break,
            Event::Trained(_) | Event::Working | Event::Testing { .. } => {}
        }
    }
    let bytes = weights::write_safetensors(&block_on(run.weights())?, &card)?;
    fs::write(&args.out, bytes).with_context(|| format!("cannot write {}", args.out.display()))?;
    println!("wrote {} after {:.0} s", args.out.display(), start.elapsed().as_secs_f64());
    Ok(())
}
