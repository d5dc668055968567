//! Fully connected layers.

use cubecl::{client::Client, prelude::*};

use crate::{
    buffer::{Buffer, one_unit_each},
    geometry::Geometry,
    product::{Operand, Tile, product},
    result::{with_bias, write_rows, write_with_bias},
    weight_gradient::{gradients, write_gradient},
};

/// What the backward pass of [`dense`] gives.
#[derive(Debug)]
pub struct DenseGradients {
    /// `[rows, inputs]`, where it was asked for.
    pub input: Option<Buffer>,
    /// `[outputs, inputs]`.
    pub weight: Buffer,
    /// `[outputs]`.
    pub bias: Buffer,
}

/// `input * weight^T + bias`, then ReLU where asked for.
///
/// `input` is `[rows, inputs]`, `weight` `[outputs, inputs]`; the result is `[rows, outputs]`.
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn dense(client: &Client, input: &Buffer, weight: &Buffer, bias: &Buffer, relu: bool) -> Buffer {
    let outputs = bias.length;
    let inputs = weight.length / outputs;
    let rows = input.length / inputs;
    assert!(weight.length == outputs * inputs && input.length == rows * inputs, "sizes");
    let tile = Tile::in_parts(rows, outputs, inputs);
    let geometry = Geometry::dense(inputs, outputs, relu);
    let output = Buffer::empty(client, rows * outputs);
    let parts =
        if tile.parts == 1 { output.clone() } else { Buffer::empty(client, tile.parts * output.length) };
    // SAFETY: every index is guarded by rows, inputs or outputs, to which the lengths asserted above belong.
    unsafe {
        forward::launch_unchecked(
            client,
            tile.cube_count(rows, outputs),
            tile.cube_dim(),
            input.argument(),
            weight.argument(),
            bias.argument(),
            parts.argument(),
            rows,
            tile,
            geometry,
        );
        if tile.parts > 1 {
            let (cubes, cube) = one_unit_each(output.length);
            finish::launch_unchecked(
                client,
                cubes,
                cube,
                parts.argument(),
                bias.argument(),
                output.argument(),
                output.length,
                tile.parts,
                geometry,
            );
        }
    }
    output
}

