//! Training images changed as hands, pens and scanners do.
//!
//! An image is bent, turned and slanted, its strokes get thicker or thinner, and what comes out goes through the same
//! scaling and centring as every drawing: what a network learns from is what it will be asked to read.

mod chance;
mod hand;
mod scan;
mod thickness;
mod warp;

pub use hand::restroked;

use ink::{BOX_SIDE, CENTRE, Image, placed};
use rand_pcg::Pcg32;
use train_config::Augmentation;

use chance::Chance;

/// The image, changed at most as much as is said; the same for the same state of the generator.
pub fn augmented(image: &Image, augmentation: &Augmentation, rng: &mut Pcg32) -> Image {
    let mut chance = Chance(rng);
    if !chance.is(augmentation.share) {
        return *image;
    }
    let mut raster = warp::warped(image, augmentation, &mut chance);
    let change_px = chance.either_way(augmentation.stroke_width_px);
    // A stroke grows on both sides.
    thickness::change(&mut raster, 0.5 * change_px * warp::DETAIL as f32);
    if (1.0..BOX_SIDE as f32).contains(&augmentation.coarsest_px) && chance.is(0.25) {
        let side = chance.between(augmentation.coarsest_px, BOX_SIDE as f32).round() as usize;
        raster = scan::coarse(&raster, side);
    }
    let side = (BOX_SIDE as f32 + chance.either_way(augmentation.size_px)).round() as usize;
    let mut centre = || CENTRE + f64::from(chance.either_way(augmentation.shift_px));
    let centre = (centre(), centre());
    // Ink that is gone, or an image without any, is left as it was.
    let Some(mut changed) = placed(&raster, side, centre) else { return *image };
    scan::scanned(&mut changed, augmentation, &mut chance);
    changed
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use ink::{PIXELS, Point, Raster, SIDE, normalise};

    use super::*;

    const ALL: Augmentation = Augmentation {
        share: 1.0,
        last_share: None,
        rotation_degrees: 15.0,
        shear: 0.3,
        stretch: 0.2,
        bend_px: 0.8,
        stroke_width_px: 1.5,
        size_px: 2.0,
        shift_px: 1.0,
        coarsest_px: 12.0,
        contrast: 0.4,
        blur: 0.5,
        noise_levels: 30.0,
    };

    fn seven() -> Image {
        let mut raster = Raster::blank(280, 280);
        for [from, to] in [[(80.0, 60.0), (200.0, 60.0)], [(200.0, 60.0), (120.0, 230.0)]] {
            let [from, to] = [from, to].map(|(x, y)| Point { x, y });
            raster.ink_segment(from, to, 11.0);
        }
        normalise(&raster).unwrap()
    }

    fn ink(image: &Image) -> f64 {
        image.iter().map(|&level| f64::from(level)).sum()
    }

    /// How sharp an image is: squares of the steps between neighbours.
    fn edges(image: &Image) -> f64 {
        image.windows(2).map(|pair| f64::from(pair[0].abs_diff(pair[1])).powi(2)).sum()
    }

    /// Of many changed sevens, the mean of what is measured lies in a range, and each differs from the next.
    #[track_caller]
    fn check(augmentation: Augmentation, measure: impl Fn(&Image) -> f64, expected: core::ops::Range<f64>) {
        let image = seven();
        let mut rng = Pcg32::new(3, 5);
        let images: Vec<Image> = (0..200).map(|_| augmented(&image, &augmentation, &mut rng)).collect();
        assert!(images.windows(2).any(|pair| pair[0] != pair[1]), "{augmentation:?} changes nothing");
        let mean = images.iter().map(&measure).sum::<f64>() / images.len() as f64;
        assert!(expected.contains(&mean), "{augmentation:?}: {mean}");
    }

    #[test]
    fn nothing_is_changed_where_nothing_is_asked_for() {
        let image = seven();
        let mut rng = Pcg32::new(1, 1);
        assert_eq!(augmented(&image, &Augmentation::NONE, &mut rng), image);
        assert_eq!(augmented(&[0; PIXELS], &ALL, &mut rng), [0; PIXELS]);
    }

    /// Drawn anew through the finer grid, an image stays what it was but for rounding.
    #[test]
    fn an_image_survives_a_change_by_nothing() {
        let image = seven();
        let still = Augmentation { share: 1.0, ..Augmentation::NONE };
        let got = augmented(&image, &still, &mut Pcg32::new(1, 1));
        let apart: f64 = got.iter().zip(&image).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        assert!(apart < 0.25 * ink(&image), "{} of {}", apart, ink(&image));
        assert!((ink(&got) / ink(&image) - 1.0).abs() < 0.05, "{} of {}", ink(&got), ink(&image));
        assert!((edges(&got) / edges(&image) - 1.0).abs() < 0.15, "{} of {}", edges(&got), edges(&image));
    }

    #[test]
    fn the_same_state_gives_the_same_image() {
        let image = seven();
        let once = |stream| augmented(&image, &ALL, &mut Pcg32::new(9, stream));
        assert_eq!(once(4), once(4));
        assert_ne!(once(4), once(5));
    }

    #[test]
    fn each_change_does_what_it_says() {
        let all = ink(&seven());
        let one = Augmentation { share: 1.0, ..Augmentation::NONE };
        let apart = |image: &Image| {
            image.iter().zip(&seven()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / all
        };
        check(Augmentation { rotation_degrees: 15.0, ..one }, apart, 0.2..0.9);
        check(Augmentation { shear: 0.4, ..one }, apart, 0.2..0.9);
        check(Augmentation { stretch: 0.3, ..one }, apart, 0.1..0.9);
        check(Augmentation { bend_px: 0.7, ..one }, apart, 0.2..0.9);
        check(Augmentation { stroke_width_px: 1.5, ..one }, |image| ink(image) / all, 0.8..1.2);
        check(Augmentation { shift_px: 3.0, ..one }, apart, 0.4..1.6);
        check(Augmentation { size_px: 3.0, ..one }, |image| ink(image) / all, 0.8..1.2);
        let sharp = edges(&seven());
        check(Augmentation { blur: 1.0, ..one }, |image| edges(image) / sharp, 0.3..0.8);
        check(Augmentation { contrast: 1.0, ..one }, |image| ink(image) / all, 0.8..1.2);
        check(Augmentation { coarsest_px: 8.0, ..one }, |image| ink(image) / all, 0.8..1.2);
        check(Augmentation { noise_levels: 60.0, ..one }, |image| f64::from(image[0]), 0.5..10.0);
    }

    #[test]
    fn everything_at_once_leaves_a_readable_amount_of_ink() {
        let (image, mut rng) = (seven(), Pcg32::new(2, 7));
        for _ in 0..500 {
            let share = ink(&augmented(&image, &ALL, &mut rng)) / ink(&image);
            assert!((0.2..3.0).contains(&share), "{share}");
        }
    }

    #[test]
    fn thicker_strokes_have_more_ink_and_thinner_ones_less() {
        let image = seven();
        let raster = || Raster::from_levels(SIDE, SIDE, image.to_vec()).unwrap();
        let after = |change: f32| {
            let mut raster = raster();
            thickness::change(&mut raster, change);
            raster.levels().iter().map(|&level| f64::from(level)).sum::<f64>() / ink(&image)
        };
        assert_eq!(after(0.0), 1.0);
        assert!(after(0.5) > 1.1 && after(1.0) > after(0.5) && after(2.0) > after(1.0));
        assert!(after(-0.5) < 0.9);
        // What would vanish is left as it was.
        assert_eq!(after(-3.0), 1.0);
    }
}
