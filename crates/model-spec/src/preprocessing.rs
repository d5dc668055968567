//! How grey levels become the numbers that a network reads. It goes wherever a model goes.

use serde::{Deserialize, Serialize};

use crate::{PIXELS, SIDE};

/// From grey levels (0 is paper, 255 is ink) to the values that a network reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Preprocessing {
    /// 0 to 1.
    #[default]
    ZeroToOne,
    /// -1 to 1.
    MinusOneToOne,
    /// `(x - mean) / std`, where `x` is 0 to 1: MNIST has 0.1307 and 0.3081.
    MeanStd {
        /// Of all pixels, 0 to 1.
        mean: f32,
        /// Standard deviation of all pixels, above 0.
        std: f32,
    },
    /// Each column of pixels of an image scaled to length 1, as Keras's `normalize(axis=1)` does; an empty one stays empty.
    L2Columns,
}

impl Preprocessing {
    /// `(scale, offset)` where each value is `scale * level + offset`.
    pub fn affine(&self) -> Option<(f32, f32)> {
        match *self {
            Self::ZeroToOne => Some((1.0 / 255.0, 0.0)),
            Self::MinusOneToOne => Some((1.0 / 127.5, -1.0)),
            Self::MeanStd { mean, std } => Some((1.0 / (255.0 * std), -mean / std)),
            Self::L2Columns => None,
        }
    }

    /// The values of images of 784 grey levels each, without the [offset](Self::affine): paper is 0.
    pub fn scaled(&self, levels: &[u8]) -> Vec<f32> {
        match self.affine() {
            Some((scale, _)) => levels.iter().map(|&level| f32::from(level) * scale).collect(),
            None => levels.chunks(PIXELS).flat_map(l2_columns).collect(),
        }
    }

    /// The values of images of 784 grey levels each.
    pub fn apply(&self, levels: &[u8]) -> Vec<f32> {
        let mut values = self.scaled(levels);
        if let Some((_, offset)) = self.affine().filter(|(_, offset)| *offset != 0.0) {
            for value in &mut values {
                *value += offset;
            }
        }
        values
    }

    /// Mean and standard deviation of all pixels of a part of the data.
    ///
    /// # Panics
    /// Never; no images, or images all of one level, leave the deviation at 1.
    pub fn standardizing(levels: impl Iterator<Item = u8>) -> Self {
        let (mut count, mut sum, mut squares) = (0_u64, 0_u64, 0_u64);
        for level in levels {
            count += 1;
            sum += u64::from(level);
            squares += u64::from(level) * u64::from(level);
        }
        let count = count.max(1) as f64;
        let mean = sum as f64 / count;
        let variance = squares as f64 / count - mean * mean;
        let std = if variance > 0.0 { variance.sqrt() } else { 255.0 };
        Self::MeanStd { mean: (mean / 255.0) as f32, std: (std / 255.0) as f32 }
    }

    /// What it is, for people.
    pub fn title(&self) -> String {
        match self {
            Self::ZeroToOne => "0 to 1".into(),
            Self::MinusOneToOne => "-1 to 1".into(),
            Self::MeanStd { mean, std } => format!("mean {mean:.4}, deviation {std:.4}"),
            Self::L2Columns => "columns of length 1".into(),
        }
    }
}

/// How the 28x28 images that a model learned from were made from those in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Import {
    /// They are those of the files.
    AsIs,
    /// Ink was found in each, centred and scaled, as in drawings and photographs.
    #[default]
    Ink,
}

fn l2_columns(image: &[u8]) -> Vec<f32> {
    let mut squares = [0_u32; SIDE];
    for (index, &level) in image.iter().enumerate() {
        squares[index % SIDE] += u32::from(level) * u32::from(level);
    }
    let inverse = squares.map(|squares| if squares == 0 { 0.0 } else { (squares as f32).sqrt().recip() });
    image.iter().enumerate().map(|(index, &level)| f32::from(level) * inverse[index % SIDE]).collect()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(preprocessing: Preprocessing, expected: [f32; 3]) {
        let mut levels = [0; PIXELS];
        (levels[0], levels[SIDE], levels[1]) = (255, 255, 51);
        let values = preprocessing.apply(&levels);
        let got = [values[0], values[1], values[2]];
        assert!(got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-4), "{got:?}");
    }

    #[test]
    fn levels_become_the_values_that_tutorials_use() {
        check(Preprocessing::ZeroToOne, [1.0, 0.2, 0.0]);
        check(Preprocessing::MinusOneToOne, [1.0, -0.6, -1.0]);
        check(Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 }, [2.8215, 0.2249, -0.4242]);
        check(Preprocessing::L2Columns, [0.5_f32.sqrt(), 1.0, 0.0]);
    }

    #[test]
    fn a_part_is_standardized_by_its_own_mean_and_deviation() {
        let Preprocessing::MeanStd { mean, std } = Preprocessing::standardizing([0, 255, 255, 0].into_iter())
        else {
            panic!("another kind");
        };
        assert!((mean - 0.5).abs() < 1e-6 && (std - 0.5).abs() < 1e-6);
        let flat = Preprocessing::standardizing([7; 9].into_iter());
        assert!(flat.apply(&[7; PIXELS]).iter().all(|value| value.abs() < 1e-6));
    }
}