/// The gradients of [`dense`]; `output` is its result where ReLU was asked for.
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn dense_backward(
    client: &Client,
    input: &Buffer,
    weight: &Buffer,
    output: Option<&Buffer>,
    gradient: &Buffer,
    outputs: usize,
    wants_input: bool,
) -> DenseGradients {
    let rows = gradient.length / outputs;
    let inputs = input.length / rows;
    assert!(weight.length == outputs * inputs && input.length == rows * inputs, "sizes");
    assert!(
        gradient.length == rows * outputs && output.is_none_or(|own| own.length == gradient.length),
        "rows"
    );
    let geometry = Geometry::dense(inputs, outputs, output.is_some());
    let mask = output.unwrap_or(gradient);
    let of_input = wants_input.then(|| {
        let of_input = Buffer::empty(client, input.length);
        let tile = Tile::whole(rows, inputs);
        // SAFETY: every index is guarded by rows, inputs or outputs, to which the lengths asserted above belong.
        unsafe {
            input_gradient::launch_unchecked(
                client,
                tile.cube_count(rows, inputs),
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
    let tile = Tile::in_parts(outputs, inputs + 1, rows);
    let (weight, bias) = gradients(client, outputs, inputs, tile, |weight, bias| {
        // SAFETY: every index is guarded by rows, inputs or outputs, to which the lengths asserted above belong.
        unsafe {
            weight_gradient::launch_unchecked(
                client,
                tile.cube_count(outputs, inputs + 1),
                tile.cube_dim(),
                gradient.argument(),
                mask.argument(),
                input.argument(),
                weight.argument(),
                bias.argument(),
                rows,
                tile,
                geometry,
            );
        }
    });
    DenseGradients { input: of_input, weight, bias }
}

/// `[lines, inputs]`: the input and the weight of the forward pass.
struct ByInput;

#[cube]
impl Operand for ByInput {
    fn at(values: &[f32], _mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        values[line * comptime!(geometry.inputs) + depth]
    }

    fn by_line() -> comptime_type!(bool) {
        false
    }
}

/// `[depths, inputs]` with a column of ones: the input as the weight gradient reads it.
struct InputAndOne;

#[cube]
impl Operand for InputAndOne {
    fn at(values: &[f32], _mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        let inputs = comptime!(geometry.inputs);
        let mut value = 1.0f32;
        if line < inputs {
            value = values[depth * inputs + line];
        }
        value
    }

    fn by_line() -> comptime_type!(bool) {
        true
    }
}

/// `[depths, inputs]`: the weight as the input gradient reads it.
struct WeightByOutput;

#[cube]
impl Operand for WeightByOutput {
    fn at(values: &[f32], _mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        values[depth * comptime!(geometry.inputs) + line]
    }

    fn by_line() -> comptime_type!(bool) {
        true
    }
}

/// The gradient that arrived, `[lines, outputs]`, where ReLU let the value pass.
struct GradientByRow;

#[cube]
impl Operand for GradientByRow {
    fn at(values: &[f32], mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        passed(values, mask, line * comptime!(geometry.outputs) + depth, geometry)
    }

    fn by_line() -> comptime_type!(bool) {
        false
    }
}

/// The same, `[depths, outputs]`.
struct GradientByOutput;

#[cube]
impl Operand for GradientByOutput {
    fn at(values: &[f32], mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32 {
        passed(values, mask, depth * comptime!(geometry.outputs) + line, geometry)
    }

    fn by_line() -> comptime_type!(bool) {
        true
    }
}

#[cube]
fn passed(gradient: &[f32], output: &[f32], place: usize, #[comptime] geometry: Geometry) -> f32 {
    let mut value = gradient[place];
    if comptime!(geometry.relu) && output[place] <= 0.0 {
        value = 0.0;
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
    let inputs = comptime!(geometry.inputs);
    let part =
        product::<ByInput, ByInput>((input, input), (weight, weight), rows, outputs, inputs, tile, geometry);
    if comptime!(tile.parts == 1) {
        write_with_bias(&part, bias, output, rows, geometry);
    } else {
        write_rows(&part, output, rows, outputs);
    }
}

/// Adds up the parts of the depth, in their order, and the bias.
#[cube(launch_unchecked)]
fn finish(
    parts: &[f32],
    bias: &[f32],
    output: &mut [f32],
    length: usize,
    #[comptime] count: usize,
    #[comptime] geometry: Geometry,
) {
    let place = ABSOLUTE_POS;
    if place < length {
        let mut sum = 0.0f32;
        for part in 0..count {
            sum += parts[part * length + place];
        }
        output[place] = with_bias(sum, bias[place % comptime!(geometry.outputs)], geometry);
    }
}

#[cube(launch_unchecked)]
fn input_gradient(
    gradient: &[f32],
    output: &[f32],
    weight: &[f32],
    of_input: &mut [f32],
    rows: usize,
    #[comptime] tile: Tile,
    #[comptime] geometry: Geometry,
) {
    let inputs = comptime!(geometry.inputs);
    let outputs = comptime!(geometry.outputs);
    let part = product::<GradientByRow, WeightByOutput>(
        (gradient, output),
        (weight, weight),
        rows,
        inputs,
        outputs,
        tile,
        geometry,
    );
    write_rows(&part, of_input, rows, inputs);
}

#[cube(launch_unchecked)]
fn weight_gradient(
    gradient: &[f32],
    output: &[f32],
    input: &[f32],
    weight: &mut [f32],
    bias: &mut [f32],
    rows: usize,
    #[comptime] tile: Tile,
    #[comptime] geometry: Geometry,
) {
    let inputs = comptime!(geometry.inputs);
    let outputs = comptime!(geometry.outputs);
    let part = product::<GradientByOutput, InputAndOne>(
        (gradient, output),
        (input, input),
        outputs,
        comptime!(inputs + 1),
        rows,
        tile,
        geometry,
    );
    write_gradient(&part, weight, bias, outputs, inputs);
}
