//! Convolution, with ReLU, and with ReLU and max-pooling.

use cubecl::{client::Client, prelude::*};
use kernels::{ConvShape, Layout};

use crate::{
    Buffer,
    geometry::{Geometry, input_at, output_pixel, pooled_index},
    product::{Operand, SIDE, Tile, product},
    result::{write_rows, write_with_bias},
    weight_gradient::{gradients, write_gradient},
};

/// What the backward pass needs of the forward pass's result.
#[derive(Clone, Debug)]
pub enum Kept {
    /// Of [`conv`] without ReLU.
    Nothing,
    /// The result of [`conv`] with ReLU.
    Output(Buffer),
    /// For each value of [`conv_relu_pool`] where in its window it stood (0 to 3), 4 where ReLU let none pass.
    Winners(Buffer, Layout),
}

/// What [`conv_backward`] gives.
#[derive(Debug)]
pub struct ConvGradients {
    /// `[images, height, width, inputs]`, where it was asked for.
    pub input: Option<Buffer>,
    /// `[outputs, inputs, kernel, kernel]`.
    pub weight: Buffer,
    /// `[outputs]`.
    pub bias: Buffer,
}

/// Convolution with bias, then ReLU where asked for: `[images, output height, output width, outputs]`.
///
/// `input` is `[images, height, width, inputs]`, `weight` `[outputs, inputs, kernel, kernel]`.
///
/// # Panics
/// Where a size is not the shape's.
pub fn conv(
    client: &Client,
    shape: &ConvShape,
    input: &Buffer,
    weight: &Buffer,
    bias: &Buffer,
    relu: bool,
) -> (Buffer, Kept) {
    let output = Buffer::empty(client, shape.images * shape.output_pixels() * shape.outputs);
    launch_forward(client, shape, [input, weight, bias], &output, relu, None);
    let kept = if relu { Kept::Output(output.clone()) } else { Kept::Nothing };
    (output, kept)
}

/// As [`conv`] with ReLU, then 2x2 max-pooling with stride 2, laid out as asked for; and where the largest values stood.
///
/// # Panics
/// Where a size is not the shape's.
pub fn conv_relu_pool(
    client: &Client,
    shape: &ConvShape,
    input: &Buffer,
    weight: &Buffer,
    bias: &Buffer,
    layout: Layout,
) -> (Buffer, Kept) {
    let length = shape.images * shape.pooled_pixels() * shape.outputs;
    let (output, winners) = (Buffer::empty(client, length), Buffer::empty(client, length));
    launch_forward(client, shape, [input, weight, bias], &output, true, Some((&winners, layout)));
    (output, Kept::Winners(winners, layout))
}

fn launch_forward(
    client: &Client,
    shape: &ConvShape,
    [input, weight, bias]: [&Buffer; 3],
    output: &Buffer,
    relu: bool,
    pooled: Option<(&Buffer, Layout)>,
) {
    check_sizes(shape, input, weight);
    assert_eq!(bias.length, shape.outputs, "bias");
    let geometry = Geometry::conv(shape, relu, pooled.map(|(_, layout)| layout));
    let rows = shape.images * geometry.pixels();
    let tile = Tile::whole(rows, shape.outputs);
    let (count, dim) = (tile.cube_count(rows, shape.outputs), tile.cube_dim());
    let (input, weight, bias) = (input.argument(), weight.argument(), bias.argument());
    let output = output.argument();
    // SAFETY: every index is guarded by the shape's sizes, which the lengths were held to.
    unsafe {
        if let Some((winners, _)) = pooled {
            let winners = winners.argument();
            forward_pooled::launch_unchecked(
                client, count, dim, input, weight, bias, output, winners, rows, tile, geometry,
            );
        } else {
            forward::launch_unchecked(client, count, dim, input, weight, bias, output, rows, tile, geometry);
        }
    }
}

