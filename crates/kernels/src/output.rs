//! Where the forward pass of a convolution leaves its tiles.

use pulp::Simd;

use crate::{
    ConvShape,
    simd::{relu, store},
};

/// The longest block of channels: two vectors of 16 lanes.
const LONGEST_BLOCK: usize = 32;

/// In the place of a winner: the window's largest value was not above zero, so ReLU lets no gradient through.
pub(crate) const NO_WINNER: u32 = 4;

/// What is written of the convolution's values, channels last.
pub(crate) enum Output<'a> {
    /// All of them.
    Plain { values: &'a mut [f32], relu: bool },
    /// After ReLU, the largest of every 2x2 window and which one it was.
    Pooled { values: &'a mut [f32], winners: &'a mut [u32] },
}

/// A block of channels at one pixel (of the output, or of the pooled output).
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    pub(crate) image: usize,
    pub(crate) y: usize,
    pub(crate) x: usize,
    pub(crate) channel: usize,
}

impl Output<'_> {
    pub(crate) const fn pooled(&self) -> bool {
        matches!(self, Self::Pooled { .. })
    }

    /// Writes neighbouring pixels of a row, the tile's pixel first.
    #[inline(always)]
    pub(crate) fn store_pixels<S: Simd, const M: usize, const V: usize>(
        &mut self,
        simd: S,
        shape: &ConvShape,
        tile: Tile,
        pixels: [[S::f32s; V]; M],
    ) {
        let Self::Plain { values, relu: rectified } = self else { return };
        let first = (tile.image * shape.output_height() + tile.y) * shape.output_width() + tile.x;
        for (m, vectors) in pixels.into_iter().enumerate() {
            let start = (first + m) * shape.outputs + tile.channel;
            let mut vectors = vectors;
            if *rectified {
                for vector in &mut vectors {
                    *vector = relu(simd, *vector);
                }
            }
            store_block::<S, V>(values, start, shape.outputs - tile.channel, vectors);
        }
    }

    /// Writes the largest of a 2x2 window, given row by row; the tile's pixel is that of the pooled map.
    #[inline(always)]
    pub(crate) fn store_window<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        shape: &ConvShape,
        tile: Tile,
        window: [[S::f32s; V]; 4],
    ) {
        let Self::Pooled { values, winners } = self else { return };
        let number = |place: u32| simd.splat_f32s(f32::from_bits(place));
        let zero = simd.splat_f32s(0.0);
        let mut largest = window[0];
        let mut winner = [number(0); V];
        for place in 1..4 {
            let vectors = window[place];
            for v in 0..V {
                let larger = simd.greater_than_f32s(vectors[v], largest[v]);
                largest[v] = simd.select_f32s(larger, vectors[v], largest[v]);
                winner[v] = simd.select_f32s(larger, number(place as u32), winner[v]);
            }
        }
        for v in 0..V {
            let alive = simd.greater_than_f32s(largest[v], zero);
            winner[v] = simd.select_f32s(alive, winner[v], number(NO_WINNER));
            largest[v] = relu(simd, largest[v]);
        }
        let pixel = tile.y * (shape.output_width() / 2) + tile.x;
        let start = (tile.image * shape.pooled_pixels() + pixel) * shape.outputs + tile.channel;
        let channels = shape.outputs - tile.channel;
        store_block::<S, V>(values, start, channels, largest);
        store_block::<S, V>(pulp::bytemuck::cast_slice_mut(winners), start, channels, winner);
    }
}

/// Writes a block, or as much of it as there are channels left.
#[inline(always)]
fn store_block<S: Simd, const V: usize>(
    values: &mut [f32],
    start: usize,
    channels: usize,
    vectors: [S::f32s; V],
) {
    let block = V * S::F32_LANES;
    if channels >= block {
        let to = values[start..start + block].as_mut_ptr();
        for (v, vector) in vectors.into_iter().enumerate() {
            // SAFETY: a whole block was sliced.
            unsafe { store::<S>(to.add(v * S::F32_LANES), vector) };
        }
    } else {
        let mut whole = [0.0; LONGEST_BLOCK];
        for (v, vector) in vectors.into_iter().enumerate() {
            // SAFETY: the longest block has room for this one.
            unsafe { store::<S>(whole.as_mut_ptr().add(v * S::F32_LANES), vector) };
        }
        values[start..start + channels].copy_from_slice(&whole[..channels]);
    }
}
