//! Turning, slanting, stretching and elastic bending, in one sampling of the image.

use ink::{Image, Raster, SIDE};
use train_config::Augmentation;

use crate::chance::Chance;

/// Samples to a pixel of the image, along each axis.
pub(crate) const DETAIL: usize = 2;
/// Side of the sampled square: room for a digit that grows.
const CANVAS: usize = 34 * DETAIL;
/// Pieces of the bending's curves along each axis.
const PIECES: usize = 6;
/// Points that bend a cubic B-spline of so many pieces.
const KNOTS: usize = PIECES + 3;
/// A spline between random knots deviates by so much less than they do.
const SPLINE_DEVIATION: f32 = 0.48;
/// Between the pixels of an image ink ends more abruptly than a straight line between their levels says: so many times, around
/// this level. With these, an image that is changed by nothing keeps its ink and its edges; without, digits grow pale and, as
/// the pale rim counts as ink, small.
const STEEPER: f32 = 2.2;
const EDGE_LEVEL: f32 = 120.0;

/// The image on a finer grid, with every change of form.
pub(crate) fn warped(image: &Image, augmentation: &Augmentation, chance: &mut Chance<'_>) -> Raster {
    let (sin, cos) = chance.either_way(augmentation.rotation_degrees).to_radians().sin_cos();
    let shear = chance.either_way(augmentation.shear);
    let stretch = chance.either_way(augmentation.stretch).exp().sqrt();
    let bends = [(); 2].map(|()| Bend::new(augmentation.bend_px, chance));

    let middle = CANVAS as f32 / 2.0;
    let mut levels = vec![0; CANVAS * CANVAS];
    for (row, out) in levels.chunks_exact_mut(CANVAS).enumerate() {
        let rows = bends.each_ref().map(|bend| bend.row(row));
        let v = (row as f32 + 0.5 - middle) / DETAIL as f32;
        for (column, level) in out.iter_mut().enumerate() {
            let u = (column as f32 + 0.5 - middle) / DETAIL as f32;
            let (u, v) = (u + bends[0].at(&rows[0], column), v + bends[1].at(&rows[1], column));
            // Backwards, from the result to the image.
            let (u, v) = (cos * u + sin * v, cos * v - sin * u);
            let (u, v) = ((u + shear * v) / stretch, v * stretch);
            let sampled = sample(image, u + SIDE as f32 / 2.0, v + SIDE as f32 / 2.0);
            *level = (EDGE_LEVEL + STEEPER * (sampled - EDGE_LEVEL) + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
    Raster::from_levels(CANVAS, CANVAS, levels).expect("a level for each place")
}

/// The level at a place between pixels, whose centres lie at halves; paper outside.
fn sample(image: &Image, x: f32, y: f32) -> f32 {
    let (x, y) = (x - 0.5, y - 0.5);
    let (column, row) = (x.floor(), y.floor());
    let (right, down) = (x - column, y - row);
    let (column, row) = (column as i32, row as i32);
    let along =
        |row: i32| level_at(image, column, row) * (1.0 - right) + level_at(image, column + 1, row) * right;
    along(row) * (1.0 - down) + along(row + 1) * down
}

/// The level of a pixel; paper outside.
pub(crate) fn level_at(image: &Image, column: i32, row: i32) -> f32 {
    let inside = |at: i32| (0..SIDE as i32).contains(&at);
    if inside(column) && inside(row) { f32::from(image[row as usize * SIDE + column as usize]) } else { 0.0 }
}

/// A smooth random displacement along one axis.
struct Bend {
    knots: [[f32; KNOTS]; KNOTS],
}

impl Bend {
    fn new(deviation_px: f32, chance: &mut Chance<'_>) -> Self {
        let deviation = deviation_px / SPLINE_DEVIATION;
        Self { knots: [(); KNOTS].map(|()| [(); KNOTS].map(|()| chance.normal(deviation))) }
    }

    /// The knots of one row of the canvas.
    fn row(&self, row: usize) -> [f32; KNOTS] {
        let (first, weights) = spline(row);
        core::array::from_fn(|column| {
            weights.iter().zip(&self.knots[first..]).map(|(weight, knots)| weight * knots[column]).sum()
        })
    }

    #[expect(clippy::unused_self, reason = "it belongs to the bend whose row is given")]
    fn at(&self, row: &[f32; KNOTS], column: usize) -> f32 {
        let (first, weights) = spline(column);
        weights.iter().zip(&row[first..]).map(|(weight, knot)| weight * knot).sum()
    }
}

/// The first of the four knots that count at a place, and their weights: a uniform cubic B-spline.
fn spline(place: usize) -> (usize, [f32; 4]) {
    let along = place as f32 * PIECES as f32 / CANVAS as f32;
    let first = along as usize;
    let t = along - first as f32;
    let rest = 1.0 - t;
    let weights = [
        rest * rest * rest,
        3.0 * t * t * t - 6.0 * t * t + 4.0,
        3.0 * rest * rest * rest - 6.0 * rest * rest + 4.0,
        t * t * t,
    ];
    (first, weights.map(|weight| weight / 6.0))
}
