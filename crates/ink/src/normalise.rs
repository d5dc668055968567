//! Ink becomes an image as MNIST's images were made.
//!
//! The longer side of the ink is scaled to 20 pixels, area-averaged (interpolated where it is shorter), and moved by whole pixels until the centre of
//! mass lies nearest to (14, 14). Every MNIST image passes through unchanged (tested), which is what ties the
//! drawn digits to the ones that a network learned from. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database".

use crate::{PIXELS, Raster, SIDE};

/// Longer side of the ink in the image, in pixels.
pub const BOX_SIDE: usize = 20;
/// Where the centre of mass goes: the same index for column and row, pixel centres on whole numbers.
pub const CENTRE: f64 = 14.0;

/// The image that a network reads: 28x28 grey levels, row by row, 0 is paper, 255 is ink.
pub type Image = [u8; PIXELS];

/// Makes the image; `None` where there is no ink.
pub fn normalise(raster: &Raster) -> Option<Image> {
    placed(raster, BOX_SIDE, (CENTRE, CENTRE))
}

/// As [`normalise`], for training images that shall not all be alike: the longer side of the ink becomes `box_side` pixels
/// (1 to 28), and its centre of mass lies at `centre`, column and row, as far as no ink is cut.
pub fn placed(raster: &Raster, box_side: usize, centre: (f64, f64)) -> Option<Image> {
    let box_side = box_side.clamp(1, SIDE);
    let (left, top, width, height) = raster.ink_bounds()?;
    let source_per_pixel = width.max(height) as f64 / box_side as f64;
    let columns = Averages::new(width, source_per_pixel, box_side);
    let rows = Averages::new(height, source_per_pixel, box_side);

    // Columns first: each source row is read once, in order.
    let mut narrowed = vec![0.0; height * columns.len()];
    for (row, out) in narrowed.chunks_exact_mut(columns.len()).enumerate() {
        let start = (top + row) * raster.width() + left;
        let levels = &raster.levels()[start..start + width];
        for (value, taps) in out.iter_mut().zip(&columns.taps) {
            *value = taps.iter().map(|&(index, share)| share * f64::from(levels[index])).sum();
        }
    }
    let mut boxed = vec![0_u8; rows.len() * columns.len()];
    for (row, taps) in rows.taps.iter().enumerate() {
        for column in 0..columns.len() {
            let level: f64 =
                taps.iter().map(|&(index, share)| share * narrowed[index * columns.len() + column]).sum();
            boxed[row * columns.len() + column] = level.round() as u8;
        }
    }
    Some(centred(&boxed, columns.len(), rows.len(), centre))
}

/// For each output pixel of one axis, the source pixels it is made of and the share of each.
struct Averages {
    taps: Vec<Vec<(usize, f64)>>,
}

impl Averages {
    /// An axis of `source` pixels, `source_per_pixel` of which go into one of at most `most` output pixels.
    fn new(source: usize, source_per_pixel: f64, most: usize) -> Self {
        // The tolerance keeps 7.000000001 from becoming 8.
        let len = ((source as f64 / source_per_pixel - 1e-6).ceil() as usize).clamp(1, most);
        let taps = (0..len).map(|pixel| {
            let start = pixel as f64 * source_per_pixel;
            if source_per_pixel < 1.0 {
                between(source, start, source_per_pixel)
            } else {
                covered(source, start, source_per_pixel)
            }
        });
        Self { taps: taps.collect() }
    }

    fn len(&self) -> usize {
        self.taps.len()
    }
}

/// The source pixels that lie within an output pixel, which begins at `start` and is `size` of them long.
fn covered(source: usize, start: f64, size: f64) -> Vec<(usize, f64)> {
    let end = start + size;
    let covered = start.floor() as usize..(end.ceil() as usize).min(source);
    let share = |index: usize| (end.min(index as f64 + 1.0) - start.max(index as f64)).max(0.0) / size;
    covered.map(|index| (index, share(index))).collect()
}

/// The two source pixels on both sides of the middle of an output pixel that is smaller than they are: coarse scans would
/// keep their stairs otherwise, which no pen has.
fn between(source: usize, start: f64, size: f64) -> Vec<(usize, f64)> {
    let last = source - 1;
    let middle = (start + 0.5 * size - 0.5).clamp(0.0, last as f64);
    // As much as lies on the source.
    let inside = ((source as f64).min(start + size) - start) / size;
    let (before, toward_next) = (middle as usize, middle.fract());
    vec![(before, (1.0 - toward_next) * inside), ((before + 1).min(last), toward_next * inside)]
}

