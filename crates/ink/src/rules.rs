//! Lined and squared paper.
//!
//! A rule is a thin line right through the picture, of one thickness and one contrast to the paper all along. What is thicker
//! or darker than the rest of it is a stroke that crosses it or runs along it, and stays.

use core::ops::{Range, RangeInclusive};

use crate::{Picture, Raster};

/// Between its ends there is at least this share of the picture, in hundredths.
const CROSSES: usize = 85;
/// Share of a rule that strokes may cover, folds and glare included, in hundredths.
const HIDDEN: usize = 65;
/// Share of it where there is nothing at all, in hundredths.
const MISSING: usize = 30;
/// A rule of the paper is thinner than the picture's height by this factor: the bar of a 7 that fills the picture is thicker.
const THICKEST: usize = 24;
/// By this factor a pen has more contrast than the rule on which it writes: it is darker, thicker or both.
const HEAVIER: f32 = 1.4;
/// Share of the picture's height by which a rule on paper that curls leaves the straight line between its ends, in hundredths.
const BENDS: usize = 3;
/// Rows by which a rule may rise in a column: it is nearly level.
const STEEPEST: f32 = 0.12;
/// Shares of the width at which rules are looked for, in hundredths: a digit hides one or two of them.
const LOOKED_FOR_AT: [usize; 5] = [3, 25, 50, 75, 97];

/// The ink without lines that go right through the picture, across or down; strokes on them stay whole. `contrast` says of each
/// place how far it differs from the paper, where ink is as strong as ink can be, too.
pub(crate) fn without_rules(ink: &Raster, contrast: &Raster) -> Raster {
    without_lines(ink, contrast, THICKEST)
}

/// The same for lines that are thinner than the picture is high, or wide, by this factor.
pub(crate) fn without_lines(ink: &Raster, contrast: &Raster, thinner_by: usize) -> Raster {
    let across = without_lines_across(ink, contrast, thinner_by);
    // Where a line was, there is paper now.
    let mut left = contrast.levels().to_vec();
    for (contrast, (before, after)) in left.iter_mut().zip(ink.levels().iter().zip(across.levels())) {
        if before != after {
            *contrast = 0;
        }
    }
    let left = Picture::raster(contrast.width(), contrast.height(), left);
    transposed(&without_lines_across(&transposed(&across), &transposed(&left), thinner_by))
}

fn transposed(raster: &Raster) -> Raster {
    let (width, height) = (raster.height(), raster.width());
    let levels =
        (0..width * height).map(|place| raster.levels()[(place % width) * raster.width() + place / width]);
    Picture::raster(width, height, levels.collect())
}

fn without_lines_across(ink: &Raster, contrast: &Raster, thinner_by: usize) -> Raster {
    let (width, height) = (ink.width(), ink.height());
    let mut levels = ink.levels().to_vec();
    if width < 32 {
        return Picture::raster(width, height, levels);
    }
    let tracer = Tracer { ink, contrast, thickest: (height / thinner_by).max(2) };
    for column in LOOKED_FOR_AT.map(|share| width * share / 100) {
        let mut row = 0;
        while row < height {
            let own = tracer.stretch(row, column);
            row = own.end + 1;
            // Some rules are found already.
            if own.is_empty() || levels[own.start * width + column] == 0 {
                continue;
            }
            let Some(rule) = tracer.rule(own, column) else { continue };
            for (column, rows) in rule {
                for row in rows {
                    levels[row * width + column] = 0;
                }
            }
        }
    }
    Picture::raster(width, height, levels)
}

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

struct Tracer<'a> {
    ink: &'a Raster,
    contrast: &'a Raster,
    /// In rows.
    thickest: usize,
}

impl Tracer<'_> {
    /// The rule that goes through this stretch of a column; nothing where no rule does.
    fn rule(&self, start: Range<usize>, column: usize) -> Option<Vec<(usize, Range<usize>)>> {
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
    fn stretch(&self, row: usize, column: usize) -> Range<usize> {
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const WIDTH: usize = 120;
    const HEIGHT: usize = 100;
    const RULE: u8 = 90;
    const PEN: u8 = 200;

    /// The contrast that is left of a pen and rules, each where its function says: of the pen all, of the rules nothing.
    #[track_caller]
    fn check(what: &str, is_pen: impl Fn(usize, usize) -> bool, is_rule: impl Fn(usize, usize) -> bool) {
        let places = || (0..WIDTH * HEIGHT).map(|place| (place % WIDTH, place / WIDTH));
        let contrast: Vec<u8> =
            places().map(|(x, y)| if is_pen(x, y) { PEN } else { u8::from(is_rule(x, y)) * RULE }).collect();
        // As strong as ink can be, whether of a pen or printed.
        let ink = contrast.iter().map(|&own| if own > 0 { 255 } else { 0 }).collect();
        let left =
            without_rules(&Picture::raster(WIDTH, HEIGHT, ink), &Picture::raster(WIDTH, HEIGHT, contrast));
        let (mut lost, mut stayed) = (0, 0);
        for ((x, y), &level) in places().zip(left.levels()) {
            lost += usize::from(is_pen(x, y) && level == 0);
            // Beside a stroke a few pixels of a rule are no harm.
            let near = |x: usize, y: usize| {
                (x.saturating_sub(4)..x + 5).any(|x| (y.saturating_sub(4)..y + 5).any(|y| is_pen(x, y)))
            };
            stayed += usize::from(is_rule(x, y) && !near(x, y) && level > 0);
        }
        assert_eq!((lost, stayed), (0, 0), "{what}: pixels of the pen lost, of rules left");
    }

    #[test]
    fn rules_go_and_strokes_on_them_stay() {
        let none = |_, _| false;
        let stem = |x, y| (60..64).contains(&x) && (20..80).contains(&y);
        let level = |_, y| (40..42).contains(&y);
        let squares = |x, y| x % 40 < 2 || y % 40 < 2;
        check("level", none, level);
        check("askew", none, |x, y| (30..33).contains(&(y - y.min(x / 20))));
        check("curled", none, |x, y| (40..42).contains(&(y + x * (WIDTH - x) / 1_500)));
        check("squares", none, squares);
        check("a stroke across", stem, level);
        check("strokes across squares", |x, y| stem(x, y) || stem(y, x), squares);
        check("a bar along a rule", |x, y| (20..90).contains(&x) && (39..43).contains(&y), level);
        check("a bar beside a rule", |x, y| (20..90).contains(&x) && (42..45).contains(&y), level);
        check("a stem along a rule", |x, y| (40..43).contains(&x) && (20..80).contains(&y), squares);
        check("a slanted 1 that fills the picture", |x, y| (40 + y / 4..43 + y / 4).contains(&x), none);
        check(
            "a 1 that nearly fills the picture",
            |x, y| (60..63).contains(&x) && (10..92).contains(&y),
            none,
        );
    }
}
