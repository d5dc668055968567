//! `inkling convert`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Args as ClapArgs, ValueEnum};
use dataset::{LabelledImages, careful_digits};
use evaluation::{Accuracy, Calibration};
use model_card::ModelCard;
use model_io::{LinkWeights, Package, write_onnx};
use pollster::block_on;
use training::{Checkpoint, MicroBatch, classification_report};
use weights::{Weights, write_safetensors};

use crate::{
    images,
    model::{self, Model},
};

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The model: safetensors, PyTorch, ONNX, Keras, NumPy, a folder with TensorFlow.js's files, or a link that holds one.
    model: PathBuf,
    /// What to write.
    #[arg(long, value_enum)]
    to: Format,
    /// Where to write it; a link without a place is printed.
    #[arg(required_if_eq_any([("to", "onnx"), ("to", "pytorch"), ("to", "safetensors"), ("to", "zip")]))]
    out: Option<PathBuf>,
    /// What the model is called in its card and its link (default: the file's name).
    #[arg(long)]
    name: Option<String>,
    /// The licence that you give it, such as CC-BY-4.0.
    #[arg(long)]
    license: Option<String>,
    /// The run that trained the model, written by `train --checkpoint`: its optimizer's state goes with the files for PyTorch.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Folder with MNIST's four files, on which a link's loss is measured.
    #[arg(long)]
    mnist_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Grey levels in, probabilities out.
    Onnx,
    /// A folder with the network in Python, its weights, and a script that goes on training it.
    Pytorch,
    Safetensors,
    /// All of the above.
    Zip,
    /// The model itself as the address of the page.
    Link,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (weights, mut card) = model::read(&args.model)?;
    if let Some(license) = &args.license {
        card.license.clone_from(license);
    }
    let name = args.name.clone().or_else(|| model::name_in_link(&args.model)).unwrap_or_else(|| {
        args.model.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned())
    });
    let checkpoint = args.checkpoint.as_deref().map(read_checkpoint).transpose()?;
    if checkpoint.is_some() && !matches!(args.to, Format::Pytorch | Format::Zip) {
        bail!("an optimizer's state goes with --to pytorch and --to zip alone: leave --checkpoint out");
    }
    if checkpoint.as_ref().is_some_and(|checkpoint| {
        checkpoint.weights != weights && checkpoint.weights.rounded_to_half() != weights
    }) {
        bail!(
            "the checkpoint is of other weights than {}: give the checkpoint of the run that trained it",
            args.model.display()
        );
    }
    let Some(out) = &args.out else {
        println!("{}", link(args, &name, &weights, &card)?);
        return Ok(());
    };
    let package = || match &checkpoint {
        Some(checkpoint) => Package::of_run(&name, checkpoint, &weights, &card),
        None => Ok(Package::new(&name, &weights, &card)),
    };
    match args.to {
        Format::Onnx => write(out, &write_onnx(&weights, &card)),
        Format::Safetensors => write(out, &write_safetensors(&weights, &card)?),
        Format::Zip => write(out, &package()?.zip()?),
        Format::Link => write(out, link(args, &name, &weights, &card)?.as_bytes()),
        Format::Pytorch => {
            if out.is_file() {
                bail!("{} is a file: PyTorch's files need a folder", out.display());
            }
            fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
            package()?.files()?.iter().try_for_each(|(file, bytes)| write(&out.join(file), bytes))
        }
    }
}

fn read_checkpoint(path: &Path) -> anyhow::Result<Checkpoint> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Checkpoint::from_bytes(&bytes).with_context(|| format!("{} cannot be used", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("{}: {} bytes", path.display(), bytes.len());
    Ok(())
}

/// The part of an address from its `#` on; what rounding has cost is printed.
fn link(args: &Args, name: &str, weights: &Weights, card: &ModelCard) -> anyhow::Result<String> {
    let made = LinkWeights::new(name, weights, card)?;
    // MNIST where it is at hand, else what the program draws itself.
    let mnist = images::mnist_dir(args.mnist_dir.as_ref()).and_then(|folder| images::mnist_dataset(&folder));
    let (set, tested_on) = match mnist {
        Ok(mnist) => (mnist.test, "MNIST"),
        Err(_) => (careful_digits(1_500, 17), "built-in digits"),
    };
    let of = |weights: &Weights| accuracy(weights, card, &set);
    let (before, after) = (of(weights)?, of(made.rounded())?);
    // The accuracy was measured on the weights as they were.
    let card = ModelCard { test: Some(after), tested_on: tested_on.into(), validation: None, ..card.clone() };
    let link = made.link(name, &card);
    eprintln!(
        "{} characters; each weight in steps of {:.2} standard deviations of its channel.",
        link.len(),
        made.relative_step
    );
    eprintln!("{tested_on}: {} before, {} in the link.", before.with_interval(), after.with_interval());
    Ok(link)
}

fn accuracy(weights: &Weights, card: &ModelCard, set: &LabelledImages) -> anyhow::Result<Accuracy> {
    let Model { network, .. } = Model::new(weights, card.clone());
    let images = MicroBatch::cpu(network.spec()).test_images;
    Ok(block_on(classification_report(&network, Calibration::NONE, set, images, async |_| ()))?.accuracy())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the small CNN in a format; what is read back is the same network with the same answers.
    #[track_caller]
    fn check(to: Format, out: &str, wanted: &str) {
        let folder = std::env::temp_dir().join(format!("inkling-convert-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/models/small-cnn.safetensors");
        let out = folder.join(out);
        let license = Some("CC0-1.0".to_owned());
        let args = Args {
            model: model.clone(),
            to,
            out: Some(out.clone()),
            name: None,
            license,
            checkpoint: None,
            mnist_dir: None,
        };
        run(&args).unwrap();
        let (weights, _) = model::read(&model).unwrap();
        let (back, card) = model::read(&folder.join(wanted)).unwrap();
        assert_eq!(back, weights, "{wanted}");
        assert_eq!(card.network.title(), "Small CNN");
    }

    #[test]
    fn every_file_comes_back() {
        check(Format::Onnx, "a.onnx", "a.onnx");
        check(Format::Safetensors, "b.safetensors", "b.safetensors");
        check(Format::Zip, "c.zip", "c.zip");
        check(Format::Pytorch, "d", "d/model.safetensors");
    }

    #[test]
    fn a_link_comes_back_rounded() {
        let (weights, card) = {
            let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/models/small-cnn.safetensors");
            model::read(&model).unwrap()
        };
        let made = LinkWeights::new("Small", &weights, &card).unwrap();
        let link = format!("https:\x2f/example.org/{}", made.link("Small", &card));
        let (back, _) = model::read(Path::new(&link)).unwrap();
        assert_eq!(&back, made.rounded());
        let known = careful_digits(500, 5);
        let [before, after] =
            [&weights, &back].map(|weights| accuracy(weights, &card, &known).unwrap().share());
        assert!((before - after).abs() < 0.01, "{before} before, {after} in the link");
    }
}
