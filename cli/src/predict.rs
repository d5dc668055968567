//! `inkling predict`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::Args as ClapArgs;
use data_files::submission;
use evaluation::Calibration;
use ink::{PIXELS, found_ink};
use pollster::block_on;
use recognition::Segmentation;

use crate::{images, model::Model, pictures};

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Weights to use (default: the reader that the page ships, which is within this program).
    #[arg(long)]
    model: Option<PathBuf>,
    /// Pictures (PNG, JPEG, WebP), each of a digit or of several numbers; or files of images: IDX, CSV, NPZ.
    #[arg(required_unless_present = "csv")]
    files: Vec<PathBuf>,
    /// Rows of 784 pixels, as Kaggle's `test.csv`.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the answers as Kaggle wants them: `ImageId,Label`.
    #[arg(long, value_name = "FILE")]
    submission: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let model = Model::open(args.model.as_deref())?;
    let paths: Vec<PathBuf> = args.files.iter().chain(&args.csv).cloned().collect();
    if args.submission.is_none() && paths.iter().all(|path| is_picture(path)) {
        return read_pictures(&model, &paths);
    }
    let Model { network, card } = model;
    let imported = images::imported(&paths, None, Some(card.import))?;
    // Labels are not looked at.
    let levels = [imported.train.pixels, imported.test.pixels, imported.unlabelled].concat();
    ensure!(!levels.is_empty(), "There are no images to read.");
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let answers: Vec<_> = images::probabilities(&network, &levels)?
        .iter()
        .map(|probabilities| calibration.read(probabilities))
        .collect();
    if let Some(path) = &args.submission {
        let names: Vec<String> =
            answers.iter().map(|answer| card.class_name(usize::from(answer.class))).collect();
        fs::write(path, submission(&names)).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{} answers written to {}", names.len(), path.display());
        return Ok(());
    }
    for answer in answers {
        let doubt = if answer.is_digit { "" } else { " not a digit?" };
        println!("{} {:.4}{doubt}", card.class_name(usize::from(answer.class)), answer.confidence);
    }
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ["png", "jpg", "jpeg", "webp"].contains(&ending.as_str()))
}

/// Reads pictures as the page does, whole numbers included: a line each. Those that cannot be read are named and skipped.
fn read_pictures(Model { network, card }: &Model, paths: &[PathBuf]) -> anyhow::Result<()> {
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let mut lines = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let picture =
            fs::read(path).map_err(anyhow::Error::from).and_then(|bytes| pictures::decode(&name, &bytes));
        let picture = match picture {
            Ok(picture) => picture,
            Err(error) => {
                eprintln!("{name} was skipped: {error:#}");
                continue;
            }
        };
        let segmentation = Segmentation::of(&found_ink(&picture, None).raster);
        let levels: Vec<u8> = segmentation.images().into_iter().flatten().collect();
        if levels.is_empty() {
            lines.push(format!("{name}: no ink"));
            continue;
        }
        let mut predictions = Vec::new();
        for levels in levels.chunks(64 * PIXELS) {
            let probabilities = block_on(network.predict(levels))?;
            let each = levels.chunks_exact(PIXELS).zip(&probabilities);
            predictions.extend(each.map(|(image, all)| calibration.read_image(image, all)));
        }
        let numbers = segmentation.recognize(&predictions);
        let texts: Vec<String> = numbers
            .iter()
            .map(|number| {
                number.iter().map(|digit| card.class_name(usize::from(digit.prediction.class))).collect()
            })
            .collect();
        lines.push(format!("{name}: {}", texts.join(" ")));
    }
    ensure!(!lines.is_empty(), "None of the pictures could be read.");
    for line in lines {
        println!("{line}");
    }
    Ok(())
}
