//! Batch normalisation: every channel of a batch gets mean 0 and variance 1.
//!
//! There is no scale and no shift to learn: what reads the values is linear, and its own weights and biases can do both.
//!
//! S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift"
//! (arXiv 1502.03167).

use pulp::Arch;

/// What is added to a variance before its root divides: a unit that is all but dead is not blown up (Keras's).
pub const NORM_EPSILON: f32 = 1e-3;

/// How many rows each of the first means has where a mean over so many rows is taken of means: the divisor nearest below their
/// root. In single precision a sum of ten thousand values, one after the other, is wrong in its fourth digit.
pub fn block_rows(rows: usize) -> usize {
    (1..=rows.isqrt()).rev().find(|&block| rows.is_multiple_of(block)).unwrap_or(1)
}

/// Rows that are summed in single precision.
const BLOCK_ROWS: usize = 64;

/// Values after normalisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalised {
    /// In the layout of what was normalised.
    pub values: Vec<f32>,
    /// For each channel, one over the root of its variance.
    pub inverse_deviation: Vec<f32>,
}

/// Normalises the columns of `[rows, channels]`: an image's pixels are rows.
///
/// # Panics
/// Where the values are no whole rows, or none.
pub fn batch_norm(channels: usize, values: &[f32]) -> Normalised {
    let rows = rows(channels, values);
    Arch::new().dispatch(|| {
        // Counted from the first row, which is mostly paper: where nearly all is, squares would be far larger than the variance.
        let first = &values[..channels];
        let [sums, squares] = column_sums(first, values, values, |value, _, first| {
            [value - first, (value - first) * (value - first)]
        });
        let offset: Vec<f64> = sums.iter().map(|sum| sum / rows).collect();
        let inverse_deviation: Vec<f32> = offset
            .iter()
            .zip(&squares)
            .map(|(offset, squares)| {
                ((squares / rows - offset * offset).max(0.0) + f64::from(NORM_EPSILON)).sqrt().recip() as f32
            })
            .collect();
        let mean: Vec<f32> =
            offset.iter().zip(first).map(|(offset, &first)| (offset + f64::from(first)) as f32).collect();
        let mut normalised = Vec::with_capacity(values.len());
        for row in values.chunks_exact(channels) {
            let columns = row.iter().zip(&mean).zip(&inverse_deviation);
            normalised.extend(columns.map(|((value, mean), inverse)| (value - mean) * inverse));
        }
        Normalised { values: normalised, inverse_deviation }
    })
}

/// The gradient for what was normalised; `values` and `inverse_deviation` are [`Normalised`]'s, `gradient` is for these values.
///
/// # Panics
/// Where the lengths differ.
pub fn batch_norm_backward(values: &[f32], inverse_deviation: &[f32], gradient: &[f32]) -> Vec<f32> {
    let channels = inverse_deviation.len();
    assert_eq!(values.len(), gradient.len(), "gradient");
    let rows = rows(channels, values);
    Arch::new().dispatch(|| {
        let sums = column_sums(inverse_deviation, gradient, values, |gradient, value, _| {
            [gradient, gradient * value]
        });
        let [mean, slope] = sums.map(|sums| sums.iter().map(|sum| (sum / rows) as f32).collect::<Vec<_>>());
        let mut input = Vec::with_capacity(values.len());
        for (gradients, values) in gradient.chunks_exact(channels).zip(values.chunks_exact(channels)) {
            let columns = gradients.iter().zip(values).zip(mean.iter().zip(&slope)).zip(inverse_deviation);
            input.extend(columns.map(|(((gradient, value), (mean, slope)), inverse)| {
                (gradient - mean - value * slope) * inverse
            }));
        }
        input
    })
}

fn rows(channels: usize, values: &[f32]) -> f64 {
    assert!(channels > 0 && !values.is_empty() && values.len().is_multiple_of(channels), "whole rows");
    (values.len() / channels) as f64
}

