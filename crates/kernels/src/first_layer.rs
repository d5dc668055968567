//! The weight's gradient of a convolution over one channel of mostly empty paper.
//!
//! Four fifths of a digit's pixels are blank, so here it is the input that is listed, not the gradient.

use pulp::Simd;

use crate::{
    ConvShape,
    sparse::{Lists, add_rows},
};

/// Whether this way is open: one input channel, and output channels that fill vectors.
#[inline(always)]
pub(crate) fn suits<S: Simd>(shape: &ConvShape) -> bool {
    shape.inputs == 1 && shape.outputs.is_multiple_of(S::F32_LANES)
}

/// Adds the gradient that one image gives: `pixels` is `[height, width]`, `gradient` `[output height, output width,
/// outputs]`, `sums` `[kernel, kernel, outputs]`.
#[inline(always)]
pub(crate) fn add_weight<S: Simd>(
    simd: S,
    shape: &ConvShape,
    pixels: &[f32],
    gradient: &[f32],
    sums: &mut [f32],
) {
    let (outputs, width, stride) = (shape.outputs, shape.output_width(), shape.stride);
    // With a stride, a tap meets every other column only: columns that one tap meets are listed together.
    let per_list = shape.width.div_ceil(stride);
    let mut of_row = Lists::new(shape.height * stride, per_list);
    let mut of_tap = Lists::new(1, shape.output_pixels());
    // How many of a list's entries stand before each of its columns.
    let mut before = vec![0; shape.height * stride * (per_list + 1)];
    for (y, row) in pixels.chunks_exact(shape.width).enumerate() {
        for (x, &value) in row.iter().enumerate() {
            let (list, column) = (y * stride + x % stride, x / stride);
            of_row.push(list, column * outputs, value);
            before[list * (per_list + 1) + column + 1] = of_row.length(list);
        }
    }
    for (tap, sums) in sums.chunks_exact_mut(outputs).enumerate() {
        let (down, across) = (tap / shape.kernel, tap % shape.kernel);
        let (phase, across) = (across % stride, across / stride);
        of_tap.clear();
        for y in 0..shape.output_height() {
            let list = (y * stride + down) * stride + phase;
            let before = &before[list * (per_list + 1)..];
            let entries = &of_row.list(list)[before[across]..before[across + width]];
            of_tap.append(0, entries, (across * outputs).wrapping_sub(y * width * outputs));
        }
        add_rows(simd, of_tap.list(0), gradient, 0, sums);
    }
}
