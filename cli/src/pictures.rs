//! Picture files.

use anyhow::{Context as _, bail};
use image::{DynamicImage, ImageDecoder as _, ImageReader};
use ink::{Picture, is_animated};

/// Larger pictures are refused: decoding them takes gigabytes.
const MOST_PIXELS: u64 = 64_000_000;

/// Decodes a picture, turned as its EXIF data says.
pub(crate) fn decode(name: &str, bytes: &[u8]) -> anyhow::Result<Picture> {
    if is_animated(bytes) {
        eprintln!("{name} moves: its first picture is read");
    }
    let at = || "it is no picture, or damaged";
    let reader = ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().with_context(at)?;
    let mut decoder = reader.into_decoder().with_context(at)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        bail!("it has {width}x{height} pixels; at most {} million are read", MOST_PIXELS / 1_000_000);
    }
    let orientation = decoder.orientation().with_context(at)?;
    let mut image = DynamicImage::from_decoder(decoder).with_context(at)?;
    image.apply_orientation(orientation);
    let rgba = image.to_rgba8();
    Picture::from_rgba(rgba.width() as usize, rgba.height() as usize, &rgba).with_context(at)
}
