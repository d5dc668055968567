//! 3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3): a quarter of the multiplications.
//!
//! A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks" (CVPR 2016), whose matrices these are. Every
//! 4x4 tile of the output comes from a 6x6 tile of the input; in the transformed domain the convolution is 36 small
//! matrix products over the channels.

use pulp::Simd;

use crate::{
    ConvShape,
    output::{Output, Tile},
    packing::padded_to,
    simd::{load, multiply_tile, store},
};

/// Side of an output tile.
const SIDE: usize = 4;
/// Side of the input tile that it needs.
const WINDOW: usize = 6;
const POINTS: usize = WINDOW * WINDOW;
/// Tiles that go through all steps together, so that what lies between stays in the cache.
const GROUP: usize = 12;
/// Fewer inputs make the matrix products too thin to pay for the transforms.
const LEAST_INPUTS: usize = 16;

/// Whether this way is open, and quicker.
#[inline(always)]
pub(crate) fn suits<S: Simd>(shape: &ConvShape) -> bool {
    let vectors = shape.inputs.is_multiple_of(S::F32_LANES) && shape.outputs.is_multiple_of(S::F32_LANES);
    // A block of outputs must hold whole groups of filters.
    let blocks = (2 * S::F32_LANES).is_multiple_of(TOGETHER);
    shape.kernel == 3 && shape.stride == 1 && vectors && blocks && shape.inputs >= LEAST_INPUTS
}

#[inline(always)]
pub(crate) fn forward<S: Simd>(
    simd: S,
    shape: &ConvShape,
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    mut output: Output<'_>,
) {
    let block = 2 * S::F32_LANES;
    let outputs = shape.outputs.next_multiple_of(block);
    let weights = transform_weight(shape, weight, block);
    let bias = padded_to(bias, block);
    let mut transformed = vec![0.0; POINTS * GROUP * shape.inputs];
    let mut products = vec![0.0; POINTS * GROUP * outputs];
    let mut edge = vec![0.0; POINTS * shape.inputs];
    // What pooling drops is not computed.
    let computed = |side: usize| if output.pooled() { side & !1 } else { side }.div_ceil(SIDE);
    let (down, across) = (computed(shape.output_height()), computed(shape.output_width()));
    let tiles = shape.images * down * across;
    let place = |tile: usize| (tile / (down * across), tile / across % down * SIDE, tile % across * SIDE);
    let mut first = 0;
    while first < tiles {
        let count = GROUP.min(tiles - first);
        for index in 0..count {
            let (image, y, x) = place(first + index);
            let pixels = &input[image * shape.image()..(image + 1) * shape.image()];
            transform_input(simd, shape, pixels, (y, x), &mut edge, &mut transformed[index * shape.inputs..]);
        }
        multiply(simd, shape.inputs, outputs, count, &transformed, &weights, &mut products);
        for index in 0..count {
            let (image, y, x) = place(first + index);
            let products = &products[index * outputs..];
            for channel in (0..shape.outputs).step_by(S::F32_LANES) {
                let values = transform_output(simd, &products[channel..], GROUP * outputs, &bias[channel..]);
                write(simd, shape, (image, y, x, channel), values, &mut output);
            }
        }
        first += count;
    }
}

/// `B^T d B` for every channel of the 6x6 tile that begins at `place`; beyond the input's edge there are zeros.
#[inline(always)]
fn transform_input<S: Simd>(
    simd: S,
    shape: &ConvShape,
    pixels: &[f32],
    (y, x): (usize, usize),
    edge: &mut [f32],
    transformed: &mut [f32],
) {
    let inputs = shape.inputs;
    let (rows, columns) = ((shape.height - y).min(WINDOW), (shape.width - x).min(WINDOW));
    let start = y * shape.row() + x * inputs;
    if rows == WINDOW && columns == WINDOW {
        return transform_window(simd, inputs, &pixels[start..], shape.row(), transformed);
    }
    edge.fill(0.0);
    for (row, line) in edge.chunks_exact_mut(WINDOW * inputs).enumerate().take(rows) {
        let start = start + row * shape.row();
        line[..columns * inputs].copy_from_slice(&pixels[start..start + columns * inputs]);
    }
    transform_window(simd, inputs, edge, WINDOW * inputs, transformed);
}

