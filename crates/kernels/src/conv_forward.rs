//! Convolution forward, bias, ReLU and max-pooling included: register tiles over channels, straight from the input.

use std::borrow::Cow;

use pulp::{Arch, Simd, WithSimd};

use crate::{
    ConvShape, Layout,
    output::{Output, Tile},
    packing::{padded_to, transpose},
    simd::{load, multiply_taps, multiply_tile},
    winograd,
};

/// For fewer products in a kernel row, all of a window's places are listed: short inner loops cost more than the list.
const SHORT_RUN: usize = 16;

/// Convolution with bias, then ReLU where asked for.
///
/// `input` is `[images, height, width, inputs]`, `weight` `[outputs, inputs, kernel, kernel]`, `output`
/// `[images, output height, output width, outputs]`.
///
/// # Panics
/// Where a slice has another length than the shape says.
pub fn conv(shape: &ConvShape, input: &[f32], weight: &[f32], bias: &[f32], relu: bool, output: &mut [f32]) {
    assert_eq!(output.len(), shape.images * shape.output_pixels() * shape.outputs, "output");
    run(shape, input, weight, bias, Output::Plain { values: output, relu });
}

/// Convolution with bias, ReLU and 2x2 max-pooling, stride 2; an odd last row or column is dropped.
///
/// As [`conv`], but `output` is pooled and laid out as `layout` says. What it returns, [`conv_backward`] takes.
///
/// # Panics
/// Where a slice has another length than the shape says.
///
/// [`conv_backward`]: crate::conv_backward
pub fn conv_relu_pool(
    shape: &ConvShape,
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    layout: Layout,
    output: &mut [f32],
) -> Winners {
    let pooled = shape.images * shape.pooled_pixels() * shape.outputs;
    assert_eq!(output.len(), pooled, "output");
    let mut winners = vec![0; pooled];
    match layout {
        Layout::ChannelsLast => {
            run(shape, input, weight, bias, Output::Pooled { values: output, winners: &mut winners });
        }
        Layout::ChannelsFirst => {
            let mut values = vec![0.0; pooled];
            run(shape, input, weight, bias, Output::Pooled { values: &mut values, winners: &mut winners });
            transpose(shape.pooled_pixels(), shape.outputs, &values, output);
        }
    }
    Winners(winners)
}

/// Which of the four values of each pooling window was the largest: the first one among equals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winners(
    /// 0 to 3, row by row, or [`NO_WINNER`](crate::output::NO_WINNER); channels last.
    pub(crate) Vec<u32>,
);

fn run(shape: &ConvShape, input: &[f32], weight: &[f32], bias: &[f32], output: Output<'_>) {
    shape.check();
    assert_eq!(input.len(), shape.input_size(), "input");
    assert_eq!((weight.len(), bias.len()), (shape.weight_size(), shape.outputs), "parameters");
    let input = shape.padded(input, 0);
    let shape = shape.without_padding();
    Arch::new().dispatch(Forward { shape, input, weight, bias, output });
}

struct Forward<'a> {
    shape: ConvShape,
    input: Cow<'a, [f32]>,
    weight: &'a [f32],
    bias: &'a [f32],
    output: Output<'a>,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, input, weight, bias, output } = self;
        if winograd::suits::<S>(&shape) {
            winograd::forward(simd, &shape, &input, weight, bias, output);
        } else if shape.outputs > S::F32_LANES {
            direct::<S, 2>(simd, shape, &input, weight, bias, output);
        } else {
            direct::<S, 1>(simd, shape, &input, weight, bias, output);
        }
    }
}

