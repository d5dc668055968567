//! Fully connected layers, forward and backward.
//!
//! Inputs and gradients are often mostly zeros: paper, and what ReLU, dropout and pooling leave. Where it pays, they are listed,
//! and every product with a zero is left out. That is exact.

use std::borrow::Cow;

use pulp::{Arch, Simd, WithSimd};

use crate::{
    SparseRows,
    packing::transpose_part,
    product::{Finish, Right, dense_product, sparse_product, turned_sparse_product},
    simd::load,
};

/// Inputs that are multiplied before the next ones are touched: rows of this length stay in the cache.
const DEPTH: usize = 1_024;
/// For fewer rows the weights are read as they lie: to transpose them would cost more than it saves.
const FEW_ROWS: usize = 8;
/// The same for fewer outputs: they fill too little of a panel.
const FEW_OUTPUTS: usize = 16;
/// Up to this share of inputs that are not zero, a list of them is quicker than all of them: the weights are transposed
/// for it.
const SPARSE_INPUTS: f32 = 0.3;
/// The same for gradients, whose other factor lies as it is needed.
const SPARSE_GRADIENTS: f32 = 0.55;

/// `output = input * weight^T + bias`, then ReLU where asked for.
///
/// `input` is `[rows, inputs]`, `weight` `[outputs, inputs]`, `output` `[rows, outputs]`; the slices say how many. Where the
/// input was listed without its zeros, the list comes back for [`dense_backward`].
///
/// # Panics
/// Where the lengths do not fit each other.
pub fn dense(
    inputs: usize,
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    relu: bool,
    output: &mut [f32],
) -> Option<SparseRows> {
    let (rows, outputs) = (input.len() / inputs, bias.len());
    assert_eq!(weight.len(), outputs * inputs, "weight");
    assert!(input.len() == rows * inputs && output.len() == rows * outputs, "rows");
    if outputs == 0 {
        return None;
    }
    if rows >= FEW_ROWS && outputs >= FEW_OUTPUTS {
        let list = sparse_forward(SparseForward { inputs, input, weight, bias, relu, output });
        if list.is_some() {
            return list;
        }
    }
    for row in output.chunks_exact_mut(outputs) {
        row.copy_from_slice(bias);
    }
    dense_forward(DenseForward { inputs, input, weight, output });
    if relu {
        for value in output {
            *value = if *value < 0.0 { 0.0 } else { *value };
        }
    }
    None
}

/// A function of its own: WebAssembly's compilers keep more in registers in two small functions than in one large one.
#[inline(never)]
fn sparse_forward(work: SparseForward<'_>) -> Option<SparseRows> {
    Arch::new().dispatch(work)
}

/// As [`sparse_forward`].
#[inline(never)]
fn dense_forward(work: DenseForward<'_>) {
    Arch::new().dispatch(work);
}

struct SparseForward<'a> {
    inputs: usize,
    input: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    relu: bool,
    output: &'a mut [f32],
}

impl WithSimd for SparseForward<'_> {
    type Output = Option<SparseRows>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<SparseRows> {
        let Self { inputs, input, weight, bias, relu, output } = self;
        let list = SparseRows::up_to(simd, SPARSE_INPUTS, inputs, input)?;
        sparse_product(simd, &list, Right::columns(inputs, weight), Finish { bias, relu }, output);
        Some(list)
    }
}

struct DenseForward<'a> {
    inputs: usize,
    input: &'a [f32],
    weight: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for DenseForward<'_> {
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

/// The backward pass of [`dense`]: `gradient` is `[rows, outputs]`, `output` the forward pass's where it ended in ReLU,
/// and `list` what it returned.
///
/// # Panics
/// Where the lengths do not fit each other.
#[inline(never)]
pub fn dense_backward(
    inputs: usize,
    input: &[f32],
    list: Option<&SparseRows>,
    weight: &[f32],
    output: Option<&[f32]>,
    gradient: &[f32],
    wants_input: bool,
) -> DenseGradients {
    let (rows, outputs) = (input.len() / inputs, weight.len() / inputs);
    assert_eq!(gradient.len(), rows * outputs, "gradient");
    assert!(output.is_none_or(|output| output.len() == gradient.len()), "output");
    let nothing = || DenseGradients {
        input: wants_input.then(|| vec![0.0; input.len()]),
        weight: vec![0.0; weight.len()],
        bias: vec![0.0; outputs],
    };
    if rows == 0 || outputs == 0 {
        return nothing();
    }
    Arch::new().dispatch(Backward { inputs, input, list, weight, output, gradient, wants_input })
}

