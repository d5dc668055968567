//! How training images are changed before a network learns from them.

use serde::{Deserialize, Serialize};

/// The most that a training image is changed, drawn anew for each image in each epoch. Zeros leave it as it is.
///
/// Lengths are in pixels of the 28x28 image, whose digits are 20 pixels long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Share of the images that are changed at all, 0 to 1.
    pub share: f32,
    /// The same in the last fifth of a run's epochs, where it is another: a network settles on images as they come.
    pub last_share: Option<f32>,
    /// Rotation, either way, in degrees.
    pub rotation_degrees: f32,
    /// Slant, either way: columns moved for each row.
    pub shear: f32,
    /// Width to height, either way, as a natural logarithm: 0.2 is 22 % wider or narrower.
    pub stretch: f32,
    /// Elastic bending: standard deviation of the places of points.
    pub bend_px: f32,
    /// Change of the width of strokes.
    pub stroke_width_px: f32,
    /// Length of the digit's longer side, either way.
    pub size_px: f32,
    /// Place, either way, along each axis.
    pub shift_px: f32,
    /// The coarsest scan: length of the digit's longer side in a quarter of the images. Zero or 20 and more for none.
    pub coarsest_px: f32,
    /// Strength of grey levels, either way, as the logarithm of an exponent.
    pub contrast: f32,
    /// Share of a 3x3 binomial blur in the result, 0 to 1.
    pub blur: f32,
    /// Noise in a third of the images, either way, in grey levels of 255.
    pub noise_levels: f32,
}

impl Augmentation {
    /// Images as they are.
    pub const NONE: Self = Self {
        share: 0.0,
        last_share: None,
        rotation_degrees: 0.0,
        shear: 0.0,
        stretch: 0.0,
        bend_px: 0.0,
        stroke_width_px: 0.0,
        size_px: 0.0,
        shift_px: 0.0,
        coarsest_px: 0.0,
        contrast: 0.0,
        blur: 0.0,
        noise_levels: 0.0,
    };

    /// About as much as hands, pens and scans differ: what the Train page offers.
    pub const USUAL: Self = Self {
        share: 0.8,
        last_share: None,
        rotation_degrees: 10.0,
        shear: 0.15,
        stretch: 0.15,
        bend_px: 0.6,
        stroke_width_px: 1.5,
        size_px: 1.0,
        shift_px: 1.0,
        coarsest_px: 14.0,
        contrast: 0.3,
        blur: 0.4,
        noise_levels: 15.0,
    };

    /// What holds in an epoch, from 0, of so many.
    #[must_use]
    pub fn in_epoch(self, epoch: u32, epochs: u32) -> Self {
        let last = 5 * u64::from(epoch) >= 4 * u64::from(epochs);
        Self { share: self.last_share.filter(|_| last).unwrap_or(self.share), ..self }
    }

    /// Whether it changes nothing.
    pub fn is_none(&self) -> bool {
        self.share == 0.0 && self.last_share.is_none_or(|share| share == 0.0)
    }

    /// Each value with its name and the most that it may be.
    pub(crate) fn limits(&self) -> [(&'static str, f32, f32); 13] {
        [
            ("share", self.share, 1.0),
            ("last_share", self.last_share.unwrap_or(0.0), 1.0),
            ("rotation_degrees", self.rotation_degrees, 180.0),
            ("shear", self.shear, 2.0),
            ("stretch", self.stretch, 1.0),
            ("bend_px", self.bend_px, 5.0),
            ("stroke_width_px", self.stroke_width_px, 4.0),
            ("size_px", self.size_px, 8.0),
            ("shift_px", self.shift_px, 14.0),
            ("coarsest_px", self.coarsest_px, 28.0),
            ("contrast", self.contrast, 3.0),
            ("blur", self.blur, 1.0),
            ("noise_levels", self.noise_levels, 255.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(last_share: Option<f32>, epochs: u32, expected: &[f32]) {
        let augmentation = Augmentation { share: 0.9, last_share, ..Augmentation::NONE };
        let shares: Vec<f32> = (0..epochs).map(|epoch| augmentation.in_epoch(epoch, epochs).share).collect();
        assert_eq!(shares, expected);
    }

    #[test]
    fn the_last_fifth_of_the_epochs_may_have_another_share() {
        check(None, 5, &[0.9; 5]);
        check(Some(0.4), 5, &[0.9, 0.9, 0.9, 0.9, 0.4]);
        check(Some(0.0), 10, &[0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.0, 0.0]);
        check(Some(0.4), 1, &[0.9]);
    }
}
