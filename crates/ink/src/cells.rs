//! Empty cells of a grid: grey paper, perhaps a printed rule along a border, perhaps the ghost of the page behind. They hold no
//! ink, however much a rule looks like a one or a seven.

use crate::Picture;

/// What differs from the paper by less is no pen's.
const WEAKEST_INK: u8 = 24;
/// The same where no rule says that this is a cell: a ghost, and nothing else.
const WEAKEST_ALONE: u8 = 18;
/// A rule differs from the paper by so much at least, in most places along it.
const RULE_CONTRAST: u8 = 10;
/// Share of a side along which a rule is seen, in hundredths.
const RULE_LENGTH: usize = 85;
/// A rule is no thicker than this share of the picture, in hundredths.
const RULE_THICKNESS: usize = 14;
/// Ink has more pixels than this share of the picture, in thousandths.
const LEAST_PIXELS: usize = 3;

/// Whether a picture shows an empty cell: apart from rules along one or two of its borders, nothing differs enough from the paper.
pub(crate) fn is_empty_cell(picture: &Picture) -> bool {
    const SMALLEST: usize = 12;
    let (width, height) = (picture.width, picture.height);
    if width.min(height) < SMALLEST {
        return false;
    }
    let paper = median(picture);
    let rows = Side { count: height, length: width, across: 1, along: width };
    let columns = Side { count: width, length: height, across: width, along: 1 };
    let rules = [
        rows.rule(picture, paper, false),
        rows.rule(picture, paper, true),
        columns.rule(picture, paper, false),
        columns.rule(picture, paper, true),
    ];
    let found = rules.iter().filter(|&&thickness| thickness > 0).count();
    let weakest = match found {
        // Clean white or black says nothing: every drawing on a screen has it.
        0 if (60..=235).contains(&paper) => WEAKEST_ALONE,
        1 | 2 => WEAKEST_INK,
        _ => return false,
    };
    let [top, bottom, left, right] = rules;
    // The soft edge of a rule is no ink either.
    let inner = |rule: usize| if rule > 0 { rule + 1 } else { 0 };
    let (first_row, last_row) = (inner(top), height.saturating_sub(inner(bottom)));
    let (first_column, last_column) = (inner(left), width.saturating_sub(inner(right)));
    let mut strong = 0;
    for row in first_row..last_row {
        let values = &picture.brightness[row * width..][..width];
        let inside = values.get(first_column..last_column).unwrap_or_default();
        strong += inside.iter().filter(|&&value| value.abs_diff(paper) >= weakest).count();
    }
    strong <= (LEAST_PIXELS * width * height / 1_000).max(3)
}

fn median(picture: &Picture) -> u8 {
    let mut values = picture.brightness.clone();
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}

/// The lines of a picture along one of its sides.
struct Side {
    /// How many there are.
    count: usize,
    /// Pixels of each.
    length: usize,
    /// Places from one pixel of a line to the next.
    across: usize,
    /// Places from one line to the next.
    along: usize,
}