struct Backward<'a> {
    inputs: usize,
    input: &'a [f32],
    list: Option<&'a SparseRows>,
    weight: &'a [f32],
    output: Option<&'a [f32]>,
    gradient: &'a [f32],
    wants_input: bool,
}

impl WithSimd for Backward<'_> {
    type Output = DenseGradients;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> DenseGradients {
        let Self { inputs, input, list, weight, output, gradient, wants_input } = self;
        let (rows, outputs) = (input.len() / inputs, weight.len() / inputs);
        let gradient = match output {
            None => Cow::Borrowed(gradient),
            Some(output) => {
                let passed = |(&output, &gradient)| if output > 0.0 { gradient } else { 0.0 };
                Cow::Owned(output.iter().zip(gradient).map(passed).collect())
            }
        };
        let mut bias = vec![0.0; outputs];
        for row in gradient.chunks_exact(outputs) {
            for (sum, value) in bias.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let gradient_list = SparseRows::up_to(simd, SPARSE_GRADIENTS, outputs, &gradient);
        let of_input = wants_input.then(|| {
            let mut of_input = vec![0.0; input.len()];
            let weight = Right::rows(inputs, weight);
            match &gradient_list {
                Some(list) => sparse_product(simd, list, weight, Finish::NOTHING, &mut of_input),
                None => dense_product(simd, &gradient, weight, Finish::NOTHING, &mut of_input),
            }
            of_input
        });
        let mut of_weight = vec![0.0; weight.len()];
        match (list, gradient_list) {
            (Some(list), other) if other.as_ref().is_none_or(|own| list.density() < own.density()) => {
                let gradient = Right::rows(outputs, &gradient);
                turned_sparse_product(simd, &list.turned(simd), gradient, &mut of_weight);
            }
            (_, Some(list)) => {
                let input = Right::rows(inputs, input);
                sparse_product(simd, &list.turned(simd), input, Finish::NOTHING, &mut of_weight);
            }
            (_, None) => {
                let mut turned = vec![0.0; gradient.len()];
                transpose_part(rows, outputs, (&gradient, outputs), (&mut turned, rows));
                let input = Right::rows(inputs, input);
                dense_product(simd, &turned, input, Finish::NOTHING, &mut of_weight);
            }
        }
        DenseGradients { input: of_input, weight: of_weight, bias }
    }
}

/// The bias of a layer, dense or convolution, whose input lies `offset` higher than what it is given: the weights turn
/// the offset into a constant.
///
/// # Panics
/// Where the weight is not as many rows as there are biases.
pub fn offset_bias<'a>(weight: &[f32], bias: &'a [f32], offset: f32) -> Cow<'a, [f32]> {
    if offset == 0.0 || bias.is_empty() {
        return Cow::Borrowed(bias);
    }
    let inputs = weight.len() / bias.len();
    assert_eq!(weight.len(), inputs * bias.len(), "weight");
    Arch::new().dispatch(|| {
        let row_sum = |row: &[f32]| {
            let (eights, rest) = row.as_chunks::<8>();
            let mut parts = [0.0_f32; 8];
            for eight in eights {
                for (part, value) in parts.iter_mut().zip(eight) {
                    *part += value;
                }
            }
            parts.iter().sum::<f32>() + rest.iter().sum::<f32>()
        };
        let rows = weight.chunks_exact(inputs.max(1));
        Cow::Owned(bias.iter().zip(rows).map(|(bias, row)| bias + offset * row_sum(row)).collect())
    })
}