#[inline(always)]
fn direct<S: Simd, const V: usize>(
    simd: S,
    shape: ConvShape,
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    mut output: Output<'_>,
) {
    let block = V * S::F32_LANES;
    let packed = pack_weight(&shape, weight, block);
    let bias = padded_to(bias, block);
    let (height, width) = (shape.output_height(), shape.output_width());
    let (run, row) = (shape.kernel * shape.inputs, shape.row());
    let taps: Vec<u32> = match run {
        ..SHORT_RUN => (0..shape.taps()).map(|tap| (tap / run * row + tap % run) as u32).collect(),
        _ => Vec::new(),
    };
    let (right, down) = (shape.stride * shape.inputs, shape.stride * row);
    for image in 0..shape.images {
        let start = image * shape.image();
        let pixels = &input[start..start + shape.image()];
        let window = Window { source: pixels, run, row, kernel: shape.kernel, taps: &taps };
        let per_block = shape.taps() * block;
        for (index, weights) in packed.chunks_exact(per_block).enumerate() {
            let channel = index * block;
            let bias = &bias[channel..channel + block];
            if output.pooled() {
                for (y, x) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (y, x))) {
                    let corners = [0, right, down, down + right];
                    let start = 2 * (y * down + x * right);
                    let sums: [[S::f32s; V]; 4] = window.sums(simd, weights, bias, start, corners);
                    output.store_window(simd, &shape, Tile { image, y, x, channel }, sums);
                }
            } else {
                for y in 0..height {
                    let mut x = 0;
                    while x < width {
                        let start = y * down + x * right;
                        let tile = Tile { image, y, x, channel };
                        if width - x >= 4 {
                            let columns = [0, right, 2 * right, 3 * right];
                            let sums: [[S::f32s; V]; 4] = window.sums(simd, weights, bias, start, columns);
                            output.store_pixels(simd, &shape, tile, sums);
                            // The last four overlap the four before, where the width is not a multiple.
                            x = if x + 4 < width { (x + 4).min(width - 4) } else { width };
                        } else {
                            let sums: [[S::f32s; V]; 1] = window.sums(simd, weights, bias, start, [0]);
                            output.store_pixels(simd, &shape, tile, sums);
                            x += 1;
                        }
                    }
                }
            }
        }
    }
}

/// One image, as a kernel slides over it.
struct Window<'a> {
    source: &'a [f32],
    /// Floats of a row of the window.
    run: usize,
    /// Floats from one row of the window to the next.
    row: usize,
    /// Rows of the window.
    kernel: usize,
    /// Where each of its values stands, in floats from its first; only where rows are short.
    taps: &'a [u32],
}

impl Window<'_> {
    /// Convolution and bias at `M` pixels, whose windows begin at `start` plus each of `offsets`.
    #[inline(always)]
    fn sums<S: Simd, const M: usize, const V: usize>(
        &self,
        simd: S,
        weights: &[f32],
        bias: &[f32],
        start: usize,
        offsets: [usize; M],
    ) -> [[S::f32s; V]; M] {
        let block = V * S::F32_LANES;
        let run = self.run;
        assert!(weights.len() >= self.kernel * run * block && bias.len() >= block);
        assert!(start + offsets[M - 1] + (self.kernel - 1) * self.row + run <= self.source.len());
        let mut first = [simd.splat_f32s(0.0); V];
        for (v, value) in first.iter_mut().enumerate() {
            // SAFETY: `bias` holds a block.
            *value = unsafe { load::<S>(bias.as_ptr().add(v * S::F32_LANES)) };
        }
        let mut sums = [first; M];
        if !self.taps.is_empty() {
            // SAFETY: the assertions above; the last tap is the last value of the last row.
            unsafe {
                let rows = offsets.map(|offset| self.source.as_ptr().add(start + offset));
                let taps = self.taps.iter().map(|&tap| tap as usize);
                multiply_taps(simd, &mut sums, rows, taps, (weights.as_ptr(), block));
            }
            return sums;
        }
        for y in 0..self.kernel {
            let mut rows = [self.source.as_ptr(); M];
            for (row, offset) in rows.iter_mut().zip(offsets) {
                // SAFETY: the last offset is the largest, and its last row ends inside the source.
                *row = unsafe { row.add(start + y * self.row + offset) };
            }
            // SAFETY: the assertions above.
            unsafe {
                let columns = weights.as_ptr().add(y * run * block);
                multiply_tile(simd, &mut sums, rows, columns, run);
            }
        }
        sums
    }
}

