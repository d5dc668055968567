//! The boxes of forms.

use crate::{
    Bounds, Picture, Raster,
    components::{Component, components, ink_alone},
    rules::without_lines,
};

/// A smaller piece of ink is no box to write in, in pixels.
const LEAST_SIDE: usize = 32;
/// By this factor what stands in a box is smaller, at most: there may be dust in a square nought.
const SMALLEST: usize = 16;
/// The lines of a box are thinner than it by this factor.
const THICKEST: usize = 10;
/// A side of a box lies within this share of it along the border, in hundredths.
const ALONG: usize = 12;
/// Share of a side that is drawn, in hundredths.
const DRAWN: usize = 80;

/// The ink without boxes: pieces with a rule along each of their four sides that have more ink within.
pub(crate) fn without_boxes(ink: &Raster, contrast: &Raster) -> Raster {
    let all = components(ink);
    let mut levels = ink.levels().to_vec();
    for (place, own) in all.iter().enumerate() {
        let bounds = own.bounds;
        if bounds.width.min(bounds.height) < LEAST_SIDE {
            continue;
        }
        let piece = ink_alone(ink, own.places.iter().copied(), &bounds);
        let drawn = sides(&piece);
        // The border may cut one side, no more: a digit that is cropped tightly touches all four borders.
        let is_closed = drawn.iter().zip(bounds.at_border(ink)).all(|(&is_drawn, is_cut)| is_drawn || is_cut)
            && drawn.iter().filter(|&&is_drawn| is_drawn).count() >= 3;
        if !is_closed {
            continue;
        }
        let left = without_lines(&piece, &cropped(contrast, bounds), THICKEST);
        let is_large =
            |inside: &Bounds| SMALLEST * inside.width.max(inside.height) > bounds.width.min(bounds.height);
        let holds = |other: &Component| bounds.with(&other.bounds) == bounds && is_large(&other.bounds);
        let holds_other = all.iter().enumerate().any(|(other, inside)| other != place && holds(inside));
        let holds_own = || components(&left).iter().any(|rest| is_large(&rest.bounds));
        if sides(&left).iter().any(|&side| side) || !(holds_other || holds_own()) {
            continue;
        }
        for &place in &own.places {
            let (column, row) = (place as usize % ink.width(), place as usize / ink.width());
            levels[place as usize] = left.levels()[(row - bounds.top) * bounds.width + column - bounds.left];
        }
    }
    Picture::raster(ink.width(), ink.height(), levels)
}

fn cropped(raster: &Raster, Bounds { left, top, width, height }: Bounds) -> Raster {
    let rows = raster.levels().chunks_exact(raster.width()).skip(top).take(height);
    Picture::raster(width, height, rows.flat_map(|row| row[left..left + width].iter().copied()).collect())
}

/// Whether there is ink along the left, the right, the upper and the lower border, nearly everywhere.
fn sides(raster: &Raster) -> [bool; 4] {
    let (width, height) = (raster.width(), raster.height());
    let is_ink = |column: usize, row: usize| raster.levels()[row * width + column] > 0;
    let (across, down) = (1 + width * ALONG / 100, 1 + height * ALONG / 100);
    let is_drawn = |length: usize, is_ink_at: &dyn Fn(usize) -> bool| {
        100 * (0..length).filter(|&at| is_ink_at(at)).count() >= DRAWN * length
    };
    [
        is_drawn(height, &|row| (0..across).any(|column| is_ink(column, row))),
        is_drawn(height, &|row| (width - across..width).any(|column| is_ink(column, row))),
        is_drawn(width, &|column| (0..down).any(|row| is_ink(column, row))),
        is_drawn(width, &|column| (height - down..height).any(|row| is_ink(column, row))),
    ]
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const WIDTH: usize = 160;
    const HEIGHT: usize = 100;

    /// Ink where a function says; what is left must be where the other says.
    #[track_caller]
    fn check(what: &str, ink: impl Fn(usize, usize) -> bool, left: impl Fn(usize, usize) -> bool) {
        let all = |is_ink: &dyn Fn(usize, usize) -> bool| -> Vec<u8> {
            (0..WIDTH * HEIGHT).map(|place| u8::from(is_ink(place % WIDTH, place / WIDTH)) * 255).collect()
        };
        let raster = Picture::raster(WIDTH, HEIGHT, all(&ink));
        assert!(without_boxes(&raster, &raster).levels() == all(&left), "{what}");
    }

    #[test]
    fn boxes_around_ink_go_and_all_else_stays() {
        let box_at = |left: usize, width: usize| {
            move |x: usize, y: usize| {
                let (across, down) = (x.wrapping_sub(left), y.wrapping_sub(20));
                let is_within = across < width && down < 60;
                is_within && !((2..width - 2).contains(&across) && (2..58).contains(&down))
            }
        };
        let (own, next) = (box_at(20, 60), box_at(78, 60));
        let bar = |x: usize, y: usize| (30..44).contains(&x) && (45..50).contains(&y);
        let none = |_, _| false;
        check("a box", |x, y| own(x, y) || bar(x, y), bar);
        check("a row of boxes", |x, y| own(x, y) || next(x, y) || bar(x, y), bar);
        check("a box that the border cuts", |x, y| own(x + 30, y) || bar(x, y), bar);
        check("a square nought", own, own);
        check(
            "a nought with dust in it",
            |x, y| own(x, y) || (x, y) == (50, 50),
            |x, y| own(x, y) || (x, y) == (50, 50),
        );
        check("nothing", none, none);
        let seven = |x: usize, y: usize| y < 6 || x * 5 / 8 + y >= 98 && x * 5 / 8 + y < 104;
        check("a 7 that touches all borders", seven, seven);
        let open = |x: usize, y: usize| own(x, y) && y < 70;
        check("an open box", |x, y| open(x, y) || bar(x, y), |x, y| open(x, y) || bar(x, y));
    }
}
