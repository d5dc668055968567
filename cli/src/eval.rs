//! `inkling eval`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use pollster::block_on;
use recipe::wilson_interval_95;
use serde_json::json;
use training::Pace;

use crate::images;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Weights to test (default: the ones that the page ships).
    #[arg(long, default_value = "public/models/fast-cnn.safetensors")]
    model: PathBuf,
    /// IDX files of images and of labels, gzipped or not (default: MNIST's test images).
    #[arg(long, num_args = 2, value_names = ["IMAGES", "LABELS"], conflicts_with = "strokes")]
    idx: Option<Vec<PathBuf>>,
    /// Pen strokes as JSON lines, gzipped or not.
    #[arg(long)]
    strokes: Option<PathBuf>,
    /// Folder with MNIST's four files.
    #[arg(long)]
    mnist_dir: Option<PathBuf>,
    /// End with one JSON object on a line.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (network, _) = images::network(&args.model)?;
    let set = match (&args.strokes, args.idx.as_deref()) {
        (Some(path), _) => images::strokes(path)?,
        (None, Some([pixels, labels])) => images::idx_pair(pixels, labels)?,
        _ => images::mnist_split(&images::mnist_dir(args.mnist_dir.as_ref())?)?.test,
    };
    let pass_images = Pace::cpu(network.architecture()).test_images;
    let accuracy = block_on(training::evaluate(&network, &set, pass_images, async |_| ()))?;
    println!("{} images, accuracy {}", accuracy.total, accuracy.with_interval());
    if args.json {
        let (low, high) = wilson_interval_95(accuracy.correct, accuracy.total);
        println!("{}", json!({ "n": accuracy.total, "accuracy": accuracy.share(), "ci95": [low, high] }));
    }
    Ok(())
}