/// Weights as `[block, y, x, input, channel of the block]`, zeros where the last block has no channel.
fn pack_weight(shape: &ConvShape, weight: &[f32], block: usize) -> Vec<f32> {
    let (kernel, inputs) = (shape.kernel, shape.inputs);
    let area = kernel * kernel;
    let mut packed = vec![0.0; shape.outputs.div_ceil(block) * shape.taps() * block];
    for (output, filter) in weight.chunks_exact(shape.taps()).enumerate() {
        let start = output / block * shape.taps() * block + output % block;
        for (input, plane) in filter.chunks_exact(area).enumerate() {
            for (tap, &value) in plane.iter().enumerate() {
                packed[start + (tap * inputs + input) * block] = value;
            }
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::plain::{self, Case, assert_close};

    /// Winograd's transforms add a little to the rounding of plain sums.
    const ROUNDING: f64 = 1e-5;

    /// Stride 1, no padding.
    fn valid(images: usize, side: usize, inputs: usize, outputs: usize, kernel: usize) -> ConvShape {
        let (height, width, stride, pad_before, pad_after) = (side, side, 1, 0, 0);
        ConvShape { images, height, width, inputs, outputs, kernel, stride, pad_before, pad_after }
    }

    fn check(shape: &ConvShape, case: &mut Case) {
        let input = case.values(shape.input_size(), 0.3);
        let weight = case.values(shape.weight_size(), 0.0);
        let bias = case.values(shape.outputs, 0.0);
        let expected = plain::conv(shape, &input, &weight, &bias);
        let mut output = vec![f32::NAN; expected.len()];
        conv(shape, &input, &weight, &bias, false, &mut output);
        assert_close("conv", &output, &expected, ROUNDING);
        conv(shape, &input, &weight, &bias, true, &mut output);
        let rectified: Vec<f64> = expected.iter().map(|value| value.max(0.0)).collect();
        assert_close("conv and ReLU", &output, &rectified, ROUNDING);
        for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
            let positions = plain::relu_pool(shape, &expected, layout);
            let pooled: Vec<f64> = positions.iter().map(|&p| p.map_or(0.0, |p| expected[p])).collect();
            let mut output = vec![f32::NAN; pooled.len()];
            let _ = conv_relu_pool(shape, &input, &weight, &bias, layout, &mut output);
            assert_close("pooled", &output, &pooled, ROUNDING);
        }
    }

    #[test]
    fn random_shapes_give_what_plain_loops_give() {
        for seed in 0..120 {
            let mut case = Case::new(seed);
            check(&case.conv_shape(), &mut case);
        }
    }

    #[test]
    fn the_shapes_of_the_networks_give_what_plain_loops_give() {
        for (side, inputs, outputs, kernel) in
            [(28, 1, 32, 3), (26, 32, 64, 3), (28, 1, 24, 5), (12, 24, 32, 3), (28, 1, 8, 5), (12, 8, 16, 5)]
        {
            check(&valid(2, side, inputs, outputs, kernel), &mut Case::new(7));
        }
    }

    #[test]
    fn the_first_of_equals_wins() {
        let shape = valid(1, 4, 1, 1, 3);
        let mut output = [0.0];
        let winners = |bias: f32, output: &mut [f32]| {
            conv_relu_pool(&shape, &[0.0; 16], &[0.0; 9], &[bias], Layout::ChannelsLast, output).0
        };
        assert_eq!((winners(1.0, &mut output), output), (vec![0], [1.0]));
        assert_eq!((winners(-1.0, &mut output), output), (vec![crate::output::NO_WINNER], [0.0]));
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        let shape = valid(1, 4, 1, 1, 3);
        let mut output = [0.0; 4];
        conv(&shape, &[f32::NAN; 16], &[1.0; 9], &[0.0], true, &mut output);
        assert!(output.iter().all(|value| value.is_nan()));
        let mut output = [0.0];
        conv_relu_pool(&shape, &[f32::NAN; 16], &[1.0; 9], &[0.0], Layout::ChannelsLast, &mut output);
        assert!(output[0].is_nan());
    }
}
