//! The end of every weight gradient: the bias is the weight of a column of ones.

use cubecl::{client::Client, prelude::*};

use crate::{
    buffer::{Buffer, one_unit_each},
    product::{Part, SIDE, Tile},
};

/// Writes a part of `[outputs, inputs + 1]`, the last column being the bias's, or of one such result for each part of
/// the depth.
#[cube]
pub(crate) fn write_gradient(
    part: &Part,
    weight: &mut [f32],
    bias: &mut [f32],
    #[comptime] outputs: usize,
    #[comptime] inputs: usize,
) {
    // Of one part of the depth `CUBE_POS_Z` is 0.
    let first = CUBE_POS_Z as usize * outputs;
    #[unroll]
    for row in 0..SIDE {
        #[unroll]
        for column in 0..SIDE {
            let output = part.row + row;
            let input = part.column + column;
            if output < outputs {
                let sum = part.sums[comptime!(row * SIDE + column)];
                if input < inputs {
                    weight[(first + output) * inputs + input] = sum;
                } else if input == inputs {
                    bias[first + output] = sum;
                }
            }
        }
    }
}

/// Adds up the parts, in their order: `[parts, length]` to `[length]`, for two buffers.
#[cube(launch_unchecked)]
fn add_parts(
    weights: &[f32],
    biases: &[f32],
    weight: &mut [f32],
    bias: &mut [f32],
    #[comptime] parts: usize,
    #[comptime] weight_length: usize,
    #[comptime] bias_length: usize,
) {
    let place = ABSOLUTE_POS;
    let mut sum = 0.0f32;
    if place < weight_length {
        for part in 0..parts {
            sum += weights[part * weight_length + place];
        }
        weight[place] = sum;
    } else if place < comptime!(weight_length + bias_length) {
        let place = place - weight_length;
        for part in 0..parts {
            sum += biases[part * bias_length + place];
        }
        bias[place] = sum;
    }
}

/// Has `launch` write the gradients of a weight `[outputs, inputs]` and its bias, and adds up the parts it makes.
pub(crate) fn gradients(
    client: &Client,
    outputs: usize,
    inputs: usize,
    tile: Tile,
    launch: impl FnOnce(&Buffer, &Buffer),
) -> (Buffer, Buffer) {
    let make = |parts: usize| {
        (Buffer::empty(client, parts * outputs * inputs), Buffer::empty(client, parts * outputs))
    };
    let (weights, biases) = make(tile.parts);
    launch(&weights, &biases);
    if tile.parts == 1 {
        return (weights, biases);
    }
    let (weight, bias) = make(1);
    let (cubes, cube) = one_unit_each(outputs * (inputs + 1));
    // SAFETY: every index is guarded by the lengths of the buffers themselves.
    unsafe {
        add_parts::launch_unchecked(
            client,
            cubes,
            cube,
            weights.argument(),
            biases.argument(),
            weight.argument(),
            bias.argument(),
            tile.parts,
            weight.length,
            bias.length,
        );
    }
    (weight, bias)
}
