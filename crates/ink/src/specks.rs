//! What a camera sees beside the ink of a digit: dust, folds, the edge of the paper.

use crate::{
    Picture, Raster,
    components::{Component, components},
};

/// By this factor a piece of a digit is shorter than the longest piece, at most.
const SHORTEST: usize = 8;
/// By this factor it has less ink than the piece that has most, at most: folds are long, but hardly seen.
const FAINTEST: u32 = 20;

/// Without what is far smaller than the largest piece of ink, and without what hangs in from the border of the picture or of
/// the paper where there is other ink. `is_table` says of a place whether it lies beside the paper.
pub(crate) fn without_specks(raster: Raster, is_table: impl Fn(usize) -> bool) -> Raster {
    let all = components(&raster);
    let (width, height) = (raster.width(), raster.height());
    let longer = |own: &Component| own.bounds.width.max(own.bounds.height);
    // Rests of a rule along the border may begin a pixel or two inside.
    let near = 1 + width.min(height) / 100;
    let is_at_edge = |own: &Component| {
        let bounds = &own.bounds;
        let is_at_border = bounds.left.min(bounds.top) < near
            || bounds.right() + near > width
            || bounds.bottom() + near > height;
        // Away from the border there are places on all sides.
        is_at_border
            || own.places.iter().map(|&place| place as usize).any(|place| {
                [place - near, place + near, place - near * width, place + near * width]
                    .into_iter()
                    .any(&is_table)
            })
    };
    let at_edge: Vec<bool> = all.iter().map(is_at_edge).collect();
    let inside = || all.iter().zip(&at_edge).filter(|(_, is_at_edge)| !**is_at_edge).map(|(own, _)| own);
    let Some(largest_inside) = inside().map(longer).max() else { return raster };
    let largest = all.iter().map(longer).max().unwrap_or(0);
    // Ink that is cut by the border may well be the digit itself, if nothing of its size lies inside.
    let drops_edge = 3 * largest_inside >= largest;
    let reference = if drops_edge { largest_inside } else { largest };
    let ink = |own: &Component| -> u32 {
        own.places.iter().map(|&place| u32::from(raster.levels()[place as usize])).sum()
    };
    let most_ink = if drops_edge { inside().map(ink).max() } else { all.iter().map(ink).max() };
    let mut levels = vec![0; raster.levels().len()];
    for (own, is_at_edge) in all.iter().zip(at_edge) {
        let is_speck = SHORTEST * longer(own) < reference || FAINTEST * ink(own) < most_ink.unwrap_or(0);
        let is_foreign = drops_edge && is_at_edge;
        if !is_speck && !is_foreign {
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
        let left = without_specks(raster, |place| signs[place] == b't');
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
}