/// Places a box of at most 28x28 pixels so that its centre of mass is nearest to `centre` and no ink is cut.
fn centred(boxed: &[u8], width: usize, height: usize, centre: (f64, f64)) -> Image {
    let (mut mass, mut mass_x, mut mass_y) = (0.0, 0.0, 0.0);
    for (index, &level) in boxed.iter().enumerate() {
        let level = f64::from(level);
        mass += level;
        mass_x += level * (index % width) as f64;
        mass_y += level * (index / width) as f64;
    }
    let offset = |moment: f64, centre: f64, extent: usize| {
        let offset = if mass > 0.0 { (centre - moment / mass).round() } else { 0.0 };
        (offset.max(0.0) as usize).min(SIDE - extent)
    };
    let (left, top) = (offset(mass_x, centre.0, width), offset(mass_y, centre.1, height));
    let mut image = [0; PIXELS];
    for (row, levels) in boxed.chunks_exact(width).enumerate() {
        let start = (top + row) * SIDE + left;
        image[start..start + width].copy_from_slice(levels);
    }
    image
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::Point;

    fn ink_at(size: usize, radius: f32, points: &[(f32, f32)]) -> Raster {
        let mut raster = Raster::blank(size, size);
        for pair in points.windows(2) {
            let [from, to] = [pair[0], pair[1]].map(|(x, y)| Point { x, y });
            raster.ink_segment(from, to, radius);
        }
        raster
    }

    fn bounds(image: &Image) -> (usize, usize, usize, usize) {
        Raster::from_levels(SIDE, SIDE, image.to_vec()).unwrap().ink_bounds().unwrap()
    }

    fn centre_of_mass(image: &Image) -> (f64, f64) {
        let mass: f64 = image.iter().map(|&level| f64::from(level)).sum();
        let moment = |axis: fn(usize) -> usize| -> f64 {
            image.iter().enumerate().map(|(index, &level)| f64::from(level) * axis(index) as f64).sum::<f64>()
                / mass
        };
        (moment(|index| index % SIDE), moment(|index| index / SIDE))
    }

    /// A seven drawn at any size and place becomes 20 pixels high with its mass in the middle.
    #[track_caller]
    fn check(size: usize, radius: f32, points: &[(f32, f32)]) {
        let image = normalise(&ink_at(size, radius, points)).unwrap();
        let (_, _, width, height) = bounds(&image);
        assert_eq!(width.max(height), 20);
        let (x, y) = centre_of_mass(&image);
        assert!((x - 14.0).abs() <= 0.51 && (y - 14.0).abs() <= 0.51, "centre of mass {x}, {y}");
    }

    #[test]
    fn any_size_and_place_is_scaled_and_centred() {
        check(280, 11.0, &[(80.0, 60.0), (200.0, 60.0), (120.0, 230.0)]);
        check(280, 11.0, &[(20.0, 15.0), (60.0, 15.0), (40.0, 60.0)]);
        check(280, 4.0, &[(200.0, 200.0), (270.0, 200.0), (230.0, 275.0)]);
        check(600, 2.0, &[(10.0, 300.0), (590.0, 310.0)]);
        check(28, 1.0, &[(5.0, 5.0), (9.0, 5.0), (7.0, 11.0)]);
    }

    #[test]
    fn no_ink_makes_no_image() {
        assert_eq!(normalise(&Raster::blank(280, 280)), None);
        assert_eq!(normalise(&Raster::blank(0, 0)), None);
    }

    #[test]
    fn averaging_keeps_the_mass_of_the_ink() {
        let raster = ink_at(280, 11.0, &[(80.0, 60.0), (200.0, 60.0), (120.0, 230.0)]);
        let (_, _, width, height) = raster.ink_bounds().unwrap();
        let source_per_pixel = width.max(height) as f64 / 20.0;
        let source: f64 = raster.levels().iter().map(|&level| f64::from(level)).sum();
        let image: f64 = normalise(&raster).unwrap().iter().map(|&level| f64::from(level)).sum();
        assert!((image * source_per_pixel.powi(2) / source - 1.0).abs() < 0.01);
    }

    /// A coarse scan has stairs; what is made of it has slopes, and the mass of the ink all the same.
    #[test]
    fn what_is_enlarged_is_interpolated() {
        let mut levels = vec![0; 10 * 10];
        for row in 0..10 {
            levels[row * 10 + row] = 255;
            levels[row * 10 + (row + 1).min(9)] = 255;
        }
        let image = normalise(&Raster::from_levels(10, 10, levels.clone()).unwrap()).unwrap();
        let grey = image.iter().filter(|&&level| (20..235).contains(&level)).count();
        assert!(grey > 50, "{grey} grey pixels");
        let mass = |levels: &[u8]| levels.iter().map(|&level| f64::from(level)).sum::<f64>();
        assert!((mass(&image) / (4.0 * mass(&levels)) - 1.0).abs() < 0.05);
    }

    #[test]
    fn an_image_made_so_passes_through_unchanged() {
        let image = normalise(&ink_at(280, 12.0, &[(80.0, 60.0), (200.0, 60.0), (120.0, 230.0)])).unwrap();
        let again = normalise(&Raster::from_levels(SIDE, SIDE, image.to_vec()).unwrap()).unwrap();
        assert_eq!(image, again);
    }
}
