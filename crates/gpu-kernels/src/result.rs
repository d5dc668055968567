//! How a unit writes its part of a product.

use cubecl::prelude::*;

use crate::{
    geometry::Geometry,
    product::{Part, SIDE},
};

/// Writes a part of `[rows, columns]`, or of one such result for each part of the depth.
#[cube]
pub(crate) fn write_rows(part: &Part, values: &mut [f32], rows: usize, #[comptime] columns: usize) {
    // Of one part of the depth `CUBE_POS_Z` is 0.
    let first = CUBE_POS_Z as usize * rows;
    #[unroll]
    for row in 0..SIDE {
        #[unroll]
        for column in 0..SIDE {
            if part.row + row < rows && part.column + column < columns {
                values[(first + part.row + row) * columns + part.column + column] =
                    part.sums[comptime!(row * SIDE + column)];
            }
        }
    }
}

/// Writes a part of a layer's result, `[rows, outputs]`: with its bias, and through ReLU where that follows.
#[cube]
pub(crate) fn write_with_bias(
    part: &Part,
    bias: &[f32],
    values: &mut [f32],
    rows: usize,
    #[comptime] geometry: Geometry,
) {
    let outputs = comptime!(geometry.outputs);
    #[unroll]
    for row in 0..SIDE {
        #[unroll]
        for column in 0..SIDE {
            let output = part.column + column;
            if part.row + row < rows && output < outputs {
                let sum = part.sums[comptime!(row * SIDE + column)];
                values[(part.row + row) * outputs + output] = with_bias(sum, bias[output], geometry);
            }
        }
    }
}

/// The sum and the bias, through ReLU where that follows.
#[cube]
pub(crate) fn with_bias(sum: f32, bias: f32, #[comptime] geometry: Geometry) -> f32 {
    let mut value = sum + bias;
    if comptime!(geometry.relu) {
        value = max(value, 0.0);
    }
    value
}
