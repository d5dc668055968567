//! Layer normalisation: every row gets mean 0 and variance 1, then a scale and a shift to learn for each column.
//!
//! J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization" (arXiv 1607.06450).

use pulp::Arch;

/// What [`layer_norm`] gives.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNormalized {
    /// `[rows, columns]`.
    pub values: Vec<f32>,
    /// For each row its mean, then one over the root of its variance: `[rows, 2]`.
    pub statistics: Vec<f32>,
}

/// Normalises the rows of `[rows, columns]`, then multiplies by `gamma` and adds `beta`, one value to a column, where
/// they are given. `epsilon` is added to a variance before its root divides.
///
/// # Panics
/// Where the values are not whole rows, or a parameter has another length than a row.
pub fn layer_norm(
    columns: usize,
    values: &[f32],
    gamma: Option<&[f32]>,
    beta: Option<&[f32]>,
    epsilon: f32,
) -> LayerNormalized {
    check(columns, values, [gamma, beta]);
    let mut output = Vec::with_capacity(values.len());
    let mut statistics = Vec::with_capacity(values.len() / columns * 2);
    Arch::new().dispatch(|| {
        for row in values.chunks_exact(columns) {
            let share = (columns as f32).recip();
            let mean = sum(row.iter().copied()) * share;
            let variance = sum(row.iter().map(|value| (value - mean) * (value - mean))) * share;
            let inverse = (variance + epsilon).sqrt().recip();
            statistics.extend([mean, inverse]);
            let normal = row.iter().map(|value| (value - mean) * inverse);
            match (gamma, beta) {
                (None, None) => output.extend(normal),
                (Some(gamma), None) => output.extend(normal.zip(gamma).map(|(value, gamma)| value * gamma)),
                (None, Some(beta)) => output.extend(normal.zip(beta).map(|(value, beta)| value + beta)),
                (Some(gamma), Some(beta)) => output.extend(
                    normal.zip(gamma.iter().zip(beta)).map(|(value, (gamma, beta))| value * gamma + beta),
                ),
            }
        }
    });
    LayerNormalized { values: output, statistics }
}

/// Gradients of a normalisation with a scale and a shift.
#[derive(Clone, Debug, PartialEq)]
pub struct NormGradients {
    /// For what was normalised, in its layout.
    pub input: Vec<f32>,
    /// For the scale, one value to a column.
    pub gamma: Vec<f32>,
    /// For the shift, one value to a column.
    pub beta: Vec<f32>,
}

/// The gradients of [`layer_norm`]: `values` and `gamma` as given to it, `statistics` as it gave them, `gradient` for its
/// values.
///
/// # Panics
/// Where the lengths do not fit each other.
pub fn layer_norm_backward(
    columns: usize,
    values: &[f32],
    gamma: Option<&[f32]>,
    statistics: &[f32],
    gradient: &[f32],
) -> NormGradients {
    check(columns, values, [gamma, None]);
    assert_eq!(gradient.len(), values.len(), "gradient");
    assert_eq!(statistics.len(), values.len() / columns * 2, "statistics");
    let (mut of_gamma, mut of_beta) = (vec![0.0; columns], vec![0.0; columns]);
    let mut input = Vec::with_capacity(values.len());
    let (mut normal, mut scaled) = (vec![0.0; columns], vec![0.0; columns]);
    Arch::new().dispatch(|| {
        let rows = values.chunks_exact(columns).zip(gradient.chunks_exact(columns));
        for ((row, gradient), statistics) in rows.zip(statistics.chunks_exact(2)) {
            let (mean, inverse) = (statistics[0], statistics[1]);
            for (normal, value) in normal.iter_mut().zip(row) {
                *normal = (value - mean) * inverse;
            }
            let sums = of_gamma.iter_mut().zip(&mut of_beta);
            for ((of_gamma, of_beta), (gradient, normal)) in sums.zip(gradient.iter().zip(&normal)) {
                *of_gamma += gradient * normal;
                *of_beta += gradient;
            }
            match gamma {
                None => scaled.copy_from_slice(gradient),
                Some(gamma) => {
                    for (scaled, (gradient, gamma)) in scaled.iter_mut().zip(gradient.iter().zip(gamma)) {
                        *scaled = gradient * gamma;
                    }
                }
            }
            let share = (columns as f32).recip();
            let mean = sum(scaled.iter().copied()) * share;
            let slope = sum(scaled.iter().zip(&normal).map(|(scaled, normal)| scaled * normal)) * share;
            input.extend(
                scaled.iter().zip(&normal).map(|(scaled, normal)| (scaled - mean - normal * slope) * inverse),
            );
        }
    });
    NormGradients { input, gamma: of_gamma, beta: of_beta }
}

