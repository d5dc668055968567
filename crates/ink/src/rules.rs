//! Lined and squared paper.

use crate::{Picture, Raster};

/// A rule crosses at least this share of the picture, in hundredths.
const CROSSES: usize = 85;
/// Share of a rule that ink, folds and glare may hide, in hundredths.
const HIDDEN: usize = 45;

/// A rule is thinner than the picture's height by this factor.
const THICKEST: usize = 24;

/// The ink without lines that go right through the picture, across or down; strokes that cross them stay whole.
pub(crate) fn without_rules(raster: &Raster) -> Raster {
    let across = without_lines_across(raster);
    transposed(&without_lines_across(&transposed(&across)))
}

fn transposed(raster: &Raster) -> Raster {
    let (width, height) = (raster.height(), raster.width());
    let levels =
        (0..width * height).map(|place| raster.levels()[(place % width) * raster.width() + place / width]);
    Picture::raster(width, height, levels.collect())
}

fn without_lines_across(raster: &Raster) -> Raster {
    let (width, height) = (raster.width(), raster.height());
    let mut levels = raster.levels().to_vec();
    if width < 32 {
        return Picture::raster(width, height, levels);
    }
    for start in 0..height {
        // The upper edge of a stretch of ink at the left.
        let is_ink = |row: usize, column: usize| raster.levels()[row * width + column] > 0;
        let begins = (0..width / 16).any(|column| is_ink(start, column));
        if !begins {
            continue;
        }
        let Some(rows) = traced(raster, start) else { continue };
        // As thick as it is for the most part.
        let mut heights: Vec<usize> = rows
            .iter()
            .enumerate()
            .filter_map(|(column, row)| row.map(|row| stretch(raster, row, column).len()))
            .collect();
        heights.sort_unstable();
        let Some(&usual) = heights.get(heights.len() / 2) else { continue };
        // The bar of a 7 that fills the picture is no rule.
        if THICKEST * usual > height.max(2 * THICKEST) {
            continue;
        }
        for (column, row) in rows.iter().enumerate() {
            let Some(row) = row else { continue };
            let own = stretch(raster, *row, column);
            if own.len() <= 2 * usual + 1 {
                for row in own {
                    levels[row * width + column] = 0;
                }
            }
        }
    }
    Picture::raster(width, height, levels)
}

/// Follows ink from the left at this row, by at most a row in a column: for each column where it is, none where it is hidden.
/// Nothing where it does not go through.
fn traced(raster: &Raster, start: usize) -> Option<Vec<Option<usize>>> {
    let (width, height) = (raster.width(), raster.height());
    let is_ink = |row: usize, column: usize| raster.levels()[row * width + column] > 0;
    let most_hidden = width * HIDDEN / 100;
    let (mut row, mut hidden, mut since) = (start, 0, 0);
    // How thick it is, from its first columns on.
    let mut usual = usize::MAX;
    let mut rows = Vec::with_capacity(width);
    for column in 0..width {
        // Where a stroke crosses it, or nothing is seen, it goes straight on, ever less surely.
        let reach = 1 + since / 8;
        let near = row.saturating_sub(reach)..(row + reach + 1).min(height);
        let found = near.filter(|&near| is_ink(near, column)).min_by_key(|&near| near.abs_diff(row));
        let own = found.map(|found| stretch(raster, found, column));
        if let Some(own) = own.filter(|own| own.len() <= usual.saturating_mul(2).saturating_add(1)) {
            usual = usual.min(own.len().max(2));
            let middle = own.start + own.len() / 2;
            row = middle.clamp(row.saturating_sub(reach), row + reach).clamp(own.start, own.end - 1);
            since = 0;
            rows.push(Some(row));
        } else {
            hidden += 1;
            since += 1;
            if hidden > most_hidden || since > width / 3 {
                return (100 * column >= CROSSES * width).then_some(rows);
            }
            rows.push(None);
        }
    }
    Some(rows)
}

/// The rows of ink above and below a place, itself included.
fn stretch(raster: &Raster, row: usize, column: usize) -> core::ops::Range<usize> {
    let is_ink = |row: usize| raster.levels()[row * raster.width() + column] > 0;
    let (mut top, mut bottom) = (row, row + 1);
    while top > 0 && is_ink(top - 1) {
        top -= 1;
    }
    while bottom < raster.height() && is_ink(bottom) {
        bottom += 1;
    }
    top..bottom
}
