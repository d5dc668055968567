//! What is no digit: letters and signs, scribbles, two digits at once, noise.
//!
//! A network that has seen some of it can say that it is not sure, instead of taking everything for a digit.

use ink::{Image, PIXELS, Point, Raster, normalise};
use model_spec::NOT_A_DIGIT;
use rand_pcg::Pcg32;

use super::{
    HASTY, Hand, PAPER_SIDE, Style, drawn,
    forms::{digit_forms, sign_forms},
    smooth,
};
use crate::LabelledImages;

/// `count` images of no digit under the label [`NOT_A_DIGIT`]; the same for the same seed.
pub fn not_digits(count: usize, seed: u64) -> LabelledImages {
    let mut images = LabelledImages::default();
    for number in 0..count {
        images.push(&not_a_digit(seed, number as u64), NOT_A_DIGIT);
    }
    images
}

/// One image of no digit; the same for the same seed and number.
pub fn not_a_digit(seed: u64, number: u64) -> Image {
    let mut hand = Hand { rng: Pcg32::new(seed ^ 0x5159_0000_0000_0000, number) };
    let raster = match number % 8 {
        0..5 => {
            let form = &sign_forms()[hand.below(sign_forms().len())];
            let style = Style::random(&mut hand, HASTY);
            drawn(form, &style, 0.0, &mut hand)
        }
        5 => scribble(&mut hand),
        6 => pair(&mut hand),
        _ => noise(&mut hand),
    };
    normalise(&raster).unwrap_or([0; PIXELS])
}

/// Two digits side by side, close or touching.
fn pair(hand: &mut Hand) -> Raster {
    let style = Style::random(hand, HASTY);
    let apart = hand.uniform(22.0, 34.0);
    let [one, other] = [-apart, apart].map(|aside| {
        let forms = digit_forms(hand.below(10) as u8);
        drawn(&forms[hand.below(forms.len())], &style, aside, hand)
    });
    let both = one.levels().iter().zip(other.levels()).map(|(&a, &b)| a.max(b)).collect();
    Raster::from_levels(one.width(), one.height(), both).unwrap_or(one)
}

/// A pen that goes to and fro without aim.
fn scribble(hand: &mut Hand) -> Raster {
    let mut raster = Raster::blank(PAPER_SIDE as usize, PAPER_SIDE as usize);
    let radius = hand.uniform(2.0, 7.0);
    for _ in 0..=hand.below(3) {
        let count = 7 + hand.below(10);
        let points: Vec<Point> = (0..count)
            .map(|_| Point {
                x: hand.uniform(15.0, PAPER_SIDE - 15.0),
                y: hand.uniform(15.0, PAPER_SIDE - 15.0),
            })
            .collect();
        // Corners or curves.
        let line = if hand.below(2) == 0 { points } else { smooth(&points) };
        raster.ink_stroke(&line, radius);
    }
    raster
}

/// Specks of one size, or blots.
fn noise(hand: &mut Hand) -> Raster {
    let side = PAPER_SIDE as usize;
    let speck = [5, 5, 10, 20, 35][hand.below(5)];
    let share = hand.uniform(0.15, 0.8);
    let columns = side / speck;
    let marks: Vec<u8> = (0..columns * columns)
        .map(|_| if hand.uniform(0.0, 1.0) < share { hand.uniform(60.0, 255.0) as u8 } else { 0 })
        .collect();
    let levels = (0..side * side).map(|place| {
        let (column, row) = ((place % side) / speck, (place / side) / speck);
        if column < columns && row < columns { marks[row * columns + column] } else { 0 }
    });
    Raster::from_levels(side, side, levels.collect()).unwrap_or_else(|_| Raster::blank(side, side))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn they_repeat_with_the_seed_and_are_labelled_as_none() {
        let images = not_digits(80, 3);
        assert_eq!(images, not_digits(80, 3));
        assert_ne!(images, not_digits(80, 4));
        assert!(images.labels.iter().all(|&label| label == NOT_A_DIGIT));
        for index in 0..images.len() {
            assert!(images.image(index).iter().any(|&level| level > 100), "image {index} is blank");
        }
    }
}
