//! Labelled picture files in a folder.

use std::{fs, path::Path};

use anyhow::{Context as _, bail, ensure};
use dataset::{LabelledImages, parse_labels};
use image::{DynamicImage, ImageDecoder as _, ImageReader};
use ink::{Picture, found_ink, is_animated, normalise};

/// Larger pictures are refused: decoding them takes gigabytes.
const MOST_PIXELS: u64 = 64_000_000;

/// Reads the pictures that a folder's `labels.csv` names (columns `file` and `label`), each as a network reads it. A
/// picture without ink becomes a blank image.
pub(crate) fn folder(dir: &Path) -> anyhow::Result<LabelledImages> {
    let list = dir.join("labels.csv");
    let bytes = fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut images = LabelledImages::default();
    for (file, label) in parse_labels(&bytes)? {
        let picture = picture(&dir.join(file))?;
        let image = normalise(&found_ink(&picture, None).raster).unwrap_or([0; ink::PIXELS]);
        images.push(&image, label);
    }
    Ok(images)
}

/// Reads a picture file, turned as its EXIF data says.
pub(crate) fn picture(path: &Path) -> anyhow::Result<Picture> {
    let at = || format!("cannot use {}", path.display());
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(!bytes.is_empty(), "{} is empty", path.display());
    if is_animated(&bytes) {
        eprintln!("{} moves: its first picture is read", path.display());
    }
    let reader = ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().with_context(at)?;
    let mut decoder = reader.into_decoder().with_context(at)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        bail!(
            "{} has {width}x{height} pixels; at most {} million are read",
            path.display(),
            MOST_PIXELS / 1_000_000
        );
    }
    let orientation = decoder.orientation().with_context(at)?;
    let mut image = DynamicImage::from_decoder(decoder).with_context(at)?;
    image.apply_orientation(orientation);
    let rgba = image.to_rgba8();
    Picture::from_rgba(rgba.width() as usize, rgba.height() as usize, &rgba).with_context(at)
}
