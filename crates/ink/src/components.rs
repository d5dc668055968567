//! Ink that hangs together.

use crate::{Picture, Raster};

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

    /// Whether it lies at the left, the right, the upper and the lower border of a raster.
    pub(crate) fn at_border(&self, raster: &Raster) -> [bool; 4] {
        let near = near_border(raster);
        [
            self.left < near,
            self.right() + near > raster.width(),
            self.top < near,
            self.bottom() + near > raster.height(),
        ]
    }
}

/// Pixels from a border that still are at it: rests of a rule along it may begin one or two inside.
pub(crate) fn near_border(raster: &Raster) -> usize {
    1 + raster.width().min(raster.height()) / 100
}

/// The ink at these places, all within `bounds`, on a raster of that size.
pub(crate) fn ink_alone(raster: &Raster, places: impl IntoIterator<Item = u32>, bounds: &Bounds) -> Raster {
    let mut levels = vec![0; bounds.width * bounds.height];
    for place in places {
        let (column, row) = (place as usize % raster.width(), place as usize / raster.width());
        levels[(row - bounds.top) * bounds.width + column - bounds.left] = raster.levels()[place as usize];
    }
    Picture::raster(bounds.width, bounds.height, levels)
}

/// Pixels with ink, each beside, above, below or diagonal to another one.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) bounds: Bounds,
    /// Places in the raster, row by row.
    pub(crate) places: Vec<u32>,
}

impl Component {
    /// Whether its ink encloses paper.
    pub(crate) fn has_hole(&self, raster: &Raster) -> bool {
        // A rim of paper around it, from which all paper outside is reached.
        let (width, height) = (self.bounds.width + 2, self.bounds.height + 2);
        let mut is_known = vec![false; width * height];
        for &place in &self.places {
            let (column, row) = (place as usize % raster.width(), place as usize / raster.width());
            is_known[(row - self.bounds.top + 1) * width + column - self.bounds.left + 1] = true;
        }
        is_known[0] = true;
        let mut open = vec![0];
        while let Some(place) = open.pop() {
            let (column, row) = (place % width, place / width);
            let beside = [
                (column > 0).then(|| place - 1),
                (column + 1 < width).then(|| place + 1),
                (row > 0).then(|| place - width),
                (row + 1 < height).then(|| place + width),
            ];
            for next in beside.into_iter().flatten() {
                if !is_known[next] {
                    is_known[next] = true;
                    open.push(next);
                }
            }
        }
        is_known.contains(&false)
    }
}

/// Pixels with ink beside each other in a row.
struct Run {
    row: usize,
    columns: core::ops::Range<usize>,
    /// A run above that it touches, or itself.
    parent: usize,
}

/// All components, in the order of their first pixels.
///
/// Runs of a row are joined to those above that they touch (A. Rosenfeld, J. Pfaltz, "Sequential operations in digital
/// picture processing", JACM 13, 1966): ink has far fewer runs than pixels.
pub(crate) fn components(raster: &Raster) -> Vec<Component> {
    let runs = joined_runs(raster);
    let mut found: Vec<Component> = Vec::new();
    // The component of each run that is the first of one.
    let mut numbers = vec![usize::MAX; runs.len()];
    for (place, run) in runs.iter().enumerate() {
        let Run { row, columns, .. } = run;
        let own = Bounds { left: columns.start, top: *row, width: columns.len(), height: 1 };
        let first = first_of(&runs, place);
        if numbers[first] == usize::MAX {
            numbers[first] = found.len();
            found.push(Component { bounds: own, places: Vec::new() });
        }
        let component = &mut found[numbers[first]];
        component.bounds = component.bounds.with(&own);
        let start = row * raster.width();
        component.places.extend((start + columns.start..start + columns.end).map(|place| place as u32));
    }
    found
}

fn joined_runs(raster: &Raster) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut above = 0..0;
    for (row, levels) in raster.levels().chunks_exact(raster.width().max(1)).enumerate() {
        let first = runs.len();
        let mut column = 0;
        while let Some(start) = levels[column..].iter().position(|&level| level > 0) {
            let start = column + start;
            let length = levels[start..].iter().position(|&level| level == 0).unwrap_or(levels.len() - start);
            column = start + length;
            let own = runs.len();
            runs.push(Run { row, columns: start..column, parent: own });
            // Diagonal neighbours touch too. What lies wholly to the left is of no use to later runs either.
            while above.start < above.end && runs[above.start].columns.end < start {
                above.start += 1;
            }
            let touching = above.clone().take_while(|&other| runs[other].columns.start <= column);
            for other in touching.collect::<Vec<_>>() {
                let (one, other) = (first_of(&runs, own), first_of(&runs, other));
                runs[one.max(other)].parent = one.min(other);
            }
        }
        above = first..runs.len();
    }
    runs
}

fn first_of(runs: &[Run], mut place: usize) -> usize {
    while runs[place].parent != place {
        place = runs[place].parent;
    }
    place
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
        // Two arms that meet below, and a run that touches several.
        check(&["#.#.#", "#.#.#", "#####"], &[(0, 0, 5, 3, 11)]);
        check(&["##.##", ".....", "##.##", "..#.."], &[(0, 0, 2, 1, 2), (3, 0, 2, 1, 2), (0, 2, 5, 2, 5)]);
    }
}
