//! Where the command line gets its images and weights.

use std::{fs, path::Path, path::PathBuf};

use anyhow::{Context as _, bail, ensure};
use burn::tensor::Device;
use dataset::{IdxFile, LabelledImages, Split, WrittenDigit, mnist, parse_idx, parse_strokes, test_set};
use network::Network;
use pollster::block_on;
use recipe::{CLASSES, ModelCard};
use training::Pace;
use weights::Weights;

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

/// Reads labelled images: a pair of IDX files, a CSV file or one of strokes.
pub(crate) fn test_files(paths: &[&Path]) -> anyhow::Result<LabelledImages> {
    let mut files = Vec::new();
    for path in paths {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push((path.display().to_string(), bytes));
    }
    Ok(test_set(&files)?)
}

/// Reads digits as pen strokes.
pub(crate) fn written(path: &Path) -> anyhow::Result<Vec<WrittenDigit>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse_strokes(&bytes).with_context(|| format!("cannot use {}", path.display()))
}

/// Reads weights and their card.
pub(crate) fn weights(path: &Path) -> anyhow::Result<(Weights, ModelCard)> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    weights::read_safetensors(&bytes).with_context(|| format!("cannot use {}", path.display()))
}

/// Reads weights as a network on the CPU; without a path the reader that the page ships, wherever the program stands.
pub(crate) fn network(path: Option<&Path>) -> anyhow::Result<(Network, ModelCard)> {
    const SHIPPED: &[u8] = include_bytes!("../../public/models/reader-cnn.safetensors");
    let (weights, card) = match path {
        Some(path) => weights(path)?,
        None => weights::read_safetensors(SHIPPED).context("cannot use the weights within this program")?,
    };
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
