//! Maps from one layout to the other.

use crate::packing::transpose;

/// Maps `[images, pixels, channels]` as `[images, channels, pixels]`.
///
/// # Panics
/// Where the values are not whole images.
pub fn to_channels_first(pixels: usize, channels: usize, values: &[f32]) -> Vec<f32> {
    transposed(pixels, channels, values)
}

/// Maps `[images, channels, pixels]` as `[images, pixels, channels]`.
///
/// # Panics
/// Where the values are not whole images.
pub fn to_channels_last(pixels: usize, channels: usize, values: &[f32]) -> Vec<f32> {
    transposed(channels, pixels, values)
}

fn transposed(rows: usize, columns: usize, values: &[f32]) -> Vec<f32> {
    assert!(values.len().is_multiple_of((rows * columns).max(1)), "whole images");
    if rows == 1 || columns == 1 {
        return values.to_vec();
    }
    let mut output = vec![0.0; values.len()];
    transpose(rows, columns, values, &mut output);
    output
}