impl Side {
    /// How many lines from the border inwards a rule takes; 0 where there is none. The outermost may be paper beyond it.
    fn rule(&self, picture: &Picture, paper: u8, from_end: bool) -> usize {
        let most = (self.count * RULE_THICKNESS / 100).max(2);
        let is_rule = |line: usize| {
            let line = if from_end { self.count - 1 - line } else { line };
            let value = |place: usize| picture.brightness[line * self.along + place * self.across];
            let far = |is_far: fn(u8, u8) -> bool| {
                (0..self.length).filter(|&place| is_far(value(place), paper)).count()
            };
            let brighter = far(|value, paper| value >= paper.saturating_add(RULE_CONTRAST) && value > paper);
            let darker = far(|value, paper| value <= paper.saturating_sub(RULE_CONTRAST) && value < paper);
            100 * brighter.max(darker) >= RULE_LENGTH * self.length
        };
        let begins = usize::from(!is_rule(0));
        let thickness = (begins..=begins + most).take_while(|&line| is_rule(line)).count();
        if (1..=most).contains(&thickness) { begins + thickness } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{Drawing, Point, found_ink, normalise};

    /// Numbers that look drawn, from 0 to below `below`.
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, below: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % below
        }
    }

    /// Grey paper with grain.
    fn cell(side: usize, draw: &mut Draw) -> Vec<u8> {
        let paper = 110 + draw.below(100);
        (0..side * side).map(|_| (paper + draw.below(7)) as u8).collect()
    }

    /// A printed rule along a border, brighter than the paper or darker.
    fn rule(values: &mut [u8], side: usize, border: usize, draw: &mut Draw) {
        let (thickness, is_bright) = (1 + draw.below(side as u64 / 20 + 1) as usize, draw.below(4) > 0);
        let change = 15 + draw.below(30) as u8;
        for line in 0..thickness {
            for along in 0..side {
                let (row, column) = match border {
                    0 => (line, along),
                    1 => (side - 1 - line, along),
                    2 => (along, line),
                    _ => (along, side - 1 - line),
                };
                let value = &mut values[row * side + column];
                *value = if is_bright { value.saturating_add(change) } else { value.saturating_sub(change) };
            }
        }
    }

    /// What shines through from the other side: a seven, blurred by the paper.
    fn ghost(values: &mut [u8], side: usize, strength: u8) {
        let stroke =
            |points: &[(f32, f32)]| points.iter().map(|&(x, y)| Point { x: x * 28.0, y: y * 28.0 }).collect();
        let scaled: Vec<Vec<Point>> = vec![stroke(&[(2.0, 2.0), (8.0, 2.0), (4.0, 9.0)])];
        let image = Drawing::from_strokes(scaled).image().unwrap();
        for row in 0..side {
            for column in 0..side {
                let level = image[row * 28 / side * 28 + column * 28 / side];
                let value = &mut values[row * side + column];
                *value = value.saturating_sub((u16::from(level) * u16::from(strength) / 255) as u8);
            }
        }
    }

    fn is_blank(side: usize, values: Vec<u8>) -> bool {
        let picture = Picture::from_brightness(side, side, values).unwrap();
        normalise(&found_ink(&picture, None).raster).is_none()
    }

    #[test]
    fn empty_cells_hold_no_ink() {
        let (mut blank, mut total) = (0, 0);
        for seed in 0..400 {
            let draw = &mut Draw(seed);
            let side = 24 + draw.below(100) as usize;
            let mut values = cell(side, draw);
            if draw.below(3) == 0 {
                ghost(&mut values, side, 5 + draw.below(9) as u8);
            }
            let first = draw.below(4) as usize;
            rule(&mut values, side, first, draw);
            if draw.below(2) == 0 {
                rule(&mut values, side, (first + 2) % 4, draw);
            }
            total += 1;
            blank += usize::from(is_blank(side, values));
        }
        assert!(100 * blank >= 98 * total, "{blank} of {total} were left blank");
    }

    #[test]
    fn a_digit_in_a_cell_stays() {
        for seed in 0..200 {
            let draw = &mut Draw(seed);
            let side = 24 + draw.below(100) as usize;
            let mut values = cell(side, draw);
            ghost(&mut values, side, 60 + draw.below(50) as u8);
            if draw.below(2) == 0 {
                rule(&mut values, side, draw.below(4) as usize, draw);
            }
            assert!(!is_blank(side, values), "seed {seed}, side {side}");
        }
    }

    /// A seven that is cut out so tightly that its bar lies along the border.
    #[test]
    fn a_bar_along_the_border_is_no_rule() {
        let mut values = vec![30; 28 * 28];
        for place in 0..28 {
            for thick in 0..3 {
                values[thick * 28 + place] = 220;
                values[place * 28 + 14 + thick] = 220;
            }
        }
        assert!(!is_blank(28, values));
    }
}