/// Adds to a weight's gradient what the layer's `offset` gives, see [`offset_bias`]: every weight of an output saw it
/// wherever the output's bias was added.
///
/// # Panics
/// Where the weight is not as many rows as there are biases.
pub fn add_offset_gradient(weight_gradient: &mut [f32], bias_gradient: &[f32], offset: f32) {
    if offset == 0.0 || bias_gradient.is_empty() {
        return;
    }
    let inputs = weight_gradient.len() / bias_gradient.len();
    assert_eq!(weight_gradient.len(), inputs * bias_gradient.len(), "weight");
    Arch::new().dispatch(|| {
        for (row, bias) in weight_gradient.chunks_exact_mut(inputs.max(1)).zip(bias_gradient) {
            for value in row {
                *value += offset * bias;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::plain::{Case, assert_close};

    const ROUNDING: f64 = 1e-5;

    #[track_caller]
    fn check(rows: usize, inputs: usize, outputs: usize, zeros: [f64; 2]) {
        let mut case = Case::new((rows * 31 + inputs * 7 + outputs) as u64);
        let input = case.values(rows * inputs, zeros[0]);
        let weight = case.values(outputs * inputs, 0.0);
        let bias = case.values(outputs, 0.0);
        let gradient = case.values(rows * outputs, zeros[1]);
        let mut expected = vec![0.0; rows * outputs];
        for (row, output) in (0..rows).flat_map(|row| (0..outputs).map(move |output| (row, output))) {
            let pairs = input[row * inputs..].iter().zip(&weight[output * inputs..]).take(inputs);
            let products = pairs.map(|(&a, &b)| f64::from(a) * f64::from(b));
            expected[row * outputs + output] = f64::from(bias[output]) + products.sum::<f64>();
        }
        for relu in [false, true] {
            let mut output = vec![f32::NAN; rows * outputs];
            let list = dense(inputs, &input, &weight, &bias, relu, &mut output);
            let (mut to_input, mut to_weight) = (vec![0.0; input.len()], vec![0.0; weight.len()]);
            let mut to_bias = vec![0.0; outputs];
            for (index, &expected) in expected.iter().enumerate() {
                let (row, output) = (index / outputs, index % outputs);
                if expected > 0.0 || !relu {
                    let gradient = f64::from(gradient[index]);
                    to_bias[output] += gradient;
                    for i in 0..inputs {
                        to_input[row * inputs + i] += gradient * f64::from(weight[output * inputs + i]);
                        to_weight[output * inputs + i] += gradient * f64::from(input[row * inputs + i]);
                    }
                }
            }
            let finished = expected.iter().map(|&value| if relu { value.max(0.0) } else { value });
            assert_close("output", &output, &finished.collect::<Vec<_>>(), ROUNDING);
            let rectified = relu.then_some(&output[..]);
            let backward = |wants_input| {
                dense_backward(inputs, &input, list.as_ref(), &weight, rectified, &gradient, wants_input)
            };
            let got = backward(true);
            assert_close("input", &got.input.unwrap(), &to_input, ROUNDING);
            assert_close("weight", &got.weight, &to_weight, ROUNDING);
            assert_close("bias", &got.bias, &to_bias, ROUNDING);
            assert_eq!(backward(false).input, None);
        }
    }

    #[test]
    fn random_and_real_shapes_give_what_plain_loops_give() {
        for rows in [1, 3, 4, 9, 18] {
            for inputs in [1, 7, 64, 65, 200, 1_100] {
                for outputs in [1, 2, 10, 13, 20, 24, 40, 70, 100] {
                    for zeros in [[0.9, 0.0], [0.4, 0.6], [0.0, 0.0]] {
                        check(rows, inputs, outputs, zeros);
                    }
                }
            }
        }
        check(8, 784, 128, [0.8, 0.0]);
        check(8, 2_300, 70, [0.6, 0.5]);
    }

    #[test]
    fn an_offset_is_that_of_every_input() {
        let mut case = Case::new(2);
        let (rows, inputs, outputs, offset) = (9, 30, 5, -0.4);
        let input = case.values(rows * inputs, 0.8);
        let shifted: Vec<f32> = input.iter().map(|value| value + offset).collect();
        let (weight, bias) = (case.values(outputs * inputs, 0.0), case.values(outputs, 0.0));
        let gradient = case.values(rows * outputs, 0.0);
        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
        let (mut output, mut expected) = (vec![0.0; rows * outputs], vec![0.0; rows * outputs]);
        let list = dense(inputs, &input, &weight, &offset_bias(&weight, &bias, offset), false, &mut output);
        let _ = dense(inputs, &shifted, &weight, &bias, false, &mut expected);
        assert_close("output", &output, &wide(&expected), ROUNDING);
        let mut got = dense_backward(inputs, &input, list.as_ref(), &weight, None, &gradient, false);
        add_offset_gradient(&mut got.weight, &got.bias, offset);
        let expected = dense_backward(inputs, &shifted, None, &weight, None, &gradient, false);
        assert_close("weight", &got.weight, &wide(&expected.weight), ROUNDING);
    }
}
