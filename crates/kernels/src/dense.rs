//! Fully connected layers, forward and backward.

use pulp::{Arch, Simd, WithSimd};

use crate::{
    simd::load,
    sparse::{Lists, add_rows},
};

/// Inputs that are multiplied before the next ones are touched: rows of this length stay in the cache.
const DEPTH: usize = 1_024;
/// Columns of the dense factor that are copied together for a sparse product.
const PANEL: usize = 64;

/// `output = input * weight^T + bias`, then ReLU where asked for.
///
/// `input` is `[rows, inputs]`, `weight` `[outputs, inputs]`, `output` `[rows, outputs]`; the slices say how many.
///
/// # Panics
/// Where the lengths do not fit each other.
pub fn dense(inputs: usize, input: &[f32], weight: &[f32], bias: &[f32], relu: bool, output: &mut [f32]) {
    let (rows, outputs) = (input.len() / inputs, bias.len());
    assert_eq!(weight.len(), outputs * inputs, "weight");
    assert!(input.len() == rows * inputs && output.len() == rows * outputs, "rows");
    for row in output.chunks_exact_mut(outputs) {
        row.copy_from_slice(bias);
    }
    Arch::new().dispatch(Forward { inputs, input, weight, output });
    if relu {
        for value in output {
            *value = if *value < 0.0 { 0.0 } else { *value };
        }
    }
}

struct Forward<'a> {
    inputs: usize,
    input: &'a [f32],
    weight: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { inputs, input, weight, output } = self;
        let (rows, outputs) = (input.len() / inputs, weight.len() / inputs);
        for start in (0..inputs).step_by(DEPTH) {
            let depth = start..inputs.min(start + DEPTH);
            let input = Rows { values: input, stride: inputs, depth: depth.clone() };
            let weight = Rows { values: weight, stride: inputs, depth };
            let mut column = 0;
            while column < outputs {
                let pair = column + 2 <= outputs;
                let mut row = 0;
                while row < rows {
                    let four = row + 4 <= rows;
                    let at = (row, column);
                    match (four, pair) {
                        (true, true) => add_tile::<S, 4, 2>(simd, &input, &weight, at, outputs, output),
                        (true, false) => add_tile::<S, 4, 1>(simd, &input, &weight, at, outputs, output),
                        (false, true) => add_tile::<S, 1, 2>(simd, &input, &weight, at, outputs, output),
                        (false, false) => add_tile::<S, 1, 1>(simd, &input, &weight, at, outputs, output),
                    }
                    row += if four { 4 } else { 1 };
                }
                column += if pair { 2 } else { 1 };
            }
        }
    }
}

/// Equal stretches of the rows of a matrix.
struct Rows<'a> {
    values: &'a [f32],
    stride: usize,
    depth: core::ops::Range<usize>,
}

impl Rows<'_> {
    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.stride + self.depth.start..row * self.stride + self.depth.end]
    }
}

/// Adds `M` by `N` dot products to the output.
#[inline(always)]
fn add_tile<S: Simd, const M: usize, const N: usize>(
    simd: S,
    input: &Rows<'_>,
    weight: &Rows<'_>,
    (row, column): (usize, usize),
    outputs: usize,
    output: &mut [f32],
) {
    let mut left: [&[f32]; M] = [&[]; M];
    for (m, rows) in left.iter_mut().enumerate() {
        *rows = input.row(row + m);
    }
    let mut right: [&[f32]; N] = [&[]; N];
    for (n, columns) in right.iter_mut().enumerate() {
        *columns = weight.row(column + n);
    }
    let length = input.depth.len();
    let whole = length / S::F32_LANES * S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); N]; M];
    let mut at = 0;
    while at < whole {
        let mut values = [simd.splat_f32s(0.0); N];
        for n in 0..N {
            // SAFETY: every row is `length` long, and `at` is below its last whole vector.
            values[n] = unsafe { load::<S>(right[n].as_ptr().add(at)) };
        }
        for m in 0..M {
            // SAFETY: as above.
            let factor = unsafe { load::<S>(left[m].as_ptr().add(at)) };
            for n in 0..N {
                sums[m][n] = simd.mul_add_e_f32s(factor, values[n], sums[m][n]);
            }
        }
        at += S::F32_LANES;
    }
    for m in 0..M {
        for n in 0..N {
            let tail: f32 = left[m][whole..].iter().zip(&right[n][whole..]).map(|(a, b)| a * b).sum();
            output[(row + m) * outputs + column + n] += simd.reduce_sum_f32s(sums[m][n]) + tail;
        }
    }
}

/// Gradients of a dense layer.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseGradients {
    /// For the input, `[rows, inputs]`, where it was asked for.
    pub input: Option<Vec<f32>>,
    /// For the weight, `[outputs, inputs]`.
    pub weight: Vec<f32>,
    /// For the bias, one value for each output.
    pub bias: Vec<f32>,
}