#[inline(always)]
fn transform_window<S: Simd>(
    simd: S,
    inputs: usize,
    window: &[f32],
    row_stride: usize,
    transformed: &mut [f32],
) {
    assert!((WINDOW - 1) * row_stride + WINDOW * inputs <= window.len());
    assert!(transformed.len() >= (POINTS - 1) * GROUP * inputs + inputs);
    let zero = simd.splat_f32s(0.0);
    for channel in (0..inputs).step_by(S::F32_LANES) {
        let mut half = [[zero; WINDOW]; WINDOW];
        for row in 0..WINDOW {
            let mut line = [zero; WINDOW];
            for column in 0..WINDOW {
                // SAFETY: the first assertion above; whole vectors of channels.
                line[column] =
                    unsafe { load::<S>(window.as_ptr().add(row * row_stride + column * inputs + channel)) };
            }
            half[row] = transform_line(simd, line);
        }
        for column in 0..WINDOW {
            let mut line = [zero; WINDOW];
            for row in 0..WINDOW {
                line[row] = half[row][column];
            }
            let line = transform_line(simd, line);
            for row in 0..WINDOW {
                let point = row * WINDOW + column;
                // SAFETY: the second assertion above.
                unsafe {
                    store::<S>(transformed.as_mut_ptr().add(point * GROUP * inputs + channel), line[row]);
                };
            }
        }
    }
}

/// `B^T d`.
#[inline(always)]
fn transform_line<S: Simd>(simd: S, d: [S::f32s; WINDOW]) -> [S::f32s; WINDOW] {
    let times = |factor: f32, a, b| simd.mul_add_e_f32s(simd.splat_f32s(factor), a, b);
    let a = times(-4.0, d[2], d[4]);
    let b = times(-4.0, d[1], d[3]);
    let c = simd.sub_f32s(d[4], d[2]);
    let e = simd.sub_f32s(d[3], d[1]);
    let e = simd.add_f32s(e, e);
    [
        times(4.0, d[0], times(-5.0, d[2], d[4])),
        simd.add_f32s(a, b),
        simd.sub_f32s(a, b),
        simd.add_f32s(c, e),
        simd.sub_f32s(c, e),
        times(4.0, d[1], times(-5.0, d[3], d[5])),
    ]
}

/// Filters that are transformed together; every block of outputs is a multiple.
const TOGETHER: usize = 8;

type Filters = [f32; TOGETHER];

/// `G g G^T` for every filter, as `[point, block of outputs, input, output of the block]`.
fn transform_weight(shape: &ConvShape, weight: &[f32], block: usize) -> Vec<f32> {
    let outputs = shape.outputs.next_multiple_of(block);
    let point_stride = shape.inputs * outputs;
    let mut transformed = vec![0.0; POINTS * point_stride];
    for first in (0..shape.outputs).step_by(TOGETHER) {
        let count = TOGETHER.min(shape.outputs - first);
        for input in 0..shape.inputs {
            let mut taps = [[0.0; TOGETHER]; 9];
            for lane in 0..count {
                let start = (first + lane) * shape.taps() + 9 * input;
                for (tap, &value) in taps.iter_mut().zip(&weight[start..start + 9]) {
                    tap[lane] = value;
                }
            }
            let half =
                [0, 1, 2].map(|row| transform_filters(taps[3 * row], taps[3 * row + 1], taps[3 * row + 2]));
            let start = (first / block * shape.inputs + input) * block + first % block;
            for column in 0..WINDOW {
                let line = transform_filters(half[0][column], half[1][column], half[2][column]);
                for (row, values) in line.iter().enumerate() {
                    let start = start + (row * WINDOW + column) * point_stride;
                    transformed[start..start + TOGETHER].copy_from_slice(values);
                }
            }
        }
    }
    transformed
}

/// `G g`.
#[inline(always)]
fn transform_filters(a: Filters, b: Filters, c: Filters) -> [Filters; WINDOW] {
    let mut line = [[0.0; TOGETHER]; WINDOW];
    for lane in 0..TOGETHER {
        let (a, b, c) = (a[lane], b[lane], c[lane]);
        let (even, sum) = ((a + c) * (1.0 / 6.0), a * (1.0 / 24.0) + c * (1.0 / 6.0));
        line[0][lane] = a * 0.25;
        line[1][lane] = -even - b * (1.0 / 6.0);
        line[2][lane] = b * (1.0 / 6.0) - even;
        line[3][lane] = sum + b * (1.0 / 12.0);
        line[4][lane] = sum - b * (1.0 / 12.0);
        line[5][lane] = c;
    }
    line
}

