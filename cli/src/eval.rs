//! `inkling eval`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use dataset::LabelledImages;
use pollster::block_on;
use recipe::{Calibration, wilson_interval_95};
use serde_json::json;
use training::{Pace, assess};

use crate::{images, pictures};

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Weights to test (default: the reader that the page ships, which is within this program).
    #[arg(long)]
    model: Option<PathBuf>,
    #[command(flatten)]
    set: Set,
    /// Folder with MNIST's four files.
    #[arg(long)]
    mnist_dir: Option<PathBuf>,
    /// End with one JSON object on a line.
    #[arg(long)]
    json: bool,
}

/// Labelled images; MNIST's test images where none are named.
#[derive(ClapArgs)]
#[group(multiple = false)]
struct Set {
    /// IDX files of images and of labels, gzipped or not; of any size and polarity.
    #[arg(long, num_args = 2, value_names = ["IMAGES", "LABELS"])]
    idx: Option<Vec<PathBuf>>,
    /// Folder of PNG, JPEG or WebP files, with a `labels.csv` of the columns `file` and `label`.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Rows of a label and 784 pixels, with or without a header.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Pen strokes as JSON lines, gzipped or not.
    #[arg(long, value_name = "FILE")]
    strokes: Option<PathBuf>,
}

impl Set {
    fn read(&self, mnist_dir: Option<&PathBuf>) -> anyhow::Result<LabelledImages> {
        match (self.idx.as_deref(), &self.folder, &self.csv, &self.strokes) {
            (Some([pixels, labels]), ..) => images::test_files(&[pixels, labels]),
            (_, Some(dir), ..) => pictures::folder(dir),
            (_, _, Some(path), _) | (_, _, _, Some(path)) => images::test_files(&[path]),
            _ => Ok(images::mnist_split(&images::mnist_dir(mnist_dir)?)?.test),
        }
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (network, card) = images::network(args.model.as_deref())?;
    let set = args.set.read(args.mnist_dir.as_ref())?;
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let pass_images = Pace::cpu(network.architecture()).test_images;
    let found = block_on(assess(&network, calibration, &set, pass_images, async |_| ()))?;
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
