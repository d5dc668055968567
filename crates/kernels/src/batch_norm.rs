//! Batch normalisation: every channel of a batch gets mean 0 and variance 1, then a scale and a shift to learn.
//!
//! S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift"
//! (arXiv 1502.03167).

use pulp::Arch;

use crate::NormGradients;

/// Rows in each block when a mean over `rows` is taken as a mean of means: the largest divisor up to their root. In single
/// precision a running sum of ten thousand values is wrong in its fourth digit.
pub fn block_rows(rows: usize) -> usize {
    (1..=rows.isqrt()).rev().find(|&block| rows.is_multiple_of(block)).unwrap_or(1)
}

/// Rows that are summed in single precision.
const BLOCK_ROWS: usize = 64;

/// The scale and the shift of a normalisation, one value to a channel each, and whether ReLU follows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NormAffine<'a> {
    /// The scale; 1 where there is none.
    pub gamma: Option<&'a [f32]>,
    /// The shift; 0 where there is none.
    pub beta: Option<&'a [f32]>,
    /// Whether ReLU follows.
    pub relu: bool,
}

/// What [`batch_norm`] gives.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNormalized {
    /// In the layout of what was normalised.
    pub values: Vec<f32>,
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Variance of each channel, divided by the number of rows.
    pub variance: Vec<f32>,
    /// One over the root of each channel's variance and `epsilon`.
    pub inverse_deviation: Vec<f32>,
}

/// Normalises the columns of `[rows, channels]`: an image's pixels are rows. `epsilon` is added to a variance before its
/// root divides.
///
/// # Panics
/// Where the values are not whole rows, or none, or a parameter has another length than a row.
pub fn batch_norm(channels: usize, values: &[f32], affine: NormAffine<'_>, epsilon: f32) -> BatchNormalized {
    let rows = rows(channels, values);
    affine.check(channels);
    Arch::new().dispatch(|| {
        // Counted from the first row, which is mostly paper: where nearly all is, squares would be far larger than the
        // variance.
        let first = &values[..channels];
        let wide_first = widened(first);
        let own = [&wide_first[..]; 3];
        let [sums, squares] = column_sums(channels, own, values, values, |[first, ..], value, _| {
            let centred = value - first;
            [centred, centred * centred]
        });
        let offset: Vec<f64> = sums.iter().map(|sum| sum / rows).collect();
        let wide: Vec<f64> = offset
            .iter()
            .zip(&squares)
            .map(|(offset, squares)| (squares / rows - offset * offset).max(0.0))
            .collect();
        let inverse_deviation: Vec<f32> =
            wide.iter().map(|variance| (variance + f64::from(epsilon)).sqrt().recip() as f32).collect();
        let mean: Vec<f32> =
            offset.iter().zip(first).map(|(offset, &first)| (offset + f64::from(first)) as f32).collect();
        let Coefficients { scale, shift } = affine.coefficients(&inverse_deviation);
        let (means, scale, shift) = (widened(&mean), widened(&scale), widened(&shift));
        let mut output = Vec::with_capacity(values.len());
        for row in values.chunks(means.len()) {
            let columns = row.iter().zip(&means).zip(scale.iter().zip(&shift));
            if affine.relu {
                output.extend(columns.map(|((value, mean), (scale, shift))| {
                    let value = (value - mean) * scale + shift;
                    if value < 0.0 { 0.0 } else { value }
                }));
            } else {
                output.extend(columns.map(|((value, mean), (scale, shift))| (value - mean) * scale + shift));
            }
        }
        let variance = wide.into_iter().map(|variance| variance as f32).collect();
        BatchNormalized { values: output, mean, variance, inverse_deviation }
    })
}

