//! Where the command line gets its images and weights.

use std::{fs, io::Read as _, path::Path, path::PathBuf};

use anyhow::{Context as _, bail, ensure};
use burn::tensor::Device;
use dataset::{IdxFile, LabelledImages, Split, mnist, parse_idx};
use ink::{Drawing, Point};
use network::Network;
use recipe::ModelCard;

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

/// Reads an IDX file of images.
pub(crate) fn idx_images(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    match parse_idx(&bytes).with_context(|| format!("cannot use {}", path.display()))? {
        IdxFile::Images(pixels) => Ok(pixels),
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

/// Reads pen strokes, a JSON object `{"label":8,"strokes":[[[x,y],...],...]}` a line, gzipped or not, through the
/// page's canvas: each drawing is fitted into the middle of the paper, keeping its shape.
pub(crate) fn strokes(path: &Path) -> anyhow::Result<LabelledImages> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)?;
    } else {
        text = String::from_utf8(bytes)?;
    }
    let mut images = LabelledImages::default();
    for (index, line) in text.lines().enumerate() {
        let at = || format!("line {} of {}", index + 1, path.display());
        let value: serde_json::Value = serde_json::from_str(line).with_context(at)?;
        let label = value["label"].as_u64().filter(|&label| label < 10).with_context(at)?;
        let strokes: Vec<Vec<[f32; 2]>> =
            serde_json::from_value(value["strokes"].clone()).with_context(at)?;
        let image = Drawing::from_strokes(fitted(&strokes)).image().with_context(at)?;
        images.push(&image, label as u8);
    }
    Ok(images)
}

fn fitted(strokes: &[Vec<[f32; 2]>]) -> Vec<Vec<Point>> {
    const FILLED: f32 = 0.65;
    let bounds = |axis: usize| {
        let values = strokes.iter().flatten().map(move |point| point[axis]);
        (values.clone().fold(f32::INFINITY, f32::min), values.fold(f32::NEG_INFINITY, f32::max))
    };
    let ((left, right), (top, bottom)) = (bounds(0), bounds(1));
    let scale = FILLED * Drawing::SIDE / (right - left).max(bottom - top).max(f32::MIN_POSITIVE);
    let place =
        |value: f32, low: f32, high: f32| Drawing::SIDE / 2.0 + scale * (value - f32::midpoint(low, high));
    let point = |&[x, y]: &[f32; 2]| Point { x: place(x, left, right), y: place(y, top, bottom) };
    strokes.iter().map(|stroke| stroke.iter().map(point).collect()).collect()
}

/// Reads weights as a network on the CPU.
pub(crate) fn network(path: &Path) -> anyhow::Result<(Network, ModelCard)> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (weights, card) =
        weights::read_safetensors(&bytes).with_context(|| format!("cannot use {}", path.display()))?;
    Ok((Network::from_weights(&weights, &Device::flex()), card))
}
