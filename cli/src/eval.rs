//! `inkling eval`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use dataset::LabelledImages;
use evaluation::{Calibration, wilson_interval_95};
use model_card::ModelCard;
use pollster::block_on;
use serde_json::json;
use training::{MicroBatch, classification_report};

use crate::{images, model::Model};

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Weights to test (default: the reader that the page ships, which is within this program).
    #[arg(long)]
    model: Option<PathBuf>,
    #[command(flatten)]
    set: Set,
    /// The name of the column that holds the labels, or its place: `column 1`.
    #[arg(long, value_name = "COLUMN")]
    label_column: Option<String>,
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
    /// Files or folders of any kind: IDX, CSV, NPZ, zip, a folder for each class, pictures with a list.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    files: Option<Vec<PathBuf>>,
    /// IDX files of images and of labels, gzipped or not; of any size and polarity.
    #[arg(long, num_args = 2, value_names = ["IMAGES", "LABELS"])]
    idx: Option<Vec<PathBuf>>,
    /// Folder of PNG, JPEG or WebP files: a folder for each class, or with a `labels.csv` of the columns `file` and `label`.
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
    fn read(
        &self,
        mnist_dir: Option<&PathBuf>,
        label_column: Option<&str>,
        card: &ModelCard,
    ) -> anyhow::Result<LabelledImages> {
        let several = [&self.files, &self.idx].into_iter().flatten().next().cloned();
        let one = [&self.folder, &self.csv, &self.strokes].into_iter().flatten().next();
        if let Some(paths) = several.or_else(|| one.map(|path| vec![path.clone()])) {
            images::test_files(&paths, label_column, card)
        } else {
            let mnist = images::mnist_dataset(&images::mnist_dir(mnist_dir)?)?;
            card.check_classes(&mnist.names_of_classes())?;
            Ok(mnist.test)
        }
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let Model { network, card } = Model::open(args.model.as_deref())?;
    let set = args.set.read(args.mnist_dir.as_ref(), args.label_column.as_deref(), &card)?;
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let micro_batch = MicroBatch::cpu(network.spec()).test_images;
    let found = block_on(classification_report(&network, calibration, &set, micro_batch, async |_| ()))?;
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