/// The matrix product of every point: `[tiles, inputs]` by `[inputs, outputs]`.
#[inline(always)]
fn multiply<S: Simd>(
    simd: S,
    inputs: usize,
    outputs: usize,
    tiles: usize,
    transformed: &[f32],
    weights: &[f32],
    products: &mut [f32],
) {
    let block = 2 * S::F32_LANES;
    for point in 0..POINTS {
        let rows = &transformed[point * GROUP * inputs..(point + 1) * GROUP * inputs];
        let weights = &weights[point * inputs * outputs..(point + 1) * inputs * outputs];
        let products = &mut products[point * GROUP * outputs..(point + 1) * GROUP * outputs];
        for (index, weights) in weights.chunks_exact(inputs * block).enumerate() {
            // Whole fours: the group is a multiple of four, and what its last tiles hold is never read.
            for tile in (0..tiles).step_by(4) {
                let rows = [0, 1, 2, 3].map(|m| rows[(tile + m) * inputs..][..inputs].as_ptr());
                let mut sums = [[simd.splat_f32s(0.0); 2]; 4];
                // SAFETY: rows were sliced to `inputs`, weights to as many rows of a block.
                unsafe { multiply_tile(simd, &mut sums, rows, weights.as_ptr(), inputs) };
                for (m, vectors) in sums.into_iter().enumerate() {
                    let to = products[(tile + m) * outputs + index * block..][..block].as_mut_ptr();
                    for (v, vector) in vectors.into_iter().enumerate() {
                        // SAFETY: a whole block was sliced.
                        unsafe { store::<S>(to.add(v * S::F32_LANES), vector) };
                    }
                }
            }
        }
    }
}

/// `A^T m A` and bias, for one vector of channels: the 4x4 tile, row by row.
#[inline(always)]
fn transform_output<S: Simd>(
    simd: S,
    products: &[f32],
    point_stride: usize,
    bias: &[f32],
) -> [[S::f32s; SIDE]; SIDE] {
    assert!(products.len() >= (POINTS - 1) * point_stride + S::F32_LANES && bias.len() >= S::F32_LANES);
    let zero = simd.splat_f32s(0.0);
    let mut half = [[zero; SIDE]; WINDOW];
    for (row, half) in half.iter_mut().enumerate() {
        let mut line = [zero; WINDOW];
        for (column, value) in line.iter_mut().enumerate() {
            // SAFETY: the assertion above.
            *value = unsafe { load::<S>(products.as_ptr().add((row * WINDOW + column) * point_stride)) };
        }
        *half = finish_line(simd, line);
    }
    // SAFETY: the assertion above.
    let bias = unsafe { load::<S>(bias.as_ptr()) };
    let mut values = [[zero; SIDE]; SIDE];
    for column in 0..SIDE {
        let mut line = [zero; WINDOW];
        for row in 0..WINDOW {
            line[row] = half[row][column];
        }
        let line = finish_line(simd, line);
        for row in 0..SIDE {
            values[row][column] = simd.add_f32s(line[row], bias);
        }
    }
    values
}

/// `A^T m`.
#[inline(always)]
fn finish_line<S: Simd>(simd: S, m: [S::f32s; WINDOW]) -> [S::f32s; SIDE] {
    let times = |factor: f32, a, b| simd.mul_add_e_f32s(simd.splat_f32s(factor), a, b);
    let (a, b) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (c, d) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    [
        simd.add_f32s(m[0], simd.add_f32s(a, c)),
        times(2.0, d, b),
        times(4.0, c, a),
        simd.add_f32s(times(8.0, d, b), m[5]),
    ]
}

/// Writes a 4x4 tile, or its four pooled windows, as far as they lie inside the output.
#[inline(always)]
fn write<S: Simd>(
    simd: S,
    shape: &ConvShape,
    (image, y, x, channel): (usize, usize, usize, usize),
    values: [[S::f32s; SIDE]; SIDE],
    output: &mut Output<'_>,
) {
    if output.pooled() {
        let (height, width) = (shape.output_height() / 2, shape.output_width() / 2);
        for (down, across) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let tile = Tile { image, y: y / 2 + down, x: x / 2 + across, channel };
            if tile.y < height && tile.x < width {
                let (upper, lower) = (values[2 * down], values[2 * down + 1]);
                let (left, right) = (2 * across, 2 * across + 1);
                let window = [[upper[left]], [upper[right]], [lower[left]], [lower[right]]];
                output.store_window(simd, shape, tile, window);
            }
        }
    } else {
        for (row, line) in values.into_iter().enumerate().take(shape.output_height() - y) {
            for (column, vector) in line.into_iter().enumerate().take(shape.output_width() - x) {
                let tile = Tile { image, y: y + row, x: x + column, channel };
                output.store_pixels(simd, shape, tile, [[vector]]);
            }
        }
    }
}
