//! Convolution backward where most of the gradient is not zero: behind batch normalisation, average pooling or tanh.
//!
//! Lists of what is not zero cost more than they save there. The weight's gradient is then made of register tiles, the input's is a
//! convolution of the gradient with the kernel turned round.

use pulp::Simd;

use crate::{
    ConvShape,
    packing::transpose_part,
    simd::{load, multiply_taps, store},
};

/// Output channels of a register tile.
const ROWS: usize = 4;

/// Gradients for the weight, `[outputs, y, x and input together]`, the last widened to `wide_run` (whole vectors), and for the
/// bias.
///
/// `input` has its padding written out, and can be read for `wide_run` floats from every window's rows on; `gradient` is
/// `[images, output pixels, outputs]`.
#[inline(always)]
pub(crate) fn weight_gradient<S: Simd>(
    simd: S,
    shape: &ConvShape,
    wide_run: usize,
    input: &[f32],
    gradient: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let (outputs, pixels) = (shape.outputs, shape.output_pixels());
    let (mut weight, mut bias) = (vec![0.0; outputs * shape.kernel * wide_run], vec![0.0; outputs]);
    let mut turned = vec![0.0; outputs * pixels];
    for (image, gradient) in gradient.chunks_exact((pixels * outputs).max(1)).enumerate() {
        transpose_part(pixels, outputs, (gradient, outputs), (&mut turned, pixels));
        for row in gradient.chunks_exact(outputs) {
            for (sum, value) in bias.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let image = Image { shape, wide_run, input: &input[image * shape.image()..], gradient: &turned };
        let mut at = 0;
        while at < wide_run {
            if at + 2 * S::F32_LANES <= wide_run {
                image.add_columns::<S, 2>(simd, at, &mut weight);
                at += 2 * S::F32_LANES;
            } else {
                image.add_columns::<S, 1>(simd, at, &mut weight);
                at += S::F32_LANES;
            }
        }
    }
    (weight, bias)
}

struct Image<'a> {
    shape: &'a ConvShape,
    wide_run: usize,
    input: &'a [f32],
    /// `[outputs, output pixels]`.
    gradient: &'a [f32],
}

impl Image<'_> {
    /// Adds `V` vectors of every kernel row, from `at` on, for all outputs.
    #[inline(always)]
    fn add_columns<S: Simd, const V: usize>(&self, simd: S, at: usize, weight: &mut [f32]) {
        for down in 0..self.shape.kernel {
            let mut output = 0;
            while output < self.shape.outputs {
                if output + ROWS <= self.shape.outputs {
                    self.add_tile::<S, ROWS, V>(simd, (output, down, at), weight);
                    output += ROWS;
                } else {
                    self.add_tile::<S, 1, V>(simd, (output, down, at), weight);
                    output += 1;
                }
            }
        }
    }

    #[inline(always)]
    fn add_tile<S: Simd, const M: usize, const V: usize>(
        &self,
        simd: S,
        (output, down, at): (usize, usize, usize),
        weight: &mut [f32],
    ) {
        let shape = self.shape;
        let (height, width) = (shape.output_height(), shape.output_width());
        let step = shape.stride * shape.inputs;
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        for y in 0..height {
            let mut rows = [self.gradient.as_ptr(); M];
            for (m, row) in rows.iter_mut().enumerate() {
                *row = self.gradient[((output + m) * height + y) * width..][..width].as_ptr();
            }
            let start = (y * shape.stride + down) * shape.row() + at;
            let columns = &self.input[start..start + (width - 1) * step + V * S::F32_LANES];
            // SAFETY: both were sliced to what `width` steps read.
            unsafe { multiply_taps(simd, &mut sums, rows, 0..width, (columns.as_ptr(), step)) };
        }
        for (m, sums) in sums.into_iter().enumerate() {
            let start = ((output + m) * shape.kernel + down) * self.wide_run + at;
            let to = &mut weight[start..start + V * S::F32_LANES];
            for (v, sum) in sums.into_iter().enumerate() {
                // SAFETY: `V` vectors were sliced.
                unsafe {
                    let to = to.as_mut_ptr().add(v * S::F32_LANES);
                    store::<S>(to, simd.add_f32s(sum, load::<S>(to)));
                }
            }
        }
    }
}

/// The convolution that gives a convolution's input gradient from its gradient, and the weight for it; none for strides,
/// or padding wider than the kernel.
pub(crate) fn turned(shape: &ConvShape, weight: &[f32]) -> Option<(ConvShape, Vec<f32>)> {
    let ConvShape { images, inputs, outputs, kernel, stride, pad_before, pad_after, .. } = *shape;
    if stride != 1 || pad_before.max(pad_after) >= kernel {
        return None;
    }
    let (height, width) = (shape.output_height(), shape.output_width());
    let turned = ConvShape {
        images,
        height,
        width,
        inputs: outputs,
        outputs: inputs,
        kernel,
        stride,
        pad_before: kernel - 1 - pad_before,
        pad_after: kernel - 1 - pad_after,
    };
    let area = kernel * kernel;
    let mut turned_weight = vec![0.0; weight.len()];
    for (index, plane) in weight.chunks_exact(area).enumerate() {
        let (output, input) = (index / inputs, index % inputs);
        let to = &mut turned_weight[(input * outputs + output) * area..][..area];
        for (to, from) in to.iter_mut().zip(plane.iter().rev()) {
            *to = *from;
        }
    }
    Some((turned, turned_weight))
}
