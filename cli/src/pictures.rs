//! Labelled picture files in a folder.

use std::{fs, path::Path};

use anyhow::{Context as _, bail, ensure};
use dataset::LabelledImages;
use image::{DynamicImage, ImageDecoder as _, ImageReader};
use ink::{Picture, found_ink, normalise};
use serde::Deserialize;

/// Larger pictures are refused: decoding them takes gigabytes.
const MOST_PIXELS: u64 = 64_000_000;

/// A row of `labels.csv`; other columns are left alone.
#[derive(Deserialize)]
struct Row {
    file: String,
    label: u8,
}

/// Reads the pictures that a folder's `labels.csv` names (columns `file` and `label`), each as a network reads it. A
/// picture without ink becomes a blank image.
pub(crate) fn folder(dir: &Path) -> anyhow::Result<LabelledImages> {
    let list = dir.join("labels.csv");
    let mut rows = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(&list)
        .with_context(|| format!("cannot read {}", list.display()))?;
    let mut images = LabelledImages::default();
    for (index, row) in rows.deserialize().enumerate() {
        let row: Row = row.with_context(|| format!("cannot use {}", list.display()))?;
        ensure!(
            row.label < 10,
            "row {} of {} has the label {}; labels go from 0 to 9",
            index + 2,
            list.display(),
            row.label
        );
        let picture = picture(&dir.join(&row.file))?;
        let image = normalise(&found_ink(&picture, None).raster).unwrap_or([0; ink::PIXELS]);
        images.push(&image, row.label);
    }
    ensure!(!images.is_empty(), "{} names no pictures", list.display());
    Ok(images)
}

/// Reads a picture file, turned as its EXIF data says.
pub(crate) fn picture(path: &Path) -> anyhow::Result<Picture> {
    let at = || format!("cannot use {}", path.display());
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(!bytes.is_empty(), "{} is empty", path.display());
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