/// A sum in eight parts: one vector, or two.
#[inline(always)]
fn sum(mut values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let mut parts = [0.0_f32; 8];
    for _ in 0..values.len() / parts.len() {
        for part in &mut parts {
            *part += values.next().unwrap_or_default();
        }
    }
    for (part, value) in parts.iter_mut().zip(values) {
        *part += value;
    }
    parts.iter().sum()
}

fn check(columns: usize, values: &[f32], parameters: [Option<&[f32]>; 2]) {
    assert!(columns > 0 && values.len().is_multiple_of(columns), "whole rows");
    assert!(parameters.iter().flatten().all(|values| values.len() == columns), "parameters");
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::plain::{Case, assert_close};

    const EPSILON: f32 = 1e-3;

    fn exact(columns: usize, values: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
        values
            .chunks_exact(columns)
            .flat_map(|row| {
                let mean = row.iter().sum::<f64>() / columns as f64;
                let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / columns as f64;
                let inverse = (variance + f64::from(EPSILON)).sqrt().recip();
                let scaled = move |(value, (gamma, beta)): (&f64, (&f64, &f64))| {
                    (value - mean) * inverse * gamma + beta
                };
                row.iter().zip(gamma.iter().zip(beta)).map(scaled).collect::<Vec<_>>()
            })
            .collect()
    }

    fn wide(values: &[f32]) -> Vec<f64> {
        values.iter().copied().map(f64::from).collect()
    }

    /// The slope of `loss` in each of `values`.
    fn slopes(values: &[f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let step = 1e-5;
        let shifted = |index: usize, by: f64| {
            let mut values = values.to_vec();
            values[index] += by;
            loss(&values)
        };
        let slope = |index| (shifted(index, step) - shifted(index, -step)) / (2.0 * step);
        (0..values.len()).map(slope).collect()
    }

    #[test]
    fn rows_are_normalised_and_gradients_are_slopes() {
        for seed in 0..24 {
            let mut case = Case::new(seed);
            let (rows, columns) = (case.one_of(&[1, 4, 7]), case.one_of(&[2, 5, 30, 33]));
            let values = case.values(rows * columns, 0.3);
            let (gamma, beta) = (case.values(columns, 0.0), case.values(columns, 0.0));
            let gamma = case.one_of(&[true, false]).then_some(&gamma[..]);
            let beta = case.one_of(&[true, false]).then_some(&beta[..]);
            let upstream = wide(&case.values(rows * columns, 0.2));
            let wide_gamma = gamma.map_or(vec![1.0; columns], wide);
            let wide_beta = beta.map_or(vec![0.0; columns], wide);
            let wide_values = wide(&values);

            let got = layer_norm(columns, &values, gamma, beta, EPSILON);
            assert_close("values", &got.values, &exact(columns, &wide_values, &wide_gamma, &wide_beta), 1e-5);

            let loss = |values: &[f64], gamma: &[f64], beta: &[f64]| -> f64 {
                exact(columns, values, gamma, beta).iter().zip(&upstream).map(|(a, b)| a * b).sum()
            };
            let narrow: Vec<f32> = upstream.iter().map(|&value| value as f32).collect();
            let gradients = layer_norm_backward(columns, &values, gamma, &got.statistics, &narrow);
            let of_input = slopes(&wide_values, |values| loss(values, &wide_gamma, &wide_beta));
            assert_close("input", &gradients.input, &of_input, 1e-4);
            let of_gamma = slopes(&wide_gamma, |gamma| loss(&wide_values, gamma, &wide_beta));
            assert_close("gamma", &gradients.gamma, &of_gamma, 1e-4);
            let of_beta = slopes(&wide_beta, |beta| loss(&wide_values, &wide_gamma, beta));
            assert_close("beta", &gradients.beta, &of_beta, 1e-4);
        }
    }
}
