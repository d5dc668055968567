//! Ink in a picture: dark on light or light on dark, drawn, scanned or photographed.
//!
//! Where the paper is of one brightness, ink is what differs from it, as strongly as it does: an image of MNIST comes out
//! as it went in. Elsewhere the light on the paper is estimated from place to place, ink is what is far darker (or
//! brighter) than that, and what is printed on the paper is taken out, rules and boxes.
//!
//! Even paper (scans, screenshots, MNIST) keeps its grey levels: what differs from the paper is ink. Elsewhere the
//! *light* is what a morphological closing leaves (`light`): it fills what is darker and narrower than a quarter of the
//! picture, and keeps hard shadows and tables, so that neither counts as ink. Ink is what is darker than its light by
//! more than Otsu's threshold. Thin, nearly level or upright lines of one contrast right through the picture are rules
//! and taken out, but for where they are darker or thicker than the rest of themselves: a pen goes there (`rules.rs`,
//! `tracer.rs`). Boxes of forms are pieces of ink with a rule along each side and more ink within (`boxes.rs`); they
//! go, on a clean screen too. Then go dust, folds and what hangs in from the edge of the paper (`specks.rs`). Chalk is
//! the same with opening for closing; which of the two it is, a vote of what lies around ink decides, or the person. In
//! a file of many images nearly all of one polarity decide for the rest (`crates/data-files/src/making.rs`). Coarse scans are
//! interpolated on their way to 28 x 28 (`normalise.rs`).

use crate::{
    Picture, Raster,
    boxes::without_boxes,
    cells::is_empty_cell,
    light::{light, likelier_polarity},
    rules::without_rules,
    specks::without_specks,
};

/// Which of the two is darker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// A pen on paper.
    DarkInk,
    /// Chalk on a board, MNIST.
    BrightInk,
}

/// Ink found in a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundInk {
    /// The ink; blank where there is none.
    pub raster: Raster,
    /// What was taken for ink.
    pub polarity: Polarity,
    /// Whether the paper was even, so that no light had to be estimated.
    pub is_even: bool,
}

/// Brightness of even paper varies by no more than this.
const EVEN: u8 = 10;
/// Weaker ink is made as strong as ink usually is.
const FAINT: u8 = 200;
/// Ink differs by at least so much from the light around it.
const LEAST_CONTRAST: f32 = 14.0;

/// By this factor a table is darker than the paper that lies on it, at least; shadows are weaker.
const TABLE: f32 = 2.5;

/// Finds the ink; `polarity` where a person has said which it is.
pub fn found_ink(picture: &Picture, polarity: Option<Polarity>) -> FoundInk {
    let paper = Paper::of(picture, polarity);
    if is_empty_cell(picture) {
        let polarity = polarity.unwrap_or(paper.polarity);
        return FoundInk { raster: Raster::blank(picture.width, picture.height), polarity, is_even: true };
    }
    let is_even = || paper.is_clean || is_evenly_lit(picture, paper.polarity);
    if is_scrap(picture) || paper.high - paper.low <= EVEN && is_even() {
        let polarity = polarity.unwrap_or(paper.polarity);
        return FoundInk { raster: on_even_paper(picture, &paper, polarity), polarity, is_even: true };
    }
    let (raster, polarity) = on_uneven_paper(picture, polarity);
    FoundInk { raster, polarity, is_even: false }
}

/// Whether a picture is too small for a photograph: a digit cut out of a scan, half of it edges of ink. There is no light to tell
/// from ink.
fn is_scrap(picture: &Picture) -> bool {
    const LEAST_SIDE: usize = 48;
    picture.width.min(picture.height) < LEAST_SIDE
}

/// Whether the light is the same nearly everywhere: a shadow, too, may leave an even rest.
fn is_evenly_lit(picture: &Picture, polarity: Polarity) -> bool {
    const MOST_APART: u8 = 40;
    let light = light(picture, polarity);
    percentile(&light, 95) - percentile(&light, 5) <= MOST_APART
}

