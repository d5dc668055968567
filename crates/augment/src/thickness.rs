//! Thicker and thinner strokes.

use ink::Raster;

/// Less ink than this share of what there was is no longer the same sign.
const LEAST_LEFT: u64 = 45;

/// Moves every edge of the ink outwards by so many pixels, inwards where negative; ink that would nearly vanish is left as it was.
pub(crate) fn change(raster: &mut Raster, by_px: f32) {
    let choose: fn(u8, u8) -> u8 = if by_px > 0.0 { Ord::max } else { Ord::min };
    let (width, mut left_px) = (raster.width(), by_px.abs());
    let mut levels = raster.levels().to_vec();
    let mut is_square = false;
    while left_px > 0.0 && width > 0 {
        // By turns the four and the eight neighbours: together nearly round.
        let moved = of_neighbours(&levels, width, is_square, choose);
        let share = left_px.min(1.0);
        for (level, moved) in levels.iter_mut().zip(moved) {
            *level = (f32::from(*level) * (1.0 - share) + f32::from(moved) * share + 0.5) as u8;
        }
        left_px -= 1.0;
        is_square = !is_square;
    }
    let ink = |levels: &[u8]| levels.iter().map(|&level| u64::from(level)).sum::<u64>();
    if 100 * ink(&levels) >= LEAST_LEFT * ink(raster.levels()) {
        let (width, height) = (raster.width(), raster.height());
        *raster = Raster::from_levels(width, height, levels).expect("a level for each place");
    }
}

/// For each place the level that `choose` takes from it and its four or eight neighbours.
fn of_neighbours(levels: &[u8], width: usize, is_square: bool, choose: fn(u8, u8) -> u8) -> Vec<u8> {
    let rows = levels.len() / width;
    let beside = |levels: &[u8]| -> Vec<u8> {
        let mut out = levels.to_vec();
        for (row, out) in levels.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            for column in 1..width - 1 {
                out[column] = choose(row[column], choose(row[column - 1], row[column + 1]));
            }
        }
        out
    };
    let along = beside(levels);
    let above = if is_square { along.clone() } else { levels.to_vec() };
    let mut out = along;
    for row in 1..rows - 1 {
        for column in 0..width {
            let at = row * width + column;
            out[at] = choose(out[at], choose(above[at - width], above[at + width]));
        }
    }
    out
}
