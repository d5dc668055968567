//! Cutting ink that is too wide for one digit.

use crate::{
    Raster,
    components::{Bounds, Component},
};

/// From this width on, in heights of its line, a component may be several digits.
const CUT_FROM: f32 = 0.72;

/// Ink between two places at which a digit may begin or end.
pub(crate) struct Atom {
    pub(crate) bounds: Bounds,
    pub(crate) places: Vec<u32>,
    /// Whether connected ink was cut at its left.
    pub(crate) is_cut: bool,
}

/// A component, cut at the columns with the least ink where it is too wide for one digit.
pub(crate) fn cut(raster: &Raster, component: Component, height: f32) -> Vec<Atom> {
    let Component { bounds, places } = component;
    if (bounds.width as f32) < CUT_FROM * height {
        return vec![Atom { bounds, places, is_cut: false }];
    }
    let mut columns = vec![0_u32; bounds.width];
    for &place in &places {
        let level = raster.levels()[place as usize];
        columns[place as usize % raster.width() - bounds.left] += u32::from(level);
    }
    let mut ends = cut_columns(&columns, height);
    ends.push(bounds.width);
    let mut atoms = Vec::new();
    let mut start = 0;
    for end in ends {
        let inside = |place: &&u32| {
            let column = **place as usize % raster.width() - bounds.left;
            (start..end).contains(&column)
        };
        let own: Vec<u32> = places.iter().filter(inside).copied().collect();
        let columns = || own.iter().map(|&place| place as usize % raster.width());
        let rows = || own.iter().map(|&place| place as usize / raster.width());
        let (left, right) = (columns().min(), columns().max());
        if let (Some(left), Some(right), Some(top), Some(bottom)) = (left, right, rows().min(), rows().max())
        {
            let bounds = Bounds { left, top, width: right + 1 - left, height: bottom + 1 - top };
            atoms.push(Atom { bounds, places: own, is_cut: start > 0 });
        }
        start = end;
    }
    atoms
}

/// Columns with less ink than those around them, at least a quarter of a line's height from the ends and from each other.
fn cut_columns(columns: &[u32], height: f32) -> Vec<usize> {
    let reach = ((0.22 * height) as usize).max(1);
    let mut by_ink: Vec<usize> = (reach..columns.len().saturating_sub(reach)).collect();
    by_ink.sort_by_key(|&column| columns[column]);
    let mut cuts: Vec<usize> = Vec::new();
    for column in by_ink {
        let window = &columns[column.saturating_sub(reach)..(column + reach).min(columns.len())];
        let most = window.iter().max().copied().unwrap_or(0);
        let is_thin = 10 * columns[column] <= 7 * most;
        if is_thin && cuts.iter().all(|&other| other.abs_diff(column) >= reach) {
            cuts.push(column);
        }
    }
    cuts.sort_unstable();
    cuts
}
