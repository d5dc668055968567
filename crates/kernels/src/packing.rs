//! Slices brought to the length or order that a kernel reads.

use pulp::Arch;

/// The values, and zeros up to a multiple of `block`.
pub(crate) fn padded_to(values: &[f32], block: usize) -> Vec<f32> {
    let mut padded = values.to_vec();
    padded.resize(values.len().next_multiple_of(block), 0.0);
    padded
}

/// Transposes each of many matrices of `rows` by `columns`.
pub(crate) fn transpose(rows: usize, columns: usize, from: &[f32], to: &mut [f32]) {
    let size = rows * columns;
    if size == 0 {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (from, to) in from.chunks_exact(size).zip(to.chunks_exact_mut(size)) {
                transpose_part(rows, columns, (from, columns), (to, rows));
            }
        },
    );
}

/// Rows and columns that are transposed in registers.
const SQUARE: usize = 4;

/// Transposes a matrix of `rows` by `columns` whose rows begin `stride` floats apart: each of `from` and `to` comes with
/// its own.
///
/// # Panics
/// Where a slice is too short.
#[inline(always)]
pub(crate) fn transpose_part(
    rows: usize,
    columns: usize,
    (from, from_stride): (&[f32], usize),
    (to, to_stride): (&mut [f32], usize),
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(from.len() >= (rows - 1) * from_stride + columns, "from");
    assert!(to.len() >= (columns - 1) * to_stride + rows, "to");
    let (whole_rows, whole_columns) = (rows / SQUARE * SQUARE, columns / SQUARE * SQUARE);
    for column in (0..whole_columns).step_by(SQUARE) {
        for row in (0..whole_rows).step_by(SQUARE) {
            let mut square = [[0.0_f32; SQUARE]; SQUARE];
            for (index, line) in square.iter_mut().enumerate() {
                let start = (row + index) * from_stride + column;
                // SAFETY: row and column are at least four below the ends, which the first assertion holds in the slice.
                *line = unsafe { from.as_ptr().add(start).cast::<[f32; SQUARE]>().read_unaligned() };
            }
            for index in 0..SQUARE {
                let start = (column + index) * to_stride + row;
                let line: [f32; SQUARE] = core::array::from_fn(|row| square[row][index]);
                // SAFETY: the same by the second assertion.
                unsafe { to.as_mut_ptr().add(start).cast::<[f32; SQUARE]>().write_unaligned(line) };
            }
        }
        for row in whole_rows..rows {
            for column in column..column + SQUARE {
                to[column * to_stride + row] = from[row * from_stride + column];
            }
        }
    }
    for column in whole_columns..columns {
        for row in 0..rows {
            to[column * to_stride + row] = from[row * from_stride + column];
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn rows_become_columns() {
        for (rows, columns) in [(1, 1), (1, 9), (4, 4), (5, 7), (16, 3), (13, 24)] {
            let from: Vec<f32> = (0..2 * rows * columns).map(|index| index as f32).collect();
            let mut to = vec![f32::NAN; from.len()];
            transpose(rows, columns, &from, &mut to);
            for (index, &value) in to.iter().enumerate() {
                let (image, place) = (index / (rows * columns), index % (rows * columns));
                let (column, row) = (place / rows, place % rows);
                assert_eq!(value, from[image * rows * columns + row * columns + column]);
            }
        }
    }
}