/// The backward pass of [`dense`]: `gradient` is `[rows, outputs]`, and `output` the forward pass's where it ended in
/// ReLU. Gradients that are zero, as dropout and ReLU leave them, are skipped.
///
/// # Panics
/// Where the lengths do not fit each other.
pub fn dense_backward(
    inputs: usize,
    input: &[f32],
    weight: &[f32],
    output: Option<&[f32]>,
    gradient: &[f32],
    wants_input: bool,
) -> DenseGradients {
    let (rows, outputs) = (input.len() / inputs, weight.len() / inputs);
    assert_eq!(gradient.len(), rows * outputs, "gradient");
    assert!(output.is_none_or(|output| output.len() == gradient.len()), "output");
    let (mut by_output, mut by_row) = (Lists::new(outputs, rows), Lists::new(rows, outputs));
    let mut bias = vec![0.0; outputs];
    for (index, &gradient) in gradient.iter().enumerate() {
        let (row, column) = (index / outputs, index % outputs);
        let value = if output.is_none_or(|output| output[index] > 0.0) { gradient } else { 0.0 };
        by_output.push(column, row * PANEL, value);
        by_row.push(row, column * PANEL, value);
        bias[column] += value;
    }
    let product = |lists: &Lists, lines: usize, dense: &[f32]| {
        let mut output = vec![0.0; lines * inputs];
        Arch::new().dispatch(SparseProduct { lists, dense, width: inputs, output: &mut output });
        output
    };
    DenseGradients {
        input: wants_input.then(|| product(&by_row, rows, weight)),
        weight: product(&by_output, outputs, input),
        bias,
    }
}

/// `output[l] += sum over the entries of list l of value * dense[offset / PANEL]`, rows of `width` floats.
struct SparseProduct<'a> {
    lists: &'a Lists,
    dense: &'a [f32],
    width: usize,
    output: &'a mut [f32],
}

impl WithSimd for SparseProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { lists, dense, width, output } = self;
        // A panel is copied together: rows that lie a power of two apart would push each other out of the cache.
        let mut panel = vec![0.0; dense.len() / width * PANEL];
        let mut sums = [0.0; PANEL];
        for start in (0..width).step_by(PANEL) {
            let columns = PANEL.min(width - start);
            for (to, row) in panel.chunks_exact_mut(PANEL).zip(dense.chunks_exact(width)) {
                to[..columns].copy_from_slice(&row[start..start + columns]);
            }
            for (list, line) in output.chunks_exact_mut(width).enumerate() {
                sums.fill(0.0);
                add_rows(simd, lists.list(list), &panel, 0, &mut sums);
                line[start..start + columns].copy_from_slice(&sums[..columns]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::plain::{Case, assert_close};

    const ROUNDING: f64 = 1e-5;

    #[track_caller]
    fn check(rows: usize, inputs: usize, outputs: usize) {
        let mut case = Case::new((rows * 31 + inputs * 7 + outputs) as u64);
        let input = case.values(rows * inputs, 0.4);
        let weight = case.values(outputs * inputs, 0.0);
        let bias = case.values(outputs, 0.0);
        let gradient = case.values(rows * outputs, 0.3);
        let mut expected = vec![0.0; rows * outputs];
        let (mut to_input, mut to_weight) = (vec![0.0; input.len()], vec![0.0; weight.len()]);
        let mut to_bias = vec![0.0; outputs];
        for (row, output) in (0..rows).flat_map(|row| (0..outputs).map(move |output| (row, output))) {
            let to = row * outputs + output;
            expected[to] = f64::from(bias[output]);
            for i in 0..inputs {
                let (a, b) = (f64::from(input[row * inputs + i]), f64::from(weight[output * inputs + i]));
                expected[to] += a * b;
            }
            if expected[to] > 0.0 {
                let gradient = f64::from(gradient[to]);
                to_bias[output] += gradient;
                for i in 0..inputs {
                    to_input[row * inputs + i] += gradient * f64::from(weight[output * inputs + i]);
                    to_weight[output * inputs + i] += gradient * f64::from(input[row * inputs + i]);
                }
            }
        }
        let mut output = vec![f32::NAN; rows * outputs];
        dense(inputs, &input, &weight, &bias, false, &mut output);
        assert_close("output", &output, &expected, ROUNDING);
        dense(inputs, &input, &weight, &bias, true, &mut output);
        let rectified: Vec<f64> = expected.iter().map(|value| value.max(0.0)).collect();
        assert_close("output after ReLU", &output, &rectified, ROUNDING);
        let got = dense_backward(inputs, &input, &weight, Some(&output), &gradient, true);
        assert_close("input", &got.input.unwrap(), &to_input, ROUNDING);
        assert_close("weight", &got.weight, &to_weight, ROUNDING);
        assert_close("bias", &got.bias, &to_bias, ROUNDING);
        assert_eq!(dense_backward(inputs, &input, &weight, Some(&output), &gradient, false).input, None);
    }

    #[test]
    fn random_and_real_shapes_give_what_plain_loops_give() {
        for rows in [1, 3, 4, 9] {
            for inputs in [1, 7, 64, 65, 200, 1_100] {
                for outputs in [1, 2, 10, 13] {
                    check(rows, inputs, outputs);
                }
            }
        }
        check(8, 784, 128);
    }
}
