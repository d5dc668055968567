//! Built-in digits: handwritten-looking digits with no data from outside.
//!
//! A digit begins as one of several forms, is bent, slanted and stretched as hands do, and is inked with a pen of
//! some width; the image is then made by the same pipeline as a drawing's.
//!
//! Forms of digits and signs are lines of points (`forms.txt`). A hand departs from them in jitter, bends, slant,
//! width, and a pen of uneven pressure (`builtin.rs`): far in what a network learns from, further than people do, so
//! that it learns more than the forms; a little in what it is tested on.

mod forms;
mod not_digits;

pub use not_digits::{not_a_digit, not_digits};

use ink::{Image, Point, Raster, normalise};
use rand::RngExt as _;
use rand_pcg::Pcg32;

use crate::{Dataset, LabelledImages};
use forms::digit_forms;

/// Side of the paper that a digit is drawn on, in pixels: four to a pixel of the image.
const PAPER_SIDE: f32 = 140.0;
/// Height of a digit on that paper before it is stretched, in pixels.
const DIGIT_HEIGHT: f32 = 80.0;
/// Straight pieces between two points of a form.
const PIECES: usize = 6;

/// How far a careful hand departs from a form, of what [`HASTY`] does.
const CAREFUL: f32 = 0.35;
/// How far a hand does that a network learns from: further than people do, so that it learns to read more than forms.
const HASTY: f32 = 1.0;

/// `count` digits to learn from, as many of each as the number allows; the same for the same seed. Some are hard to read.
pub fn built_in_digits(count: usize, seed: u64) -> LabelledImages {
    digits(count, seed, HASTY)
}

/// As many digits to test on, as a careful hand writes them.
pub fn careful_digits(count: usize, seed: u64) -> LabelledImages {
    digits(count, seed, CAREFUL)
}

fn digits(count: usize, seed: u64, haste: f32) -> LabelledImages {
    let mut images = LabelledImages::default();
    for index in 0..count {
        let label = (index % 10) as u8;
        images.push(&digit(label, seed, index as u64, haste), label);
    }
    images
}

/// `train_images` digits to learn from and a sixth of that, at least 100, carefully written, to test on; the two never share a
/// digit.
pub fn built_in_dataset(train_images: usize, seed: u64) -> Dataset {
    Dataset {
        train: built_in_digits(train_images, seed),
        test: careful_digits((train_images / 6).max(100), seed ^ 0x7e57_0000_0000_0000),
        name: "built-in digits".into(),
        ..Dataset::default()
    }
}

/// One digit; the same for the same label, seed, number and haste.
fn digit(label: u8, seed: u64, number: u64, haste: f32) -> Image {
    let mut hand = Hand { rng: Pcg32::new(seed, number) };
    let forms = digit_forms(label);
    let form = &forms[hand.below(forms.len())];
    let style = Style::random(&mut hand, haste);
    // What leaves the paper is cut off, as at the edge of a sheet; there is always ink left.
    normalise(&drawn(form, &style, 0.0, &mut hand)).unwrap_or([0; ink::PIXELS])
}

/// The ink of a form in a style, so many pixels to the right of the middle of the paper.
fn drawn(form: &[Vec<Point>], style: &Style, aside: f32, hand: &mut Hand) -> Raster {
    let mut raster = Raster::blank(PAPER_SIDE as usize, PAPER_SIDE as usize);
    for stroke in form {
        let jittered: Vec<Point> = stroke
            .iter()
            .map(|&Point { x, y }| Point {
                x: x + hand.normal(style.jitter),
                y: y + hand.normal(style.jitter),
            })
            .collect();
        let placed = |point| {
            let Point { x, y } = style.place(point);
            Point { x: x + aside, y }
        };
        let line: Vec<Point> = smooth(&jittered).into_iter().map(placed).collect();
        style.ink(&mut raster, &line, hand);
    }
    raster
}

/// A source of a hand's irregularity.
struct Hand {
    rng: Pcg32,
}

impl Hand {
    fn below(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }

    fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.rng.random::<f32>()
    }

    /// Nearly normal, mean 0: the sum of four uniform values, within 3.5 deviations.
    fn normal(&mut self, deviation: f32) -> f32 {
        let sum: f32 = (0..4).map(|_| self.rng.random::<f32>() - 0.5).sum();
        sum * deviation * 3.0_f32.sqrt()
    }
}

/// How one digit departs from its form.
struct Style {
    /// Deviation of each point, in hundredths of the digit's height.
    jitter: f32,
    width: f32,
    slant: f32,
    rotation: (f32, f32),
    bend: [f32; 2],
    bend_phase: [f32; 2],
    bend_waves: f32,
    pen_radius: f32,
    /// How much the pen's width swings along a stroke, as a share of it.
    pressure: f32,
    pressure_phase: f32,
    /// Radians of that swing to one straight piece of a stroke.
    pressure_waves: f32,
    /// Deviation of the width from one straight piece to the next, as a share of it.
    roughness: f32,
}

