//! `inkling eval`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use dataset::LabelledImages;
use network::Network;
use recipe::{Assessment, Calibration, wilson_interval_95};
use serde_json::json;

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
    let (network, card) = images::network(&args.model)?;
    let set = match (&args.strokes, args.idx.as_deref()) {
        (Some(path), _) => images::strokes(path)?,
        (None, Some([pixels, labels])) => images::idx_pair(pixels, labels)?,
        _ => images::mnist_split(&images::mnist_dir(args.mnist_dir.as_ref())?)?.test,
    };
    let found = assess(&network, &card.calibration.unwrap_or(Calibration::NONE), &set)?;
    let accuracy = found.accuracy();
    println!(
        "{} images, accuracy {}, expected calibration error {:.2} %, taken for no digit {:.2} %",
        set.len(),
        accuracy.with_interval(),
        100.0 * found.expected_calibration_error(),
        100.0 * found.rejected_share()
    );
    if args.json {
        let (low, high) = wilson_interval_95(accuracy.correct, accuracy.total);
        let result = json!({
            "n": set.len(),
            "accuracy": accuracy.share(),
            "ci95": [low, high],
            "confusion": found.confusion,
            "ece": found.expected_calibration_error(),
            "rejected": found.rejected_share(),
        });
        println!("{result}");
    }
    Ok(())
}

/// What a network answers to all images of a set.
pub(crate) fn assess(
    network: &Network,
    calibration: &Calibration,
    set: &LabelledImages,
) -> anyhow::Result<Assessment> {
    let mut found = Assessment::default();
    for (probabilities, &label) in images::probabilities(network, &set.pixels)?.iter().zip(&set.labels) {
        found.add(&calibration.read(probabilities), label);
    }
    Ok(found)
}