/// The gradients of [`conv`] or [`conv_relu_pool`], `gradient` being laid out as their result.
///
/// # Panics
/// Where a size is not the shape's.
pub fn conv_backward(
    client: &Client,
    shape: &ConvShape,
    input: &Buffer,
    weight: &Buffer,
    kept: &Kept,
    gradient: &Buffer,
    wants_input: bool,
) -> ConvGradients {
    let (mask, relu, pooled) = match kept {
        Kept::Nothing => (gradient, false, None),
        Kept::Output(output) => (output, true, None),
        Kept::Winners(winners, layout) => (winners, true, Some(*layout)),
    };
    check_sizes(shape, input, weight);
    let pixels = if pooled.is_some() { shape.pooled_pixels() } else { shape.output_pixels() };
    assert_eq!(gradient.length, shape.images * pixels * shape.outputs, "gradient");
    assert_eq!(mask.length, gradient.length, "what was kept");
    let geometry = Geometry::conv(shape, relu, pooled);
    let of_input = wants_input.then(|| {
        let of_input = Buffer::empty(client, input.length);
        let rows = shape.images * shape.height * shape.width;
        let tile = Tile::whole(rows, shape.inputs);
        // SAFETY: every index is guarded by the shape's sizes, which the lengths were held to.
        unsafe {
            input_gradient::launch_unchecked(
                client,
                tile.cube_count(rows, shape.inputs),
                tile.cube_dim(),
                gradient.argument(),
                mask.argument(),
                weight.argument(),
                of_input.argument(),
                rows,
                tile,
                geometry,
            );
        }
        of_input
    });
    let (fan_in, pixels) = (geometry.fan_in(), shape.images * geometry.pixels());
    let tile = Tile::in_parts(shape.outputs, fan_in + 1, pixels);
    let (weight, bias) = gradients(client, shape.outputs, fan_in, tile, |weight, bias| {
        // SAFETY: every index is guarded by the shape's sizes, which the lengths were held to.
        unsafe {
            weight_gradient::launch_unchecked(
                client,
                tile.cube_count(shape.outputs, fan_in + 1),
                tile.cube_dim(),
                gradient.argument(),
                mask.argument(),
                input.argument(),
                weight.argument(),
                bias.argument(),
                pixels,
                tile,
                geometry,
            );
        }
    });
    ConvGradients { input: of_input, weight, bias }
}

fn check_sizes(shape: &ConvShape, input: &Buffer, weight: &Buffer) {
    assert_eq!((input.length, weight.length), (shape.input_size(), shape.weight_size()), "sizes");
}

/// Output pixels by the inputs they see; the depth goes through the kernel's pixels, then the channels.
struct Windows;

#[cube]
impl Operand for Windows {
    fn at(values: &[f32], _mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        let pixel = output_pixel(line, geometry);
        let inputs = comptime!(geometry.inputs);
        let kernel = comptime!(geometry.kernel);
        let stride = comptime!(geometry.stride);
        let place = depth / inputs;
        let (row, column) = (pixel.row * stride + place / kernel, pixel.column * stride + place % kernel);
        input_at(values, pixel.image, row, column, depth % inputs, geometry)
    }

    fn by_line() -> comptime_type!(bool) {
        false
    }
}

/// The weight in the same order of depths.
struct WeightByOutput;

#[cube]
impl Operand for WeightByOutput {
    fn at(values: &[f32], _mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        let inputs = comptime!(geometry.inputs);
        let area = comptime!(geometry.kernel * geometry.kernel);
        values[(line * inputs + depth % inputs) * area + depth / inputs]
    }

    fn by_line() -> comptime_type!(bool) {
        false
    }
}

/// Input pixels by the outputs that see them; the depth goes through the kernel's pixels, then the outputs.
struct GradientsOfWindows;

#[cube]
impl Operand for GradientsOfWindows {
    fn at(values: &[f32], mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        let width = comptime!(geometry.width);
        let size = comptime!(geometry.width * geometry.height);
        let outputs = comptime!(geometry.outputs);
        let kernel = comptime!(geometry.kernel);
        let before = comptime!(geometry.pad_before);
        let stride = comptime!(geometry.stride);
        let rest = line % size;
        let place = depth / outputs;
        // What lies before the map wraps round to a huge number.
        let below = rest / width + before - place / kernel;
        let beside = rest % width + before - place % kernel;
        let (row, column) = (below / stride, beside / stride);
        let inside = row < comptime!(geometry.output_height()) && column < comptime!(geometry.output_width());
        let mut value = 0.0f32;
        // Windows begin at multiples of the stride.
        if inside && row * stride == below && column * stride == beside {
            value = gradient_at(values, mask, line / size, row, column, depth % outputs, geometry);
        }
        value
    }

    fn by_line() -> comptime_type!(bool) {
        false
    }
}

/// The weight in the same order of depths.
struct WeightByInput;

#[cube]
impl Operand for WeightByInput {
    fn at(values: &[f32], _mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        let outputs = comptime!(geometry.outputs);
        let area = comptime!(geometry.kernel * geometry.kernel);
        values[((depth % outputs) * comptime!(geometry.inputs) + line) * area + depth / outputs]
    }

    fn by_line() -> comptime_type!(bool) {
        false
    }
}

/// Output channels by output pixels.
struct GradientByOutput;

#[cube]
impl Operand for GradientByOutput {
    fn at(values: &[f32], mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        let pixel = output_pixel(depth, geometry);
        gradient_at(values, mask, pixel.image, pixel.row, pixel.column, line, geometry)
    }

    fn by_line() -> comptime_type!(bool) {
        true
    }
}

/// The weight's values and the bias by output pixels: the input that each is multiplied with.
struct InputAndOne;

