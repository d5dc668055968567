//! The product of two matrices that are never laid out: the core of convolutions and dense layers.
//!
//! Every element of an operand is computed where it is loaded, so that a convolution reads its input in place ("implicit
//! GEMM"). A cube of units computes a tile of the result, each unit four rows of four columns.

use cubecl::prelude::*;

use crate::geometry::Geometry;

/// A matrix given by its elements.
#[cube]
pub(crate) trait Operand: 'static + Send + Sync {
    /// The element of this line (a row of the left operand, a column of the right one) at this depth.
    fn at(values: &[f32], mask: &[f32], line: usize, depth: usize, #[comptime] geometry: Geometry) -> f32;

    /// Whether neighbours in memory are neighbouring lines; else they are neighbouring depths.
    fn by_line() -> comptime_type!(bool);
}

/// What one cube computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tile {
    /// Rows, a multiple of 4.
    rows: usize,
    /// Columns, a multiple of 4.
    columns: usize,
    /// Parts that the depth is cut into, each a cube's.
    pub(crate) parts: usize,
}

/// Rows, and columns, of a unit.
pub(crate) const SIDE: usize = 4;

/// Elements of each line in shared memory at a time.
const STEP: usize = 16;

/// Cubes that keep a GPU busy.
const ENOUGH_CUBES: usize = 128;

/// Depth that is worth a cube of its own.
const LEAST_DEPTH: usize = 256;

impl Tile {
    /// The tile that suits a result of this size, over the whole depth.
    pub(crate) fn whole(rows: usize, columns: usize) -> Self {
        let side = |size: usize| size.next_power_of_two().clamp(16, 64);
        Self { rows: side(rows), columns: side(columns), parts: 1 }
    }

    /// The same, the depth cut into parts where there would be too few cubes.
    pub(crate) fn in_parts(rows: usize, columns: usize, depth: usize) -> Self {
        let tile = Self::whole(rows, columns);
        let cubes = rows.div_ceil(tile.rows) * columns.div_ceil(tile.columns);
        let most = (depth / LEAST_DEPTH).max(1);
        Self { parts: (ENOUGH_CUBES / cubes).clamp(1, most), ..tile }
    }

    fn units(self) -> usize {
        self.rows * self.columns / (SIDE * SIDE)
    }

    /// Units that stand side by side.
    fn across(self) -> usize {
        self.columns / SIDE
    }

    pub(crate) fn cube_count(self, rows: usize, columns: usize) -> CubeCount {
        let across = columns.div_ceil(self.columns);
        CubeCount::Static(rows.div_ceil(self.rows) as u32, across as u32, self.parts as u32)
    }

    pub(crate) fn cube_dim(self) -> CubeDim {
        CubeDim::new_1d(self.units() as u32)
    }
}

/// This unit's part of the result.
#[derive(CubeType)]
pub(crate) struct Part {
    /// First row.
    pub(crate) row: usize,
    /// First column.
    pub(crate) column: usize,
    /// Row by row.
    pub(crate) sums: Array<f32>,
}

/// Sums over the depths of this cube's part; `left` and `right` come with their masks, which not every operand reads.
#[cube]
pub(crate) fn product<A: Operand, B: Operand>(
    left: (&[f32], &[f32]),
    right: (&[f32], &[f32]),
    rows: usize,
    columns: usize,
    depths: usize,
    #[comptime] tile: Tile,
    #[comptime] geometry: Geometry,
) -> Part {
    let mut left_tile = Shared::<[f32]>::new_slice(comptime!(tile.rows * STEP));
    let mut right_tile = Shared::<[f32]>::new_slice(comptime!(tile.columns * STEP));
    let first_row = CUBE_POS_X as usize * comptime!(tile.rows);
    let first_column = CUBE_POS_Y as usize * comptime!(tile.columns);
    let own_row = (UNIT_POS as usize / comptime!(tile.across())) * SIDE;
    let own_column = (UNIT_POS as usize % comptime!(tile.across())) * SIDE;

    let parts = comptime!(tile.parts);
    let length = depths.div_ceil(parts);
    let start = CUBE_POS_Z as usize * length;
    let end = min(start + length, depths);

    let mut sums = Array::<f32>::new(comptime!(SIDE * SIDE));
    let mut depth = start;
    while depth < end {
        load::<A>(
            left.0,
            left.1,
            &mut left_tile,
            first_row,
            rows,
            depth,
            end,
            comptime!(tile.rows),
            tile,
            geometry,
        );
        load::<B>(
            right.0,
            right.1,
            &mut right_tile,
            first_column,
            columns,
            depth,
            end,
            comptime!(tile.columns),
            tile,
            geometry,
        );
        sync_cube();
        #[unroll]
        for k in 0..STEP {
            #[unroll]
            for row in 0..SIDE {
                let factor = left_tile[comptime!(k * tile.rows + row) + own_row];
                #[unroll]
                for column in 0..SIDE {
                    sums[comptime!(row * SIDE + column)] +=
                        factor * right_tile[comptime!(k * tile.columns + column) + own_column];
                }
            }
        }
        sync_cube();
        depth += STEP;
    }
    Part { row: first_row + own_row, column: first_column + own_column, sums }
}

/// Brings the next depths of an operand's lines into shared memory, 0 where there are none.
#[cube]
fn load<O: Operand>(
    values: &[f32],
    mask: &[f32],
    tile_values: &mut Shared<[f32]>,
    first: usize,
    lines: usize,
    depth: usize,
    end: usize,
    #[comptime] tile_lines: usize,
    #[comptime] tile: Tile,
    #[comptime] geometry: Geometry,
) {
    let by_line = O::by_line();
    let mut number = UNIT_POS as usize;
    while number < comptime!(tile_lines * STEP) {
        let line = if comptime!(by_line) { number % tile_lines } else { number / STEP };
        let k = if comptime!(by_line) { number / tile_lines } else { number % STEP };
        let mut value = 0.0f32;
        if first + line < lines && depth + k < end {
            value = O::at(values, mask, first + line, depth + k, geometry);
        }
        tile_values[k * tile_lines + line] = value;
        number += comptime!(tile.units());
    }
}