/// The gradients of [`batch_norm`]: `values` and `affine` as given to it, `mean` and `inverse_deviation` as it gave them,
/// `gradient` for its values.
///
/// # Panics
/// Where the lengths differ.
pub fn batch_norm_backward(
    values: &[f32],
    affine: NormAffine<'_>,
    mean: &[f32],
    inverse_deviation: &[f32],
    gradient: &[f32],
) -> NormGradients {
    let channels = mean.len();
    assert_eq!(values.len(), gradient.len(), "gradient");
    assert_eq!(inverse_deviation.len(), channels, "statistics");
    let rows = rows(channels, values);
    affine.check(channels);
    Arch::new().dispatch(|| {
        let Coefficients { scale, shift } = affine.coefficients(inverse_deviation);
        let (means, scale, shift) = (widened(mean), widened(&scale), widened(&shift));
        let wide = means.len();
        let (means, scale, shift) = (&means[..wide], &scale[..wide], &shift[..wide]);
        // The same expression as in the forward pass: the same values are let through.
        let own = [means, scale, shift];
        // Without ReLU nothing is stopped: no value compares with what is not a number.
        let floor = if affine.relu { 0.0 } else { f32::NAN };
        let sums = column_sums(channels, own, gradient, values, |[mean, scale, shift], gradient, value| {
            let centred = value - mean;
            let stopped = centred * scale + shift <= floor;
            let gradient = if stopped { 0.0 } else { gradient };
            [gradient, gradient * centred]
        });
        let [sums, products] = sums;
        let beta = sums.iter().map(|&sum| sum as f32).collect();
        let gamma =
            products.iter().zip(inverse_deviation).map(|(sum, &inverse)| (sum * f64::from(inverse)) as f32);
        let gamma: Vec<f32> = gamma.collect();
        // d input = scale * (gradient - mean of it - normal value * mean of gradient times normal value)
        let mean_gradient: Vec<f32> = sums.iter().map(|sum| (sum / rows) as f32).collect();
        let slope: Vec<f32> = products
            .iter()
            .zip(inverse_deviation)
            .map(|(sum, &inverse)| (sum / rows * f64::from(inverse) * f64::from(inverse)) as f32)
            .collect();
        let (mean_gradient, slope) = (widened(&mean_gradient), widened(&slope));
        let mut input = vec![0.0; values.len()];
        let lines = gradient.chunks(wide).zip(values.chunks(wide));
        for ((gradients, values), input) in lines.zip(input.chunks_mut(wide)) {
            let (gradients, values) = (&gradients[..input.len()], &values[..input.len()]);
            let own = scale.iter().zip(shift).zip(means.iter().zip(&mean_gradient).zip(&slope));
            let given = gradients.iter().zip(values);
            for ((input, (gradient, value)), ((scale, shift), ((mean, mean_gradient), slope))) in
                input.iter_mut().zip(given).zip(own)
            {
                let centred = value - mean;
                let stopped = centred * scale + shift <= floor;
                let gradient = if stopped { 0.0 } else { *gradient };
                *input = (gradient - mean_gradient - centred * slope) * scale;
            }
        }
        NormGradients { input, gamma, beta }
    })
}

/// A normalised value is `(value - mean) * scale + shift`.
struct Coefficients {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl NormAffine<'_> {
    fn check(&self, channels: usize) {
        let parameters = [self.gamma, self.beta];
        assert!(parameters.iter().flatten().all(|values| values.len() == channels), "parameters");
    }

    fn coefficients(&self, inverse_deviation: &[f32]) -> Coefficients {
        let scale = match self.gamma {
            None => inverse_deviation.to_vec(),
            Some(gamma) => gamma.iter().zip(inverse_deviation).map(|(gamma, own)| gamma * own).collect(),
        };
        let shift = self.beta.map_or_else(|| vec![0.0; inverse_deviation.len()], <[f32]>::to_vec);
        Coefficients { scale, shift }
    }
}

fn rows(channels: usize, values: &[f32]) -> f64 {
    assert!(channels > 0 && !values.is_empty() && values.len().is_multiple_of(channels), "whole rows");
    (values.len() / channels) as f64
}

/// Floats that loops go through at once: several rows of few channels.
const WIDE: usize = 64;

/// One value for each channel, repeated for as many rows as loops go through at once.
fn widened(values: &[f32]) -> Vec<f32> {
    values.repeat((WIDE / values.len()).max(1))
}