#[cube]
impl Operand for InputAndOne {
    fn at(values: &[f32], _mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        let area = comptime!(geometry.kernel * geometry.kernel);
        let kernel = comptime!(geometry.kernel);
        let mut value = 1.0f32;
        if line < comptime!(geometry.fan_in()) {
            let pixel = output_pixel(depth, geometry);
            let stride = comptime!(geometry.stride);
            let place = line % area;
            let (row, column) = (pixel.row * stride + place / kernel, pixel.column * stride + place % kernel);
            value = input_at(values, pixel.image, row, column, line / area, geometry);
        }
        value
    }

    fn by_line() -> comptime_type!(bool) {
        true
    }
}

/// The gradient of the convolution at an output pixel: what arrived, where ReLU and pooling let the value pass.
#[cube]
fn gradient_at(
    gradient: &[f32],
    mask: &[f32],
    image: usize,
    row: usize,
    column: usize,
    channel: usize,
    #[comptime] geometry: Geometry,
) -> f32 {
    let mut value = 0.0f32;
    if comptime!(geometry.pooled) {
        let (down, across) = (row / 2, column / 2);
        let height = comptime!(geometry.output_height() / 2);
        let width = comptime!(geometry.output_width() / 2);
        if down < height && across < width {
            let place = pooled_index(image, down, across, channel, geometry);
            if mask[place] == f32::cast_from((row % 2) * 2 + column % 2) {
                value = gradient[place];
            }
        }
    } else {
        let height = comptime!(geometry.output_height());
        let width = comptime!(geometry.output_width());
        let place = ((image * height + row) * width + column) * comptime!(geometry.outputs) + channel;
        value = gradient[place];
        if comptime!(geometry.relu) && mask[place] <= 0.0 {
            value = 0.0;
        }
    }
    value
}

#[cube(launch_unchecked)]
fn forward(
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    output: &mut [f32],
    rows: usize,
    #[comptime] tile: Tile,
    #[comptime] geometry: Geometry,
) {
    let outputs = comptime!(geometry.outputs);
    let fan_in = comptime!(geometry.fan_in());
    let part = product::<Windows, WeightByOutput>(
        (input, input),
        (weight, weight),
        rows,
        outputs,
        fan_in,
        tile,
        geometry,
    );
    write_with_bias(&part, bias, output, rows, geometry);
}

/// A unit's four rows are a window.
#[cube(launch_unchecked)]
fn forward_pooled(
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    output: &mut [f32],
    winners: &mut [f32],
    rows: usize,
    #[comptime] tile: Tile,
    #[comptime] geometry: Geometry,
) {
    let outputs = comptime!(geometry.outputs);
    let fan_in = comptime!(geometry.fan_in());
    let part = product::<Windows, WeightByOutput>(
        (input, input),
        (weight, weight),
        rows,
        outputs,
        fan_in,
        tile,
        geometry,
    );
    #[unroll]
    for column in 0..SIDE {
        let channel = part.column + column;
        if part.row < rows && channel < outputs {
            let mut largest = -bias[channel];
            let mut winner = 4.0f32;
            #[unroll]
            for row in 0..SIDE {
                let sum = part.sums[comptime!(row * SIDE + column)];
                if sum > largest {
                    largest = sum;
                    winner = comptime!(row as f32);
                }
            }
            let pixel = output_pixel(part.row, geometry);
            let place = pooled_index(pixel.image, pixel.row / 2, pixel.column / 2, channel, geometry);
            output[place] = largest + bias[channel];
            winners[place] = winner;
        }
    }
}

#[cube(launch_unchecked)]
fn input_gradient(
    gradient: &[f32],
    mask: &[f32],
    weight: &[f32],
    of_input: &mut [f32],
    rows: usize,
    #[comptime] tile: Tile,
    #[comptime] geometry: Geometry,
) {
    let inputs = comptime!(geometry.inputs);
    let part = product::<GradientsOfWindows, WeightByInput>(
        (gradient, mask),
        (weight, weight),
        rows,
        inputs,
        comptime!(geometry.outputs * geometry.kernel * geometry.kernel),
        tile,
        geometry,
    );
    write_rows(&part, of_input, rows, inputs);
}

#[cube(launch_unchecked)]
fn weight_gradient(
    gradient: &[f32],
    mask: &[f32],
    input: &[f32],
    weight: &mut [f32],
    bias: &mut [f32],
    pixels: usize,
    #[comptime] tile: Tile,
    #[comptime] geometry: Geometry,
) {
    let outputs = comptime!(geometry.outputs);
    let fan_in = comptime!(geometry.fan_in());
    let part = product::<GradientByOutput, InputAndOne>(
        (gradient, mask),
        (input, input),
        outputs,
        comptime!(fan_in + 1),
        pixels,
        tile,
        geometry,
    );
    write_gradient(&part, weight, bias, outputs, fan_in);
}
