//! What is no digit is taken for none, of forms that no model has seen.

use dataset::{LabelledImages, not_digits};
use ink::{Image, PIXELS, Point, Raster, normalise};
use model_spec::NOT_A_DIGIT;
use rand::RngExt as _;
use rand_pcg::Pcg32;

use super::{assess, model};

type Letter = &'static [&'static [(f32, f32)]];

/// Letters as a school book prints them, in a box of 10 x 10; none of those that are digits in another word. The built-in
/// generator, which the reader is trained with, draws its own.
const LETTERS: &[(char, Letter)] = &[
    ('A', &[&[(0.0, 10.0), (4.0, 0.0), (8.0, 10.0)], &[(1.8, 5.5), (6.2, 5.5)]]),
    ('E', &[&[(7.0, 0.0), (0.0, 0.0), (0.0, 10.0), (7.0, 10.0)], &[(0.0, 4.6), (5.5, 4.6)]]),
    ('F', &[&[(7.0, 0.0), (0.0, 0.0), (0.0, 10.0)], &[(0.0, 4.8), (5.0, 4.8)]]),
    ('H', &[&[(0.0, 0.0), (0.0, 10.0)], &[(7.0, 0.0), (7.0, 10.0)], &[(0.0, 5.5), (7.0, 4.5)]]),
    ('K', &[&[(0.0, 0.0), (0.0, 10.0)], &[(6.5, 0.0), (0.0, 6.0)], &[(2.0, 4.5), (7.0, 10.0)]]),
    ('M', &[&[(0.0, 10.0), (0.0, 0.0), (4.5, 7.0), (9.0, 0.0), (9.0, 10.0)]]),
    ('N', &[&[(0.0, 10.0), (0.0, 0.0), (7.0, 10.0), (7.0, 0.0)]]),
    (
        'R',
        &[
            &[(0.0, 10.0), (0.0, 0.0), (5.0, 0.0), (6.5, 2.5), (5.0, 5.0), (0.0, 5.0)],
            &[(3.0, 5.0), (7.0, 10.0)],
        ],
    ),
    ('T', &[&[(0.0, 0.0), (8.0, 0.0)], &[(4.0, 0.0), (4.0, 10.0)]]),
    ('W', &[&[(0.0, 0.0), (2.5, 10.0), (5.0, 3.0), (7.5, 10.0), (10.0, 0.0)]]),
    ('X', &[&[(0.0, 0.0), (7.0, 10.0)], &[(7.0, 0.0), (0.0, 10.0)]]),
    ('k', &[&[(0.0, 0.0), (0.0, 10.0)], &[(5.0, 3.5), (0.0, 7.0), (5.5, 10.0)]]),
    (
        'm',
        &[
            &[(0.0, 3.0), (0.0, 9.0)],
            &[(0.0, 4.5), (2.0, 3.0), (4.0, 4.5), (4.0, 9.0)],
            &[(4.0, 4.5), (6.0, 3.0), (8.0, 4.5), (8.0, 9.0)],
        ],
    ),
    ('w', &[&[(0.0, 3.0), (2.0, 9.0), (4.0, 5.0), (6.0, 9.0), (8.0, 3.0)]]),
    ('x', &[&[(0.0, 3.0), (6.0, 9.0)], &[(6.0, 3.0), (0.0, 9.0)]]),
];

/// So many of one kind, each slanted, stretched and drawn with a pen of its own.
fn letters(count: usize) -> LabelledImages {
    let mut images = LabelledImages::default();
    for index in 0..count {
        let mut rng = Pcg32::new(7, index as u64);
        let mut between = |low: f32, high: f32| low + (high - low) * rng.random::<f32>();
        let (_, strokes) = LETTERS[index % LETTERS.len()];
        let (wide, slant, radius) = (between(7.0, 12.0), between(-0.2, 0.3), between(4.0, 11.0));
        let mut raster = Raster::blank(200, 200);
        for stroke in strokes {
            let points = stroke.iter().map(|&(x, y)| Point {
                x: 45.0 + wide * x - 12.0 * slant * (y - 5.0) + between(-3.0, 3.0),
                y: 40.0 + 12.0 * y + between(-3.0, 3.0),
            });
            raster.ink_stroke(&points.collect::<Vec<_>>(), radius);
        }
        images.push(&normalise(&raster).unwrap(), NOT_A_DIGIT);
    }
    images
}

/// Grey levels by chance.
fn noise(count: usize) -> LabelledImages {
    let mut images = LabelledImages::default();
    for index in 0..count {
        let mut rng = Pcg32::new(11, index as u64);
        let image: Image = core::array::from_fn(|_| rng.random::<u8>());
        images.push(&image, NOT_A_DIGIT);
    }
    images
}

#[track_caller]
fn check(name: &str, set: &LabelledImages, least: f64) {
    let share = assess(&model("reader-cnn.safetensors"), set).rejected_share();
    println!("{name}: {:.1} % of {} are rejected", 100.0 * share, set.len());
    assert!(share >= least, "{name}: {share}");
}

#[test]
fn letters_scribbles_noise_and_blanks_are_asked_about() {
    check("letters of forms never trained on", &letters(1_500), 0.9);
    check(
        "letters, scribbles, pairs and noise of the trained kinds, not these",
        &not_digits(2_000, 77),
        0.95,
    );
    check("noise", &noise(300), 0.95);
    let mut blank = LabelledImages::default();
    blank.push(&[0; PIXELS], NOT_A_DIGIT);
    check("blank paper", &blank, 1.0);
}

#[test]
#[cfg_attr(not(has_mnist), ignore = "INKLING_MNIST_DIR is not set")]
fn few_digits_are_asked_about() {
    let mnist = tests::mnist();
    let share = assess(&model("reader-cnn.safetensors"), &mnist.test).rejected_share();
    assert!(share <= 0.0125, "{share} of MNIST's test images are rejected");
}
