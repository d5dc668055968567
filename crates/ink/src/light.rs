//! The light on paper, from place to place.
//!
//! Ink is narrow; shadows, tables and the slope of light are broad. A morphological closing of the brightness fills what is
//! darker and narrower than its square and leaves all else as it is, hard edges of shadows included; an opening does the same
//! for what is brighter. What a picture differs from it by is the "top hat", the ink: J. Serra, "Image analysis and mathematical
//! morphology", 1982.

use crate::{Picture, Polarity};

/// Brightness that each place would have without ink of this polarity.
pub(crate) fn light(picture: &Picture, polarity: Polarity) -> Vec<u8> {
    let widened = Widened::new(picture, 2);
    match polarity {
        Polarity::DarkInk => widened.extremes(Ord::max).extremes(Ord::min).levels,
        Polarity::BrightInk => widened.extremes(Ord::min).extremes(Ord::max).levels,
    }
}

/// Below this share of all votes ink is bright.
const CLEARLY: f64 = -0.25;

/// Around ink there is more paper than ink. Where the brightest and the darkest of what lies around are far apart, most places
/// are as bright as the paper. The edge of a shadow has as much on either side, and says little: then ink is dark, as it mostly is.
pub(crate) fn likelier_polarity(picture: &Picture) -> Polarity {
    let widened = Widened::new(picture, 1);
    let (dark, bright) = (widened.extremes(Ord::min).levels, widened.extremes(Ord::max).levels);
    let vote = |(&value, (&dark, &bright)): (&u8, (&u8, &u8))| {
        let (dark, bright) = (f64::from(dark), f64::from(bright));
        let weight = (bright - dark).powi(2);
        (weight * (f64::from(value) - f64::midpoint(dark, bright)).signum(), weight)
    };
    let votes = picture.brightness.iter().zip(dark.iter().zip(&bright)).map(vote);
    let (sum, weights) =
        votes.fold((0.0, 0.0), |(sum, weights), (vote, weight)| (sum + vote, weights + weight));
    if sum >= CLEARLY * weights { Polarity::DarkInk } else { Polarity::BrightInk }
}

/// A picture on which all goes on beyond the border as at the border: the edge of a table that is just in sight is broad too.
struct Widened {
    width: usize,
    reach: usize,
    levels: Vec<u8>,
}

impl Widened {
    /// Wide enough for so many rounds of extremes.
    fn new(picture: &Picture, rounds: usize) -> Self {
        let (width, height) = (picture.width, picture.height);
        // A quarter of the shorter side across: broader than the strokes of a digit that fills it.
        let reach = (width.min(height) / 8).max(3);
        let margin = rounds * reach;
        let inside = |at: usize, limit: usize| at.saturating_sub(margin).min(limit - 1);
        let smooth = without_grain(picture);
        let wide = width + 2 * margin;
        let mut levels = Vec::with_capacity(wide * (height + 2 * margin));
        for row in 0..height + 2 * margin {
            let line = &smooth[inside(row, height) * width..][..width];
            levels.extend((0..wide).map(|column| line[inside(column, width)]));
        }
        Self { width: wide, reach, levels }
    }

    /// The most extreme value of the square around each place, as far as there are whole squares: the reach is gone on all sides.
    fn extremes(&self, choose: fn(u8, u8) -> u8) -> Self {
        let Self { width, reach, .. } = *self;
        let (height, narrower) = (self.levels.len() / width, width - 2 * reach);
        let levels = transposed(&along_rows(&self.levels, width, reach, choose), narrower);
        let levels = transposed(&along_rows(&levels, height, reach, choose), height - 2 * reach);
        Self { width: narrower, reach, levels }
    }
}

/// The most extreme value of each stretch of `2 * reach + 1` values of a row: rows get shorter by twice the reach.
fn along_rows(levels: &[u8], width: usize, reach: usize, choose: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    let length = 2 * reach + 1;
    let mut out = Vec::with_capacity(levels.len());
    for row in levels.chunks_exact(width) {
        // Of stretches of 1, 2, 4, ... values; two of the longest cover the whole.
        let (mut of_stretches, mut stretch) = (row.to_vec(), 1);
        while 2 * stretch <= length {
            let shorter = of_stretches.len() - stretch;
            for at in 0..shorter {
                of_stretches[at] = choose(of_stretches[at], of_stretches[at + stretch]);
            }
            of_stretches.truncate(shorter);
            stretch *= 2;
        }
        let others = &of_stretches[length - stretch..];
        out.extend(of_stretches.iter().zip(others).map(|(&one, &other)| choose(one, other)));
    }
    out
}

fn transposed(levels: &[u8], width: usize) -> Vec<u8> {
    let height = levels.len() / width;
    (0..levels.len()).map(|place| levels[place % height * width + place / height]).collect()
}

/// Medians of 3x3 pixels: the brightest grain of the paper is not its light, and edges stay where they are.
fn without_grain(picture: &Picture) -> Vec<u8> {
    let (width, height) = (picture.width, picture.height);
    let near = |at: usize, limit: usize| [at.saturating_sub(1), at, (at + 1).min(limit - 1)];
    let mut out = Vec::with_capacity(picture.brightness.len());
    for row in 0..height {
        let lines = near(row, height).map(|row| &picture.brightness[row * width..][..width]);
        for column in 0..width {
            let columns = near(column, width);
            let mut around = [0; 9];
            for (place, value) in around.iter_mut().enumerate() {
                *value = lines[place / 3][columns[place % 3]];
            }
            around.sort_unstable();
            out.push(around[4]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// The light in the middle row of a picture that looks the same in every row.
    #[track_caller]
    fn check(what: &str, brightness: impl Fn(usize) -> u8, light_at: &[(usize, u8)]) {
        const SIDE: usize = 80;
        let values = (0..SIDE * SIDE).map(|place| brightness(place % SIDE)).collect();
        let picture = Picture::from_brightness(SIDE, SIDE, values).unwrap();
        let light = light(&picture, Polarity::DarkInk);
        assert_eq!(light.len(), SIDE * SIDE);
        for &(column, expected) in light_at {
            let got = light[SIDE / 2 * SIDE + column];
            assert!(got.abs_diff(expected) <= 2, "{what}: {got} at {column}");
        }
    }

    #[test]
    fn strokes_are_filled_and_what_is_broad_stays() {
        check("a stroke", |x| if (30..38).contains(&x) { 40 } else { 200 }, &[(10, 200), (34, 200)]);
        check("a shadow", |x| if x < 40 { 200 } else { 90 }, &[(10, 200), (36, 200), (44, 90), (70, 90)]);
        check("a slope", |x| 100 + x as u8, &[(10, 110), (40, 140), (70, 170)]);
        let on_slope = |x| if (30..36).contains(&x) { 20 } else { 100 + x as u8 };
        check("a stroke on a slope", on_slope, &[(20, 120), (33, 130), (50, 150)]);
        check("a table at the border", |x| if x < 4 { 50 } else { 200 }, &[(1, 50), (20, 200)]);
    }

    #[test]
    fn bright_ink_is_filled_with_the_board() {
        let values =
            (0..6_400).map(|place| if (30..36).contains(&(place % 80)) { 240 } else { 60 }).collect();
        let picture = Picture::from_brightness(80, 80, values).unwrap();
        assert!(light(&picture, Polarity::BrightInk).iter().all(|&value| value == 60));
    }
}
