//! From images of any size, polarity and orientation to the 28x28 that a network reads.

use dataset::{LabelledImages, built_in_digits};
use ink::{PIXELS, Picture, Polarity, SIDE, found_ink, normalise};
use model_spec::Import;

use crate::raw::RawImages;

/// How images of files are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Making {
    /// As they are, or by finding ink.
    pub import: Import,
    /// Which is darker, ink or paper, where a person has said so.
    pub polarity: Option<Polarity>,
    /// Whether rows and columns change places first, as EMNIST needs it.
    pub is_turned: bool,
}

impl Making {
    /// Ink is found, whichever is darker; images lie upright.
    pub const FOUND: Self = Self { import: Import::Ink, polarity: None, is_turned: false };
}

impl RawImages {
    /// How a network that learns from these images is to read them: as they are where they are made as MNIST's are (28x28
    /// pixels, bright on dark), else through the ink pipeline.
    pub fn usual_import(&self) -> Import {
        let dark = self.values.iter().filter(|&&value| value < 128).count();
        if self.is_of_network_size() && 2 * dark >= self.values.len() { Import::AsIs } else { Import::Ink }
    }

    const fn is_of_network_size(&self) -> bool {
        self.width == SIDE && self.height == SIDE
    }

    /// 28x28 images, 784 values each. Images of another size always go through the ink pipeline. Blank ones stay blank.
    pub fn made(mut self, making: Making) -> Vec<u8> {
        spread(&mut self.values);
        if making.is_turned {
            self = self.turned();
        }
        if making.import == Import::AsIs && self.is_of_network_size() {
            if making.polarity == Some(Polarity::DarkInk) {
                for value in &mut self.values {
                    *value = 255 - *value;
                }
            }
            self.values
        } else {
            self.through_pipeline(making.polarity)
        }
    }

    /// Rows become columns.
    pub(crate) fn turned(self) -> Self {
        let (width, height) = (self.width, self.height);
        let mut values = Vec::with_capacity(self.values.len());
        for image in self.values.chunks_exact(width * height) {
            for column in 0..width {
                values.extend((0..height).map(|row| image[row * width + column]));
            }
        }
        Self { width: height, height: width, values }
    }

    /// What a network reads in each image, 784 values each, whatever its size and polarity. Blank ones stay blank.
    ///
    /// Where nearly all images of a file are of one polarity, the few that seem to be of the other are broad digits that fill
    /// their image: they are read as the rest.
    fn through_pipeline(&self, given: Option<Polarity>) -> Vec<u8> {
        const FEW: usize = 5;
        let each = self.values.chunks_exact(self.width * self.height);
        let read = |values: &[u8], polarity| {
            let picture = Picture::from_brightness(self.width, self.height, values.to_vec()).ok()?;
            let found = found_ink(&picture, polarity);
            Some((normalise(&found.raster), found.polarity))
        };
        let mut all: Vec<_> = each.clone().map(|values| read(values, given)).collect();
        let bright = all.iter().flatten().filter(|(_, polarity)| *polarity == Polarity::BrightInk).count();
        let (usual, others) = if 2 * bright >= all.len() {
            (Polarity::BrightInk, all.len() - bright)
        } else {
            (Polarity::DarkInk, bright)
        };
        if given.is_none() && FEW * others < all.len() {
            for (values, found) in each.zip(&mut all) {
                if found.as_ref().is_some_and(|(_, polarity)| *polarity != usual) {
                    *found = read(values, Some(usual));
                }
            }
        }
        all.into_iter().flat_map(|found| found.and_then(|(image, _)| image).unwrap_or([0; PIXELS])).collect()
    }
}

/// Bitmaps (0 and 1) and scans of few levels (0 to 16), over all levels: the ink of such files would be taken for dust.
fn spread(values: &mut [u8]) {
    const FEW_LEVELS: u8 = 32;
    let most = values.iter().copied().max().unwrap_or(0);
    if (1..FEW_LEVELS).contains(&most) {
        for value in values {
            *value = (u32::from(*value) * 255 / u32::from(most)) as u8;
        }
    }
}

/// Whether digits lie turned and mirrored, as EMNIST's do: whether turned back their classes' mean images are more like those
/// of the built-in digits. None where there is nothing to compare.
pub(crate) fn lies_turned(images: &LabelledImages) -> Option<bool> {
    const DRAWN: usize = 600;
    const LOOKED_AT: usize = 3_000;
    /// So much more alike must turned images be.
    const MARGIN: f64 = 0.02;
    let drawn = means(&built_in_digits(DRAWN, 1), DRAWN);
    let given = means(images, LOOKED_AT);
    let (mut upright, mut turned, mut compared) = (0.0, 0.0, 0);
    for (given, drawn) in given.iter().zip(&drawn) {
        let (Some(given), Some(drawn)) = (given, drawn) else { continue };
        let across: Vec<f64> = (0..PIXELS).map(|at| given[at % SIDE * SIDE + at / SIDE]).collect();
        upright += likeness(given, drawn);
        turned += likeness(&across, drawn);
        compared += 1;
    }
    (compared >= 2).then(|| turned > upright + MARGIN * f64::from(compared))
}

/// The mean image of each of the ten first classes, of which there are any.
fn means(images: &LabelledImages, most: usize) -> Vec<Option<Vec<f64>>> {
    let mut means = vec![None; 10];
    let step = (images.len() / most).max(1);
    for index in (0..images.len()).step_by(step) {
        if let Some(mean) = means.get_mut(usize::from(images.labels[index])) {
            let mean = mean.get_or_insert_with(|| vec![0.0; PIXELS]);
            for (sum, &level) in mean.iter_mut().zip(images.image(index)) {
                *sum += f64::from(level);
            }
        }
    }
    means
}

/// The cosine of the angle between two images.
fn likeness(a: &[f64], b: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = (product(a, a) * product(b, b)).sqrt();
    if size > 0.0 { product(a, b) / size } else { 0.0 }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const AS_IS: Making = Making { import: Import::AsIs, polarity: None, is_turned: false };

    fn raw(width: usize, height: usize, values: &[u8]) -> RawImages {
        RawImages { width, height, values: values.to_vec() }
    }

    #[test]
    fn bright_images_of_the_right_size_stay_as_they_are() {
        let mut values = vec![0; PIXELS];
        values[..40].fill(200);
        let images = raw(28, 28, &values);
        assert_eq!(images.usual_import(), Import::AsIs);
        assert_eq!(images.clone().made(AS_IS), values);
        assert_ne!(images.clone().made(Making { import: Import::Ink, ..AS_IS }), values);
        let dark = images.made(Making { polarity: Some(Polarity::DarkInk), ..AS_IS });
        assert_eq!((dark[0], dark[783]), (55, 255));
        assert_eq!(raw(28, 28, &[255; PIXELS]).usual_import(), Import::Ink);
    }

    #[test]
    fn turning_twice_is_nothing() {
        let images = raw(3, 2, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(images.clone().turned(), raw(2, 3, &[1, 4, 2, 5, 3, 6]));
        assert_eq!(images.clone().turned().turned(), images);
    }

    #[test]
    fn digits_that_lie_turned_are_noticed() {
        for seed in 2..6 {
            let digits = built_in_digits(40, seed);
            let pixels = raw(28, 28, &digits.pixels).turned().values;
            let turned = LabelledImages { pixels, labels: digits.labels.clone() };
            assert_eq!((lies_turned(&digits), lies_turned(&turned)), (Some(false), Some(true)));
        }
        assert_eq!(lies_turned(&LabelledImages::default()), None);
    }
}
