//! Where the command line gets its images and weights.

use std::{fs, path::Path, path::PathBuf};

use anyhow::{Context as _, bail, ensure};
use burn::tensor::Device;
use dataset::{IdxFile, LabelledImages, Split, WrittenDigit, mnist, parse_csv, parse_idx, parse_strokes};
use ink::Drawing;
use network::Network;
use pollster::block_on;
use recipe::{CLASSES, ModelCard};
use training::Pace;

/// The folder of MNIST's files: the one given, else the one in `INKLING_MNIST_DIR`, else the cache of `cargo xtask`.
pub(crate) fn mnist_dir(given: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    let variable = std::env::var_os("INKLING_MNIST_DIR").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let candidates = [given.cloned(), variable, cache.map(|cache| cache.join("inkling/mnist"))];
    let found = candidates.into_iter().flatten().find(|dir| dir.join(mnist::FILES[0].name).exists());
    found.context("MNIST was not found: give --mnist-dir, set INKLING_MNIST_DIR, or run `cargo xtask mnist` to fetch it")
}

/// Reads MNIST and checks its sums.
pub(crate) fn mnist_split(dir: &Path) -> anyhow::Result<Split> {
    let mut files = Vec::new();
    for file in mnist::FILES {
        let path = dir.join(file.name);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(file.matches(&bytes), "{} is not the published file: its SHA-256 differs", path.display());
        files.push((file.name.to_owned(), bytes));
    }
    Ok(mnist::split(&files)?)
}

/// Reads an IDX file of images of any size and polarity, each as a network reads it.
pub(crate) fn idx_images(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    match parse_idx(&bytes).with_context(|| format!("cannot use {}", path.display()))? {
        IdxFile::Images(images) => Ok(images.through_pipeline()),
        IdxFile::Labels(_) => bail!("{} holds labels; images are needed", path.display()),
    }
}

/// Reads a pair of IDX files.
pub(crate) fn idx_pair(images: &Path, labels: &Path) -> anyhow::Result<LabelledImages> {
    let pixels = idx_images(images)?;
    let bytes = fs::read(labels).with_context(|| format!("cannot read {}", labels.display()))?;
    let IdxFile::Labels(labels) =
        parse_idx(&bytes).with_context(|| format!("cannot use {}", labels.display()))?
    else {
        bail!("{} holds images; labels are needed", labels.display())
    };
    let count = pixels.len() / ink::PIXELS;
    ensure!(count == labels.len(), "there are {count} images but {} labels", labels.len());
    Ok(LabelledImages { pixels, labels })
}

/// Reads labelled rows of pixels.
pub(crate) fn csv(path: &Path) -> anyhow::Result<LabelledImages> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse_csv(&bytes).with_context(|| format!("cannot use {}", path.display()))
}

/// Reads digits as pen strokes.
pub(crate) fn written(path: &Path) -> anyhow::Result<Vec<WrittenDigit>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse_strokes(&bytes).with_context(|| format!("cannot use {}", path.display()))
}

/// Draws pen strokes on the page's canvas, each digit in the middle of the paper, keeping its shape.
pub(crate) fn strokes(path: &Path) -> anyhow::Result<LabelledImages> {
    const FILLED: f32 = 0.65;
    let mut images = LabelledImages::default();
    for (index, digit) in written(path)?.iter().enumerate() {
        let image = Drawing::from_strokes(digit.on_paper(FILLED, (0.5, 0.5))).image();
        images.push(&image.with_context(|| format!("digit {} has no ink", index + 1))?, digit.label);
    }
    Ok(images)
}

/// Reads weights as a network on the CPU.
pub(crate) fn network(path: &Path) -> anyhow::Result<(Network, ModelCard)> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (weights, card) =
        weights::read_safetensors(&bytes).with_context(|| format!("cannot use {}", path.display()))?;
    Ok((Network::from_weights(&weights, &Device::flex()), card))
}

/// Probabilities of the ten digits for each image.
pub(crate) fn probabilities(network: &Network, pixels: &[u8]) -> anyhow::Result<Vec<[f32; CLASSES]>> {
    let pass_images = Pace::cpu(network.architecture()).test_images;
    let mut all = Vec::with_capacity(pixels.len() / ink::PIXELS);
    for levels in pixels.chunks(pass_images * ink::PIXELS) {
        all.extend(block_on(network.predict(levels))?);
    }
    Ok(all)
}