/// For each channel the sums over the rows of two numbers made of a value of each list and of the channel's own.
#[inline(always)]
fn column_sums(
    own: &[f32],
    first: &[f32],
    second: &[f32],
    terms: impl Fn(f32, f32, f32) -> [f32; 2],
) -> [Vec<f64>; 2] {
    let channels = own.len();
    let mut sums = [vec![0.0; channels], vec![0.0; channels]];
    let mut block = [vec![0.0_f32; channels], vec![0.0_f32; channels]];
    let blocks = first.chunks(BLOCK_ROWS * channels).zip(second.chunks(BLOCK_ROWS * channels));
    for (first, second) in blocks {
        let [block_0, block_1] = &mut block;
        block_0.fill(0.0);
        block_1.fill(0.0);
        for (first, second) in first.chunks_exact(channels).zip(second.chunks_exact(channels)) {
            let columns = block_0.iter_mut().zip(&mut *block_1).zip(first.iter().zip(second).zip(own));
            for ((sum_0, sum_1), ((&first, &second), &own)) in columns {
                let [term_0, term_1] = terms(first, second, own);
                *sum_0 += term_0;
                *sum_1 += term_1;
            }
        }
        for (sums, block) in sums.iter_mut().zip(&block) {
            for (sum, &part) in sums.iter_mut().zip(block) {
                *sum += f64::from(part);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::plain::{Case, assert_close};

    /// Mean and variance of each column, in double precision.
    fn moments(channels: usize, values: &[f32]) -> Vec<(f64, f64)> {
        let column = |channel| values.iter().skip(channel).step_by(channels).map(|&value| f64::from(value));
        let moments = |channel| {
            let rows = column(channel).count() as f64;
            let mean = column(channel).sum::<f64>() / rows;
            (mean, column(channel).map(|value| (value - mean).powi(2)).sum::<f64>() / rows)
        };
        (0..channels).map(moments).collect()
    }

    #[test]
    fn every_channel_has_mean_0_and_variance_1() {
        for seed in 0..20 {
            let mut case = Case::new(seed);
            let (channels, rows) = (case.one_of(&[1, 3, 16, 33]), case.one_of(&[2, 64, 700]));
            let values: Vec<f32> =
                case.values(rows * channels, 0.4).into_iter().map(|value| 3.0 * value + 2.0).collect();
            let normalised = batch_norm(channels, &values);
            for ((mean, variance), (_, before)) in
                moments(channels, &normalised.values).into_iter().zip(moments(channels, &values))
            {
                let expected = before / (before + f64::from(NORM_EPSILON));
                assert!(mean.abs() < 1e-4 && (variance - expected).abs() < 1e-3, "{mean} {variance}");
            }
        }
    }

    /// Paper everywhere but in a few places, as most pixels are.
    #[test]
    fn a_channel_that_is_nearly_the_same_everywhere_keeps_its_variance() {
        for paper in [0.0, 0.7, 30.0] {
            let values: Vec<f32> =
                (0..10_000).map(|row| if row % 100 == 99 { paper + 0.01 } else { paper }).collect();
            let (_, variance) = moments(1, &values)[0];
            let expected = (variance + f64::from(NORM_EPSILON)).sqrt().recip();
            let got = f64::from(batch_norm(1, &values).inverse_deviation[0]);
            assert!((got / expected - 1.0).abs() < 1e-5, "{paper}: {got} is not {expected}");
        }
    }

    #[test]
    fn a_channel_that_is_the_same_everywhere_becomes_zero() {
        let normalised = batch_norm(2, &[0.0, 1.0, 0.0, -1.0, 0.0, 3.0]);
        assert!(normalised.values.iter().step_by(2).all(|&value| value == 0.0));
        let gradient = batch_norm_backward(
            &normalised.values,
            &normalised.inverse_deviation,
            &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        );
        assert!(gradient.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn gradients_are_the_slopes_of_the_loss() {
        let mut case = Case::new(5);
        let (channels, rows) = (3, 7);
        let values = case.values(rows * channels, 0.2);
        let upstream = case.values(rows * channels, 0.2);
        let loss = |values: &[f32]| -> f64 {
            let normalised = batch_norm(channels, values);
            normalised.values.iter().zip(&upstream).map(|(a, b)| f64::from(a * b)).sum()
        };
        let normalised = batch_norm(channels, &values);
        let got = batch_norm_backward(&normalised.values, &normalised.inverse_deviation, &upstream);
        let step = 1e-2_f32;
        let slope = |index: usize| {
            let shifted = |by: f32| {
                let mut values = values.clone();
                values[index] += by;
                loss(&values)
            };
            (shifted(step) - shifted(-step)) / (2.0 * f64::from(step))
        };
        let slopes: Vec<f64> = (0..values.len()).map(slope).collect();
        assert_close("gradient", &got, &slopes, 2e-3);
    }
}