/// For each channel the sums over the rows of two numbers made of the channel's `own` values, [`widened`], and a value of each
/// list.
#[inline(always)]
fn column_sums(
    channels: usize,
    own: [&[f32]; 3],
    first: &[f32],
    second: &[f32],
    terms: impl Fn([f32; 3], f32, f32) -> [f32; 2],
) -> [Vec<f64>; 2] {
    let wide = own[0].len();
    let mut sums = [vec![0.0; channels], vec![0.0; channels]];
    let mut block = [vec![0.0_f32; wide], vec![0.0_f32; wide]];
    let blocks = first.chunks(BLOCK_ROWS * wide).zip(second.chunks(BLOCK_ROWS * wide));
    for (first, second) in blocks {
        let [block_0, block_1] = &mut block;
        block_0.fill(0.0);
        block_1.fill(0.0);
        for (first, second) in first.chunks(wide).zip(second.chunks(wide)) {
            // Of one length, so that whole vectors are read without a check for each.
            let length = first.len();
            let (sums_0, sums_1) = (&mut block_0[..length], &mut block_1[..length]);
            let (own, second) = (own.map(|own| &own[..length]), &second[..length]);
            for at in 0..length {
                let [term_0, term_1] = terms([own[0][at], own[1][at], own[2][at]], first[at], second[at]);
                sums_0[at] += term_0;
                sums_1[at] += term_1;
            }
        }
        for (sums, block) in sums.iter_mut().zip(&block) {
            for (at, &part) in block.iter().enumerate() {
                sums[at % channels] += f64::from(part);
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

    const EPSILON: f32 = 1e-3;
    const NONE: NormAffine<'_> = NormAffine { gamma: None, beta: None, relu: false };

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
            let normalised = batch_norm(channels, &values, NONE, EPSILON);
            let before = moments(channels, &values);
            for ((mean, variance), (_, before)) in
                moments(channels, &normalised.values).into_iter().zip(&before)
            {
                let expected = before / (before + f64::from(EPSILON));
                assert!(mean.abs() < 1e-4 && (variance - expected).abs() < 1e-3, "{mean} {variance}");
            }
            let (means, variances): (Vec<f64>, Vec<f64>) = before.into_iter().unzip();
            assert_close("mean", &normalised.mean, &means, 1e-5);
            assert_close("variance", &normalised.variance, &variances, 1e-5);
        }
    }

    /// Paper everywhere but in a few places, as most pixels are.
    #[test]
    fn a_channel_that_is_nearly_the_same_everywhere_keeps_its_variance() {
        for paper in [0.0, 0.7, 30.0] {
            let values: Vec<f32> =
                (0..10_000).map(|row| if row % 100 == 99 { paper + 0.01 } else { paper }).collect();
            let (_, variance) = moments(1, &values)[0];
            let expected = (variance + f64::from(EPSILON)).sqrt().recip();
            let got = f64::from(batch_norm(1, &values, NONE, EPSILON).inverse_deviation[0]);
            assert!((got / expected - 1.0).abs() < 1e-5, "{paper}: {got} is not {expected}");
        }
    }

    #[test]
    fn a_channel_that_is_the_same_everywhere_becomes_its_shift() {
        let values = [0.0, 1.0, 0.0, -1.0, 0.0, 3.0];
        let affine = NormAffine { beta: Some(&[0.5, 0.0]), ..NONE };
        let normalised = batch_norm(2, &values, affine, EPSILON);
        assert!(normalised.values.iter().step_by(2).all(|&value| value == 0.5));
        let gradients = batch_norm_backward(
            &values,
            affine,
            &normalised.mean,
            &normalised.inverse_deviation,
            &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        );
        assert!(gradients.input.iter().all(|value| value.is_finite()));
    }

    /// The same in double precision.
    fn exact(channels: usize, values: &[f64], gamma: &[f64], beta: &[f64], relu: bool) -> Vec<f64> {
        let rows = (values.len() / channels) as f64;
        let mut output = vec![0.0; values.len()];
        for channel in 0..channels {
            let column = || values.iter().skip(channel).step_by(channels);
            let mean = column().sum::<f64>() / rows;
            let variance = column().map(|value| (value - mean).powi(2)).sum::<f64>() / rows;
            let inverse = (variance + f64::from(EPSILON)).sqrt().recip();
            for (to, value) in output.iter_mut().skip(channel).step_by(channels).zip(column()) {
                let value = (value - mean) * inverse * gamma[channel] + beta[channel];
                *to = if relu { value.max(0.0) } else { value };
            }
        }
        output
    }

    #[test]
    fn gradients_are_the_slopes_of_the_loss() {
        for seed in 0..16 {
            let mut case = Case::new(seed);
            let (channels, rows, relu) = (3, 7, seed % 2 == 1);
            let values = case.values(rows * channels, 0.2);
            let upstream = case.values(rows * channels, 0.2);
            let (gamma, beta) = (case.values(channels, 0.0), case.values(channels, 0.0));
            let gamma = case.one_of(&[true, false]).then_some(&gamma[..]);
            let beta = case.one_of(&[true, false]).then_some(&beta[..]);
            let affine = NormAffine { gamma, beta, relu };
            let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
            let all = [wide(&values), gamma.map_or(vec![1.0; 3], wide), beta.map_or(vec![0.0; 3], wide)];
            let normalised = batch_norm(channels, &values, affine, EPSILON);
            let expected = exact(channels, &all[0], &all[1], &all[2], relu);
            assert_close("values", &normalised.values, &expected, 1e-5);
            let got = batch_norm_backward(
                &values,
                affine,
                &normalised.mean,
                &normalised.inverse_deviation,
                &upstream,
            );
            for (which, got) in [got.input, got.gamma, got.beta].iter().enumerate() {
                let slope = |index: usize| {
                    let shifted = |by: f64| {
                        let mut all = all.clone();
                        all[which][index] += by;
                        let output = exact(channels, &all[0], &all[1], &all[2], relu);
                        output.iter().zip(&upstream).map(|(a, &b)| a * f64::from(b)).sum::<f64>()
                    };
                    (shifted(1e-7) - shifted(-1e-7)) / 2e-7
                };
                let slopes: Vec<f64> = (0..got.len()).map(slope).collect();
                assert_close("gradient", got, &slopes, 1e-4);
            }
        }
    }
}
