//! Lined and squared paper.
//!
//! A rule is a thin line right through the picture, of one thickness and one contrast to the paper all along. What is thicker
//! or darker than the rest of it is a stroke that crosses it or runs along it, and stays.

use crate::{Picture, Raster, tracer::Tracer};

/// A rule of the paper is thinner than the picture's height by this factor: the bar of a 7 that fills the picture is thicker.
const THICKEST: usize = 24;
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
