//! Following a nearly level line through a picture: whether it is a rule, and where.

use core::ops::{Range, RangeInclusive};

use crate::Raster;

/// Between its ends there is at least this share of the picture, in hundredths.
const CROSSES: usize = 85;
/// Share of a rule that strokes may cover, folds and glare included, in hundredths.
const HIDDEN: usize = 65;
/// Share of it where there is nothing at all, in hundredths.
const MISSING: usize = 30;
/// By this factor a pen has more contrast than the rule on which it writes: it is darker, thicker or both.
const HEAVIER: f32 = 1.4;
/// Share of the picture's height by which a rule on paper that curls leaves the straight line between its ends, in hundredths.
const BENDS: usize = 3;
/// Rows by which a rule may rise in a column: it is nearly level.
const STEEPEST: f32 = 0.12;

/// How thick a line is, in rows, and its contrast to the paper, summed over them.
struct Look {
    thickness: usize,
    weight: RangeInclusive<f32>,
}

/// A line that was followed to both sides: where it is seen, and in how many columns it is not.
#[derive(Default)]
struct Trace {
    seen: Vec<(usize, Range<usize>)>,
    covered: usize,
    missing: usize,
}

/// The slope of the straight line between its ends, in rows a column, and by how many rows a line leaves that.
fn course(seen: &[(usize, Range<usize>)]) -> (f32, f32) {
    let middle =
        |(column, rows): &(usize, Range<usize>)| (*column as f32, (rows.start + rows.end - 1) as f32 / 2.0);
    let ends = seen.iter().min_by_key(|own| own.0).zip(seen.iter().max_by_key(|own| own.0));
    let Some(((first, from), (last, to))) = ends.map(|(first, last)| (middle(first), middle(last))) else {
        return (0.0, 0.0);
    };
    let slope = (to - from) / (last - first).max(1.0);
    let off = |own| {
        let (column, row) = middle(own);
        (row - from - slope * (column - first)).abs()
    };
    (slope, seen.iter().map(off).fold(0.0, f32::max))
}

/// Whether nearly the whole width lies between its ends.
fn crosses(seen: &[(usize, Range<usize>)], width: usize) -> bool {
    let columns = || seen.iter().map(|(column, _)| *column);
    let ends = columns().min().zip(columns().max());
    ends.is_some_and(|(first, last)| 100 * (last - first) >= CROSSES * width)
}

/// Follows lines of a raster from column to column.
pub(crate) struct Tracer<'a> {
    pub(crate) ink: &'a Raster,
    /// How far each place differs from the paper.
    pub(crate) contrast: &'a Raster,
    /// Of a rule, in rows.
    pub(crate) thickest: usize,
}

impl Tracer<'_> {
    /// The rule that goes through this stretch of a column; nothing where no rule does.
    pub(crate) fn rule(&self, start: Range<usize>, column: usize) -> Option<Vec<(usize, Range<usize>)>> {
        let (width, height) = (self.ink.width(), self.ink.height());
        if start.len() > self.thickest {
            return None;
        }
        // First whatever is thin, then what looks as most of that does.
        let any = Look { thickness: start.len().max(2), weight: 0.0..=f32::INFINITY };
        let first = self.traced(start.clone(), column, &any);
        if !crosses(&first.seen, width) {
            return None;
        }
        let look = self.usual(&first.seen)?;
        let trace = self.traced(start, column, &look);
        let (slope, bend) = course(&trace.seen);
        let is_rule = look.thickness <= self.thickest
            && crosses(&trace.seen, width)
            && slope.abs() <= STEEPEST
            && 100.0 * bend <= (BENDS * height.max(100)) as f32
            && 100 * (trace.covered + trace.missing) <= HIDDEN * width;
        is_rule.then_some(trace.seen)
    }

    /// As thick and as dark as the thinner and fainter parts of it: strokes may cover more than half.
    fn usual(&self, seen: &[(usize, Range<usize>)]) -> Option<Look> {
        let mut thickness: Vec<usize> = seen.iter().map(|(_, rows)| rows.len()).collect();
        let mut weight: Vec<u32> = seen.iter().map(|(column, rows)| self.weight(rows, *column)).collect();
        thickness.sort_unstable();
        weight.sort_unstable();
        let place = seen.len() / 3;
        let usual = *weight.get(place)? as f32;
        Some(Look { thickness: *thickness.get(place)?, weight: usual / HEAVIER..=usual * HEAVIER })
    }

    /// Follows a line from a stretch of a column to both sides.
    fn traced(&self, start: Range<usize>, column: usize, look: &Look) -> Trace {
        let mut trace = Trace::default();
        let row = (start.start + start.end - 1) as f32 / 2.0;
        let slope = self.follow(row, 0.0, column..self.ink.width(), look, &mut trace);
        self.follow(row, -slope, (0..column).rev(), look, &mut trace);
        trace
    }

    /// Follows a line through columns from this row on, as far as it stays in the picture: its slope at the end.
    fn follow(
        &self,
        mut row: f32,
        mut slope: f32,
        columns: impl Iterator<Item = usize>,
        look: &Look,
        trace: &mut Trace,
    ) -> f32 {
        let height = self.ink.height();
        let mut since = 0;
        for column in columns {
            row += slope;
            if row < -0.5 || row > height as f32 - 0.5 {
                break;
            }
            // Where it is not seen it goes straight on, ever less surely.
            let at = (row + 0.5).clamp(0.0, height as f32 - 1.0) as usize;
            let reach = 1 + (since / 8).min(look.thickness + 2);
            let near = at.saturating_sub(reach)..(at + reach + 1).min(height);
            let inked = near.filter(|&near| self.is_ink(near, column)).min_by_key(|near| near.abs_diff(at));
            let own = inked.map(|inked| self.stretch(inked, column));
            let is_line = |own: &Range<usize>| {
                own.len() <= 2 * look.thickness + 1
                    && look.weight.contains(&(self.weight(own, column) as f32))
            };
            match own {
                Some(own) if is_line(&own) => {
                    let off = (own.start + own.end - 1) as f32 / 2.0 - row;
                    row += 0.2 * off;
                    slope = (slope + 0.005 * off).clamp(-STEEPEST, STEEPEST);
                    since = 0;
                    trace.seen.push((column, own));
                }
                Some(_) => {
                    trace.covered += 1;
                    since += 1;
                }
                None => {
                    trace.missing += 1;
                    since += 1;
                    if 100 * trace.missing > MISSING * self.ink.width() {
                        break;
                    }
                }
            }
        }
        slope
    }

    fn is_ink(&self, row: usize, column: usize) -> bool {
        self.ink.levels()[row * self.ink.width() + column] > 0
    }

    /// All contrast in these rows and the two around them: the same wherever a line falls on the pixels, unlike the darkest.
    fn weight(&self, rows: &Range<usize>, column: usize) -> u32 {
        let rows = rows.start.saturating_sub(1)..(rows.end + 1).min(self.contrast.height());
        let contrast = |row: usize| self.contrast.levels()[row * self.contrast.width() + column];
        rows.map(|row| u32::from(contrast(row))).sum()
    }

    /// The rows of ink above and below a place, itself included; empty where there is none.
    pub(crate) fn stretch(&self, row: usize, column: usize) -> Range<usize> {
        if !self.is_ink(row, column) {
            return row..row;
        }
        let (mut top, mut bottom) = (row, row + 1);
        while top > 0 && self.is_ink(top - 1, column) {
            top -= 1;
        }
        while bottom < self.ink.height() && self.is_ink(bottom, column) {
            bottom += 1;
        }
        top..bottom
    }
}