impl Style {
    /// A style that departs from the form by up to so much, 0 to 1.
    fn random(hand: &mut Hand, haste: f32) -> Self {
        let angle = hand.normal(0.13);
        Self {
            jitter: hand.uniform(1.0, 1.0 + 9.0 * haste),
            width: hand.uniform(0.5, 1.25),
            slant: 0.12 + hand.normal(0.24),
            rotation: angle.sin_cos(),
            bend: [hand.normal(8.5 * haste), hand.normal(7.0 * haste)],
            bend_phase: [hand.uniform(0.0, 6.3), hand.uniform(0.0, 6.3)],
            bend_waves: hand.uniform(0.02, 0.055),
            // 1.3 to 4.2 pixels of the image across in the mean; one in five up to 6.4, as felt pens are.
            pen_radius: DIGIT_HEIGHT / 20.0
                * if hand.below(5) == 0 {
                    hand.uniform(2.1, 2.1 + 1.1 * haste)
                } else {
                    hand.uniform(0.65, 2.1)
                },
            pressure: hand.uniform(0.0, 0.5 * haste),
            pressure_phase: hand.uniform(0.0, 6.3),
            pressure_waves: hand.uniform(0.1, 0.5),
            roughness: hand.uniform(0.0, 0.35 * haste),
        }
    }

    /// Inks a stroke, here thicker and there thinner.
    fn ink(&self, raster: &mut Raster, line: &[Point], hand: &mut Hand) {
        for (piece, ends) in line.windows(2).enumerate() {
            let swing = (self.pressure_phase + self.pressure_waves * piece as f32).sin();
            let width = 1.0 + self.pressure * swing + hand.normal(self.roughness);
            raster.ink_segment(ends[0], ends[1], self.pen_radius * width.clamp(0.5, 1.6));
        }
    }

    /// Where a point of the form (mostly 0 to 100 in x and y) lies on the paper.
    fn place(&self, point: Point) -> Point {
        let bent_x = point.x - 50.0 + self.bend[0] * (self.bend_waves * point.y + self.bend_phase[0]).sin();
        let bent_y = point.y - 50.0 + self.bend[1] * (self.bend_waves * point.x + self.bend_phase[1]).sin();
        let x = self.width * bent_x - self.slant * bent_y;
        let (sin, cos) = self.rotation;
        let scale = DIGIT_HEIGHT / 100.0;
        Point {
            x: PAPER_SIDE / 2.0 + scale * (cos * x - sin * bent_y),
            y: PAPER_SIDE / 2.0 + scale * (sin * x + cos * bent_y),
        }
    }
}

/// A Catmull-Rom curve through the points.
fn smooth(points: &[Point]) -> Vec<Point> {
    let at = |index: isize| points[index.clamp(0, points.len() as isize - 1) as usize];
    let mut line = vec![at(0)];
    for index in 0..points.len() as isize - 1 {
        let [before, from, to, after] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
        for piece in 1..=PIECES {
            let t = piece as f32 / PIECES as f32;
            let along = |before: f32, from: f32, to: f32, after: f32| {
                let cubic = 3.0 * (from - to) + after - before;
                let square = 2.0 * before - 5.0 * from + 4.0 * to - after;
                from + 0.5 * t * (to - before + t * (square + t * cubic))
            };
            line.push(Point {
                x: along(before.x, from.x, to.x, after.x),
                y: along(before.y, from.y, to.y, after.y),
            });
        }
    }
    line
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn digits_repeat_with_the_seed_and_differ_with_the_number() {
        assert_eq!(built_in_digits(40, 3), built_in_digits(40, 3));
        assert_ne!(digit(4, 3, 0, HASTY), digit(4, 3, 1, HASTY));
        assert_ne!(digit(4, 3, 0, HASTY), digit(4, 4, 0, HASTY));
        assert_ne!(digit(4, 3, 0, HASTY), digit(4, 3, 0, CAREFUL));
    }

    #[test]
    fn every_digit_has_ink_of_a_plausible_amount() {
        let mut images = built_in_digits(1_000, 5);
        images.append(&careful_digits(1_000, 5));
        for index in 0..images.len() {
            let ink: u32 = images.image(index).iter().map(|&level| u32::from(level)).sum();
            // MNIST's test images lie between 3,000 and 79,000.
            assert!((3_000..90_000).contains(&ink), "digit {} has {ink}", images.labels[index]);
        }
    }

    #[test]
    fn train_and_test_share_no_digit() {
        let dataset = built_in_dataset(600, 1);
        assert_eq!((dataset.train.len(), dataset.test.len()), (600, 100));
        for index in 0..dataset.test.len() {
            assert!(
                (0..dataset.train.len()).all(|other| dataset.train.image(other) != dataset.test.image(index))
            );
        }
    }
}
