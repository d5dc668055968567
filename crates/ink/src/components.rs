//! Ink that hangs together.

use crate::Raster;

/// A rectangle of pixels, at least one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Bounds {
    /// The column after the last.
    pub fn right(&self) -> usize {
        self.left + self.width
    }

    /// The row after the last.
    pub fn bottom(&self) -> usize {
        self.top + self.height
    }

    /// The smallest rectangle around both.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Self { left, top, width: right - left, height: bottom - top }
    }
}

/// Pixels with ink, each beside, above, below or diagonal to another one.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) bounds: Bounds,
    /// Places in the raster, row by row.
    pub(crate) places: Vec<u32>,
}

/// All components, in the order of their first pixels.
pub(crate) fn components(raster: &Raster) -> Vec<Component> {
    let (width, height) = (raster.width(), raster.height());
    let mut is_open: Vec<bool> = raster.levels().iter().map(|&level| level > 0).collect();
    let mut found = Vec::new();
    for first in 0..is_open.len() {
        if !is_open[first] {
            continue;
        }
        is_open[first] = false;
        let (mut places, mut next) = (vec![first as u32], 0);
        let mut bounds = Bounds { left: first % width, top: first / width, width: 1, height: 1 };
        while next < places.len() {
            let place = places[next] as usize;
            next += 1;
            let (column, row) = (place % width, place / width);
            bounds = bounds.with(&Bounds { left: column, top: row, width: 1, height: 1 });
            for row in row.saturating_sub(1)..(row + 2).min(height) {
                for column in column.saturating_sub(1)..(column + 2).min(width) {
                    let place = row * width + column;
                    if is_open[place] {
                        is_open[place] = false;
                        places.push(place as u32);
                    }
                }
            }
        }
        places.sort_unstable();
        found.push(Component { bounds, places });
    }
    found
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// A picture in signs: everything but a dot is ink.
    #[track_caller]
    fn check(rows: &[&str], expected: &[(usize, usize, usize, usize, usize)]) {
        let levels = rows.iter().flat_map(|row| row.bytes().map(|byte| if byte == b'.' { 0 } else { 255 }));
        let raster = Raster::from_levels(rows[0].len(), rows.len(), levels.collect()).unwrap();
        let found: Vec<_> = components(&raster)
            .iter()
            .map(|own| {
                (own.bounds.left, own.bounds.top, own.bounds.width, own.bounds.height, own.places.len())
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_touches_is_one_component_and_what_does_not_is_not() {
        check(&["...."], &[]);
        check(
            &["#..#", "....", "#.##"],
            &[(0, 0, 1, 1, 1), (3, 0, 1, 1, 1), (0, 2, 1, 1, 1), (2, 2, 2, 1, 2)],
        );
        check(&["#...", ".#..", "#.#."], &[(0, 0, 3, 3, 4)]);
        check(&["###", "#.#", "###"], &[(0, 0, 3, 3, 8)]);
    }
}