/// The brightness of most of a picture.
struct Paper {
    polarity: Polarity,
    /// Its tenth and ninetieth percentile.
    low: u8,
    high: u8,
    median: u8,
    /// Whether all of it is of one value, as in pictures that no camera took.
    is_clean: bool,
}

impl Paper {
    /// What lies in the brighter or the darker third of all brightness: the one that a person says, else the one that has
    /// more of the picture and of its border.
    fn of(picture: &Picture, polarity: Option<Polarity>) -> Self {
        let (mut counts, mut border) = ([0_usize; 256], [0_usize; 256]);
        for (row, values) in picture.brightness.chunks_exact(picture.width).enumerate() {
            let is_edge = row == 0 || row + 1 == picture.height;
            for (column, &value) in values.iter().enumerate() {
                counts[usize::from(value)] += 1;
                border[usize::from(value)] +=
                    usize::from(is_edge || column == 0 || column + 1 == picture.width);
            }
        }
        let least = counts.iter().position(|&count| count > 0).unwrap_or(0);
        let most = counts.iter().rposition(|&count| count > 0).unwrap_or(0);
        let third = (most - least) / 3;
        let (dark, bright) = (least..=least + third, most - third..=most);
        let sum = |counts: &[usize; 256], range: &core::ops::RangeInclusive<usize>| {
            counts[range.clone()].iter().sum::<usize>()
        };
        // A broad digit that fills its picture has more ink than paper, but hardly along the whole border.
        let share = |range| {
            let of = |counts| sum(counts, range) as f32 / sum(counts, &(0..=255)).max(1) as f32;
            of(&counts) + of(&border)
        };
        let likelier = if share(&bright) >= share(&dark) { Polarity::DarkInk } else { Polarity::BrightInk };
        let polarity = polarity.unwrap_or(likelier);
        let range = if polarity == Polarity::DarkInk { bright } else { dark };
        let own = sum(&counts, &range);
        let percentile = |hundredths: usize| {
            let mut left = own * hundredths / 100;
            for value in range.clone() {
                if counts[value] > left {
                    return value as u8;
                }
                left -= counts[value];
            }
            *range.end() as u8
        };
        let median = percentile(50);
        let is_clean = 10 * counts[usize::from(median)] >= 7 * own;
        Self { polarity, low: percentile(10), high: percentile(90), median, is_clean }
    }
}

fn on_even_paper(picture: &Picture, paper: &Paper, polarity: Polarity) -> Raster {
    let above = |value: u8| match polarity {
        Polarity::DarkInk => paper.median.saturating_sub(value),
        Polarity::BrightInk => value.saturating_sub(paper.median),
    };
    let strongest = picture.brightness.iter().map(|&value| above(value)).max().unwrap_or(0);
    let clean = paper.is_clean || is_scrap(picture) || f32::from(strongest) < LEAST_CONTRAST;
    // Grain of the paper is no ink.
    let least = if clean { 0 } else { 2 * (paper.high - paper.low).max(4) };
    let gain = if (1..FAINT).contains(&strongest) && f32::from(strongest) >= LEAST_CONTRAST {
        255.0 / f32::from(strongest)
    } else {
        1.0
    };
    let level = |&value: &u8| {
        let above = above(value);
        if above <= least { 0 } else { (f32::from(above) * gain + 0.5).min(255.0) as u8 }
    };
    let levels = picture.brightness.iter().map(level).collect();
    let raster = Picture::raster(picture.width, picture.height, levels);
    if is_scrap(picture) {
        raster
    } else if clean {
        // A line right through it is ink here: nothing is printed on a screen but, now and then, a frame.
        without_boxes(&raster, &raster)
    } else {
        without_specks(&without_printed_lines(&raster, &raster), |_| false)
    }
}

