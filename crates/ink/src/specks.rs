//! What a camera sees beside the ink of a digit: dust, folds, the edge of the paper.

use crate::{
    Picture, Raster,
    components::{Bounds, Component, components, near_border},
};

/// By this factor a piece of a digit is shorter than the longest piece, at most.
const SHORTEST: usize = 8;
/// By this factor it has less ink than the piece that has most, at most: folds are long, but hardly seen.
const FAINTEST: u32 = 20;
/// By this factor it is paler than that piece, at most: one pen writes all.
const PALEST: u32 = 5;
/// By this factor a digit is smaller than the rule or the edge of the paper beside it, at most.
const SMALLEST: usize = 16;

/// Without what is far smaller than the largest piece of ink, and without what hangs in from the border of the picture or of
/// the paper where there is other ink. `is_table` says of a place whether it lies beside the paper.
pub(crate) fn without_specks(raster: &Raster, is_table: impl Fn(usize) -> bool) -> Raster {
    let (width, height) = (raster.width(), raster.height());
    let longer = |own: &Component| own.bounds.width.max(own.bounds.height);
    let near = near_border(raster);
    let is_at_edge = |own: &Component| {
        let is_at_border = own.bounds.at_border(raster).contains(&true);
        // Away from the border there are places on all sides.
        is_at_border
            || own.places.iter().map(|&place| place as usize).any(|place| {
                [place - near, place + near, place - near * width, place + near * width]
                    .into_iter()
                    .any(&is_table)
            })
    };
    let ink = |own: &Component| -> u32 {
        own.places.iter().map(|&place| u32::from(raster.levels()[place as usize])).sum()
    };
    let mut all = components(raster);
    let (most_ink, pixels) = all.iter().map(|own| (ink(own), own.places.len())).max().unwrap_or_default();
    let is_pale = |own: &Component| {
        u64::from(PALEST * ink(own)) * (pixels as u64) < u64::from(most_ink) * own.places.len() as u64
    };
    all.retain(|own| !is_pale(own));
    let (mut at_edge, mut pieces): (Vec<Component>, Vec<Component>) = all.into_iter().partition(is_at_edge);
    let largest_inside = pieces.iter().map(longer).max().unwrap_or(0);
    // A rule, or the edge of the paper: straight along the border, and far longer than thick.
    let is_hairline = |own: &Component| {
        let Bounds { width: wide, height: high, .. } = own.bounds;
        let (length, across) = (longer(own), wide.min(high));
        // A stroke that hangs in from the border is none.
        let [left, right, top, bottom] = own.bounds.at_border(raster);
        let (beside, at_ends) =
            if wide > high { (top || bottom, left || right) } else { (left || right, top || bottom) };
        let hangs_in = at_ends && !beside;
        !hangs_in
            && SHORTEST * across <= length
            && 3 * length >= width.min(height)
            && SMALLEST * largest_inside >= length
    };
    at_edge.retain(|own| !is_hairline(own));
    // Ink that is cut by the border may well be the digit itself, if nothing of its size lies inside.
    if at_edge.iter().any(|own| longer(own) > 3 * largest_inside) {
        pieces.append(&mut at_edge);
    }
    let largest = pieces.iter().map(longer).max().unwrap_or(0);
    let most_ink = pieces.iter().map(ink).max().unwrap_or(0);
    let mut levels = vec![0; raster.levels().len()];
    for own in &pieces {
        let is_speck = SHORTEST * longer(own) < largest || FAINTEST * ink(own) < most_ink;
        if !is_speck {
            for &place in &own.places {
                levels[place as usize] = raster.levels()[place as usize];
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

    /// A picture in signs: `#` is ink, `-` faint ink, `t` table. What is left must be what stands in `expected`.
    #[track_caller]
    fn check(rows: &[&str], expected: &[&str]) {
        let level = |byte| match byte {
            b'#' => 255,
            b'-' => 5,
            _ => 0,
        };
        let levels = rows.iter().flat_map(|row| row.bytes().map(level)).collect();
        let raster = Raster::from_levels(rows[0].len(), rows.len(), levels).unwrap();
        let signs: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).collect();
        let left = without_specks(&raster, |place| signs[place] == b't');
        let left: Vec<String> = left
            .levels()
            .chunks(rows[0].len())
            .map(|row| row.iter().map(|&level| if level > 0 { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(left, expected);
    }

    #[test]
    fn dust_and_faint_folds_go_and_pieces_of_a_digit_stay() {
        let rows = [
            "............",
            ".#########..",
            "............",
            ".###.-----..",
            "............",
            "..........#.",
            "............",
        ];
        let left = [
            "............",
            ".#########..",
            "............",
            ".###........",
            "............",
            "............",
            "............",
        ];
        check(&rows, &left);
    }

    #[test]
    fn what_hangs_in_from_the_border_or_the_table_goes_where_there_is_other_ink() {
        check(&["#.....", "#.###.", "#.#.#.", "......"], &["......", "..###.", "..#.#.", "......"]);
        check(&["......t", ".##..#t", ".#...#t", "......t"], &[".......", ".##....", ".#.....", "......."]);
        check(&["#...", "#...", "#...", "...."], &["#...", "#...", "#...", "...."]);
    }

    #[test]
    fn a_rule_along_the_border_goes_though_the_digit_is_far_smaller() {
        let rule = "####################";
        let rows = [rule, "....................", "....###.............", "....................", rule];
        let nothing = "....................";
        check(&rows, &[nothing, nothing, "....###.............", nothing, nothing]);
        // A stroke that hangs in from the border is none.
        let stroke = "##########..........";
        let rows = [nothing, nothing, stroke, nothing, "...............##...", nothing];
        check(&rows, &rows);
        // Dust does not make a digit at the border one.
        let rows = [rule, rule, rule, nothing, "....#...............", nothing];
        check(&rows, &[rule, rule, rule, nothing, nothing, nothing]);
    }
}
