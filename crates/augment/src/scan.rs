//! What paper, pens and scanners do to grey levels.

use ink::{CENTRE, Image, PIXELS, Raster, SIDE, placed};
use train_config::Augmentation;

use crate::{chance::Chance, warp::level_at};

/// The ink as a scan shows it in which it is so many pixels long.
pub(crate) fn coarse(raster: &Raster, side: usize) -> Raster {
    let levels = placed(raster, side, (CENTRE, CENTRE)).unwrap_or([0; PIXELS]);
    Raster::from_levels(SIDE, SIDE, levels.to_vec()).expect("a level for each place")
}

/// Contrast, blur and noise.
pub(crate) fn scanned(image: &mut Image, augmentation: &Augmentation, chance: &mut Chance<'_>) {
    let exponent = chance.either_way(augmentation.contrast).exp();
    let blur = chance.between(0.0, augmentation.blur);
    if augmentation.contrast > 0.0 {
        let curve: Vec<u8> = (0..=255_u8)
            .map(|level| (255.0 * (f32::from(level) / 255.0).powf(exponent) + 0.5) as u8)
            .collect();
        *image = image.map(|level| curve[usize::from(level)]);
    }
    if blur > 0.0 {
        *image = blurred(image, blur);
    }
    if augmentation.noise_levels > 0.0 && chance.is(1.0 / 3.0) {
        let most = chance.between(0.0, augmentation.noise_levels);
        *image = image.map(|level| (f32::from(level) + chance.either_way(most)).clamp(0.0, 255.0) as u8);
    }
}

/// With so much of a 3x3 binomial blur in it.
fn blurred(image: &Image, share: f32) -> Image {
    let level = |column, row| level_at(image, column, row);
    core::array::from_fn(|place| {
        let (column, row) = ((place % SIDE) as i32, (place / SIDE) as i32);
        let line = |row| level(column - 1, row) + 2.0 * level(column, row) + level(column + 1, row);
        let blurred = (line(row - 1) + 2.0 * line(row) + line(row + 1)) / 16.0;
        (level(column, row) * (1.0 - share) + blurred * share + 0.5) as u8
    })
}