fn on_uneven_paper(picture: &Picture, polarity: Option<Polarity>) -> (Raster, Polarity) {
    let polarity = polarity.unwrap_or_else(|| likelier_polarity(picture));
    // As a share of the light, which falls on paper and ink alike.
    let relative: fn(f32, f32) -> f32 = match polarity {
        Polarity::DarkInk => |value, light| 255.0 * (light - value) / light.max(30.0),
        Polarity::BrightInk => |value, light| 100.0 * (value - light) / (light + 40.0),
    };
    let light = light(picture, polarity);
    // A table beside the paper has its own light, and no ink.
    let most = percentile(&light, 80);
    let is_table =
        |place: usize| polarity == Polarity::DarkInk && TABLE * f32::from(light[place]) < f32::from(most);
    let contrast_at = |(place, &value): (usize, &u8)| {
        if is_table(place) { 0.0 } else { relative(f32::from(value), f32::from(light[place])) }
    };
    let contrast: Vec<f32> = picture.brightness.iter().enumerate().map(contrast_at).collect();
    let Some((least, strong)) = thresholds(&contrast) else {
        return (Raster::blank(picture.width, picture.height), polarity);
    };
    let level =
        |&contrast: &f32| (255.0 * ((contrast - least) / (strong - least)).clamp(0.0, 1.0) + 0.5) as u8;
    let raster = |levels| Picture::raster(picture.width, picture.height, levels);
    let ink = raster(contrast.iter().map(level).collect());
    let contrast = raster(contrast.iter().map(|contrast| contrast.clamp(0.0, 255.0) as u8).collect());
    (without_specks(&without_printed_lines(&ink, &contrast), is_table), polarity)
}

fn without_printed_lines(ink: &Raster, contrast: &Raster) -> Raster {
    without_rules(&without_boxes(ink, contrast), contrast)
}

/// The value that so many hundredths of all are not above.
fn percentile(values: &[u8], hundredths: usize) -> u8 {
    let mut values = values.to_vec();
    let place = (values.len() - 1) * hundredths / 100;
    *values.select_nth_unstable(place).1
}

