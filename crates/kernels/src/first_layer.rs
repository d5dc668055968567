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
    let (outputs, width) = (shape.outputs, shape.output_width());
    let mut of_row = Lists::new(shape.height, shape.width);
    let mut of_tap = Lists::new(1, shape.output_pixels());
    // How many of a row's entries stand before each column.
    let mut before = vec![0; shape.height * (shape.width + 1)];
    for (y, (row, before)) in
        pixels.chunks_exact(shape.width).zip(before.chunks_exact_mut(shape.width + 1)).enumerate()
    {
        for (x, &value) in row.iter().enumerate() {
            of_row.push(y, x * outputs, value);
            before[x + 1] = of_row.length(y);
        }
    }
    for (tap, sums) in sums.chunks_exact_mut(outputs).enumerate() {
        let (down, across) = (tap / shape.kernel, tap % shape.kernel);
        of_tap.clear();
        for y in 0..shape.output_height() {
            let before = &before[(y + down) * (shape.width + 1)..];
            let entries = &of_row.list(y + down)[before[across]..before[across + width]];
            of_tap.append(0, entries, (across * outputs).wrapping_sub(y * width * outputs));
        }
        add_rows(simd, of_tap.list(0), gradient, 0, sums);
    }
}
