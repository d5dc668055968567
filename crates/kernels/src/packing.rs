//! Slices brought to the length or order that a kernel reads.

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
    for (from, to) in from.chunks_exact(size).zip(to.chunks_exact_mut(size)) {
        for (column, line) in to.chunks_exact_mut(rows).enumerate() {
            for (value, row) in line.iter_mut().zip(from.chunks_exact(columns)) {
                *value = row[column];
            }
        }
    }
}