/// The contrast from which on there is ink, and that of strong ink; none where nothing stands out.
fn thresholds(contrast: &[f32]) -> Option<(f32, f32)> {
    let mut counts = [0_u32; 256];
    for value in contrast {
        counts[value.clamp(0.0, 255.0) as usize] += 1;
    }
    // Between paper and ink, N. Otsu, "A threshold selection method from gray-level histograms", 1979.
    let total = contrast.len() as f64;
    let sum: f64 = counts.iter().enumerate().map(|(value, &count)| value as f64 * f64::from(count)).sum();
    let (mut below, mut below_sum, mut best) = (0.0, 0.0, (0.0, 0));
    for (value, &count) in counts.iter().enumerate() {
        below += f64::from(count);
        below_sum += value as f64 * f64::from(count);
        let above = total - below;
        if below > 0.0 && above > 0.0 {
            let apart = below_sum / below - (sum - below_sum) / above;
            let between = below * above * apart * apart;
            if between > best.0 {
                best = (between, value);
            }
        }
    }
    let threshold = (best.1 as f32).max(LEAST_CONTRAST);
    let mut ink: Vec<f32> = contrast.iter().copied().filter(|&value| value > threshold).collect();
    if ink.is_empty() {
        return None;
    }
    let place = ink.len() / 2;
    let strong = *ink.select_nth_unstable_by(place, f32::total_cmp).1;
    Some((0.7 * threshold, strong.max(threshold)))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{CENTRE, Image, Point, SIDE, normalise, placed};

    /// A two, as a pen draws it.
    const TWO: &[(f32, f32)] = &[
        (0.2, 0.25),
        (0.35, 0.1),
        (0.6, 0.1),
        (0.75, 0.28),
        (0.6, 0.5),
        (0.2, 0.9),
        (0.5, 0.87),
        (0.8, 0.9),
    ];

    /// The two on paper of `width` x `height`, in a box at `left`, `top` of this side.
    fn two(width: usize, height: usize, left: f32, top: f32, side: f32, radius: f32) -> Raster {
        let mut raster = Raster::blank(width, height);
        let place = |&(x, y): &(f32, f32)| Point { x: left + side * x, y: top + side * y };
        for pair in TWO.windows(2) {
            raster.ink_segment(place(&pair[0]), place(&pair[1]), radius);
        }
        raster
    }

    /// Share of the ink that differs between two images.
    fn apart(a: &Image, b: &Image) -> f64 {
        let apart: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        f64::from(apart) / f64::from(b.iter().map(|&level| u32::from(level)).sum::<u32>())
    }

    /// A picture in which the two's ink is blended into a scene; what is found must be the two.
    #[track_caller]
    fn check(what: &str, polarity: Polarity, scene: impl Fn(usize, usize, f32) -> f32) {
        const SIDE: usize = 400;
        let ink = two(SIDE, SIDE, 110.0, 90.0, 200.0, 9.0);
        let brightness = ink.levels().iter().enumerate().map(|(place, &level)| {
            scene(place % SIDE, place / SIDE, f32::from(level) / 255.0).clamp(0.0, 255.0) as u8
        });
        let picture = Picture::from_brightness(SIDE, SIDE, brightness.collect()).unwrap();
        let found = found_ink(&picture, None);
        assert_eq!(found.polarity, polarity, "{what}");
        let (image, expected) = (normalise(&found.raster).unwrap(), normalise(&ink).unwrap());
        let apart = apart(&image, &expected);
        assert!(apart < 0.35, "{what}: {apart} of the ink is elsewhere");
    }

    /// Noise that is the same in every run, -1 to 1.
    fn grain(column: usize, row: usize) -> f32 {
        let mixed = (column * 7_919 + row * 104_729).wrapping_mul(2_654_435_761) >> 7;
        (mixed % 2_001) as f32 / 1_000.0 - 1.0
    }

    #[test]
    fn ink_is_found_on_any_paper() {
        let pen = |paper: f32, pen: f32, ink: f32| paper * (1.0 - ink) + pen * ink;
        check("black on white", Polarity::DarkInk, |_, _, ink| pen(255.0, 0.0, ink));
        check("chalk", Polarity::BrightInk, |_, _, ink| pen(20.0, 240.0, ink));
        check("pencil", Polarity::DarkInk, |_, _, ink| pen(230.0, 170.0, ink));
        check("grain", Polarity::DarkInk, |x, y, ink| pen(225.0, 60.0, ink) + 5.0 * grain(x, y));
        check("light from a side", Polarity::DarkInk, |x, y, ink| {
            pen(230.0, 60.0, ink) * (0.45 + 0.55 * x as f32 / 400.0) + 5.0 * grain(x, y)
        });
        check("a dark corner", Polarity::DarkInk, |x, y, ink| {
            pen(235.0, 50.0, ink) * (1.0 - 0.6 * ((x * x + y * y) as f32 / 320_000.0)) + 6.0 * grain(x, y)
        });
        check("chalk in uneven light", Polarity::BrightInk, |x, y, ink| {
            pen(50.0, 220.0, ink) * (0.6 + 0.4 * y as f32 / 400.0) + 5.0 * grain(x, y)
        });
        // How far from the middle of the picture, across or down.
        let off = |x: usize, y: usize| x.abs_diff(200).max(y.abs_diff(200));
        check("a frame on a screen", Polarity::DarkInk, |x, y, ink| {
            pen(if (150..153).contains(&off(x, y)) { 0.0 } else { 255.0 }, 0.0, ink)
        });
        check("a box of a form", Polarity::DarkInk, |x, y, ink| {
            let rule = if (130..133).contains(&off(x, y + x / 40)) { 0.9 } else { 0.0 };
            pen(pen(235.0, 90.0, rule), 50.0, ink) * (0.7 + 0.3 * x as f32 / 400.0) + 4.0 * grain(x, y)
        });
        check("lined paper", Polarity::DarkInk, |x, y, ink| {
            let rule = if (y + x / 40) % 60 < 3 { 0.9 } else { 0.0 };
            pen(pen(235.0, 90.0, rule), 50.0, ink) * (0.7 + 0.3 * x as f32 / 400.0) + 4.0 * grain(x, y)
        });
        check("squared paper", Polarity::DarkInk, |x, y, ink| {
            let rule = if (y + x / 60) % 50 < 2 || (x + y / 80) % 50 < 2 { 0.8 } else { 0.0 };
            pen(pen(235.0, 90.0, rule), 50.0, ink) * (0.75 + 0.25 * y as f32 / 400.0) + 4.0 * grain(x, y)
        });
    }

    /// Sixteen pixels high and without a margin, as old collections of postcodes are: half of it is edges of ink.
    #[test]
    fn a_small_cut_out_scan_keeps_its_grey_edges() {
        let ink = two(280, 280, 40.0, 40.0, 200.0, 14.0);
        let small = placed(&ink, 16, (CENTRE, CENTRE)).unwrap();
        let small = Raster::from_levels(SIDE, SIDE, small.to_vec()).unwrap();
        let (left, top, width, height) = small.ink_bounds().unwrap();
        let rows = (top..top + height).map(|row| &small.levels()[row * SIDE + left..][..width]);
        let levels: Vec<u8> = rows.flatten().copied().collect();
        for polarity in [Polarity::BrightInk, Polarity::DarkInk] {
            let brightness = levels.iter().map(|&level| match polarity {
                Polarity::BrightInk => level,
                Polarity::DarkInk => 255 - level,
            });
            let picture = Picture::from_brightness(width, height, brightness.collect()).unwrap();
            let found = found_ink(&picture, None);
            assert_eq!(found.polarity, polarity);
            let apart = apart(&normalise(&found.raster).unwrap(), &normalise(&ink).unwrap());
            assert!(apart < 0.4, "{polarity:?}: {apart} of the ink is elsewhere");
        }
    }

    #[test]
    fn what_a_person_says_of_the_polarity_holds() {
        let picture =
            Picture::from_brightness(3, 3, vec![255, 255, 255, 255, 0, 255, 255, 255, 255]).unwrap();
        assert_eq!(found_ink(&picture, None).raster.levels()[4], 255);
        // Inverted, everything but the spot is ink.
        let other = found_ink(&picture, Some(Polarity::BrightInk));
        assert_eq!(other.raster.levels(), [255, 255, 255, 255, 0, 255, 255, 255, 255]);
    }

    #[test]
    fn a_broad_digit_that_fills_its_picture_is_ink_not_paper() {
        // A nought, three of five pixels wide: more ink than paper, but not in the corners nor along the border.
        let nought = [".###.", "##.##", "##.##", "##.##", ".###."];
        let levels = |ink: u8, paper: u8| -> Vec<u8> {
            nought
                .iter()
                .flat_map(|row| row.bytes().map(move |sign| if sign == b'#' { ink } else { paper }))
                .collect()
        };
        for (ink, paper, polarity) in [(20, 230, Polarity::DarkInk), (230, 20, Polarity::BrightInk)] {
            let mut padded = vec![paper; 7 * 5];
            for (row, line) in levels(ink, paper).chunks(5).enumerate() {
                padded[7 * row + 1..7 * row + 6].copy_from_slice(line);
            }
            let picture = Picture::from_brightness(7, 5, padded).unwrap();
            assert_eq!(found_ink(&picture, None).polarity, polarity);
        }
    }

    #[test]
    fn an_image_made_for_a_network_comes_out_as_it_went_in() {
        let image = normalise(&two(280, 280, 40.0, 40.0, 200.0, 12.0)).unwrap();
        let picture = Picture::from_brightness(28, 28, image.to_vec()).unwrap();
        let found = found_ink(&picture, None);
        assert_eq!(found.polarity, Polarity::BrightInk);
        assert_eq!(normalise(&found.raster), Some(image));
        let inverted =
            Picture::from_brightness(28, 28, image.iter().map(|level| 255 - level).collect()).unwrap();
        assert_eq!(normalise(&found_ink(&inverted, None).raster), Some(image));
    }

    #[test]
    fn blank_paper_has_no_ink() {
        for value in [0, 90, 255] {
            let picture = Picture::from_brightness(60, 40, vec![value; 2_400]).unwrap();
            assert_eq!(normalise(&found_ink(&picture, None).raster), None, "{value}");
        }
    }
}
