//! Products of matrices, one factor of which may be mostly zeros.

use pulp::Simd;

use crate::{
    packing::transpose_part,
    simd::{Entry, add_entries, load, multiply_tile, relu, store},
};

/// Vectors of a panel for a sparse product: with a factor they fill the 16 registers of a vector unit well.
const SPARSE_VECTORS: usize = 8;
/// Depth of a sparse product that is summed before the next: a panel of this depth stays in the cache.
const SPARSE_DEPTH: usize = 1_024;
/// Vectors of a panel for a dense product, and rows of its register tile.
const DENSE_VECTORS: usize = 2;
const DENSE_ROWS: usize = 4;
/// The same for a dense product.
const DENSE_DEPTH: usize = 512;
/// Rows of a sparse product that is to be transposed: a line of the cache in the result.
const TURNED_ROWS: usize = 16;
/// Values that are passed over together where all of them are zero, as most of an image is.
const LISTED_TOGETHER: usize = 8;
/// Floats of a line of the cache.
const LINE: usize = 16;
/// Floats of the widest panel: eight vectors of 16 lanes.
const WIDEST: usize = 128;

/// A matrix without its zeros, row by row.
#[derive(Clone, Debug)]
pub struct SparseRows {
    columns: usize,
    /// The offset is the column times the width of a sparse product's panel.
    entries: Vec<Entry>,
    /// Where each row's entries begin, and where the last row's end.
    starts: Vec<u32>,
}

impl SparseRows {
    /// Lists what is not zero of `[rows, columns]`, where it is at most a `share` of all.
    #[inline(always)]
    pub(crate) fn up_to<S: Simd>(_: S, share: f32, columns: usize, values: &[f32]) -> Option<Self> {
        let width = sparse_width::<S>();
        let count = values.iter().map(|&value| u32::from(magnitude_bits(value) != 0)).sum::<u32>() as usize;
        if count as f32 > share * values.len() as f32 {
            return None;
        }
        // One more than can stay: the last zero is written there.
        let mut entries = vec![Entry { offset: 0, value: 0.0 }; count + 1];
        let mut starts = Vec::with_capacity(values.len() / columns.max(1) + 1);
        let mut length = 0;
        for row in values.chunks_exact(columns.max(1)) {
            starts.push(length as u32);
            let (groups, rest) = row.as_chunks::<LISTED_TOGETHER>();
            for (index, group) in groups.iter().enumerate() {
                if group.iter().fold(0, |all, &value| all | magnitude_bits(value)) != 0 {
                    for (place, &value) in group.iter().enumerate() {
                        let offset = (index * LISTED_TOGETHER + place) * width;
                        // SAFETY: there is room for the `count` that can stay, and for one more.
                        length += unsafe { list(&mut entries, length, offset, value) };
                    }
                }
            }
            for (place, &value) in rest.iter().enumerate() {
                let offset = (groups.len() * LISTED_TOGETHER + place) * width;
                // SAFETY: as above.
                length += unsafe { list(&mut entries, length, offset, value) };
            }
        }
        starts.push(length as u32);
        entries.truncate(length);
        Some(Self { columns, entries, starts })
    }

    /// Share of the values that are not zero, 0 to 1.
    pub(crate) fn density(&self) -> f32 {
        self.entries.len() as f32 / (self.rows() * self.columns).max(1) as f32
    }

    fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    fn row(&self, row: usize) -> &[Entry] {
        &self.entries[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// The transposed matrix.
    #[inline(always)]
    pub(crate) fn turned<S: Simd>(&self, _: S) -> Self {
        let width = sparse_width::<S>();
        let mut starts = vec![0_u32; self.columns + 1];
        for entry in &self.entries {
            starts[entry.offset as usize / width + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut entries = vec![Entry { offset: 0, value: 0.0 }; self.entries.len()];
        for row in 0..self.rows() {
            for entry in self.row(row) {
                let place = &mut next[entry.offset as usize / width];
                entries[*place as usize] = Entry { offset: (row * width) as u32, value: entry.value };
                *place += 1;
            }
        }
        Self { columns: self.rows(), entries, starts }
    }
}

/// A value as a whole number without its sign: zero where the value is, in one instruction.
#[inline(always)]
const fn magnitude_bits(value: f32) -> u32 {
    value.to_bits() << 1
}

/// Writes an entry behind those that stay, and returns how many more stay now: none where the value is zero.
///
/// # Safety
/// There must be room for it.
#[inline(always)]
unsafe fn list(entries: &mut [Entry], place: usize, offset: usize, value: f32) -> usize {
    debug_assert!(place < entries.len(), "the count");
    // SAFETY: the caller's promise.
    unsafe { entries.as_mut_ptr().add(place).write(Entry { offset: offset as u32, value }) };
    usize::from(magnitude_bits(value) != 0)
}

const fn sparse_width<S: Simd>() -> usize {
    SPARSE_VECTORS * S::F32_LANES
}

/// Columns of a panel for a sparse product: as many panels as there must be, none much narrower than the others, for each
/// entry of a list is read once a panel.
const fn sparse_panel_columns<S: Simd>(columns: usize) -> usize {
    let vectors = columns.div_ceil(S::F32_LANES);
    vectors.div_ceil(vectors.div_ceil(SPARSE_VECTORS)) * S::F32_LANES
}

const fn dense_width<S: Simd>() -> usize {
    DENSE_VECTORS * S::F32_LANES
}

/// The right factor of a product, `[depth, columns]`, as it lies in memory.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    values: &'a [f32],
    depth: usize,
    columns: usize,
    /// Whether it lies as `[columns, depth]`.
    turned: bool,
}

impl<'a> Right<'a> {
    /// Lies as `[depth, columns]`.
    pub(crate) fn rows(columns: usize, values: &'a [f32]) -> Self {
        Self { values, depth: values.len() / columns, columns, turned: false }
    }

    /// Lies as `[columns, depth]`.
    pub(crate) fn columns(depth: usize, values: &'a [f32]) -> Self {
        Self { values, depth, columns: values.len() / depth, turned: true }
    }

    /// Copies a panel's rows: rows that lie a power of two apart would push each other out of the cache. What is beyond the
    /// last column is left as it was.
    #[inline(always)]
    fn fill<'b>(&self, place: Place, width: usize, buffer: &'b mut PanelBuffer) -> &'b [f32] {
        let panel = &mut buffer.values[buffer.aligned..][..place.rows * width];
        let (first, count) = (place.first, place.end - place.first);
        if self.turned {
            let from = &self.values[first * self.depth + place.start..];
            transpose_part(count, place.rows, (from, self.depth), (panel, width));
        } else {
            let rows = self.values[place.start * self.columns..].chunks_exact(self.columns);
            for (to, from) in panel.chunks_exact_mut(width).zip(rows) {
                to[..count].copy_from_slice(&from[first..first + count]);
            }
        }
        panel
    }

    /// The panels of `width` columns, and in each `depth` rows at a time.
    ///
    /// A list and not a visitor: a closure is a function of its own, in which the vector unit is not switched on, and every
    /// vector instruction would be a call.
    fn places(&self, width: usize, depth: usize) -> Vec<Place> {
        let mut places = Vec::new();
        for first in (0..self.columns).step_by(width) {
            for start in (0..self.depth).step_by(depth) {
                let rows = depth.min(self.depth - start);
                let end = self.columns.min(first + width);
                places.push(Place { first, end, start, rows, is_last: start + rows == self.depth });
            }
        }
        places
    }
}

/// Where a panel stands in its matrix.
#[derive(Clone, Copy)]
struct Place {
    /// First column.
    first: usize,
    /// Behind the last column.
    end: usize,
    /// First row.
    start: usize,
    /// Number of rows.
    rows: usize,
    /// Whether there are no rows below.
    is_last: bool,
}

/// Room for a panel.
struct PanelBuffer {
    values: Vec<f32>,
    /// Whole vectors of a panel that begins with a line of the cache never lie across two lines.
    aligned: usize,
}

impl PanelBuffer {
    fn new(width: usize, depth: usize) -> Self {
        let values = vec![0.0_f32; depth * width + LINE];
        let aligned = values.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { values, aligned }
    }
}

/// What is done to a product before it is written.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// Added to every row; nothing where it is empty.
    pub(crate) bias: &'a [f32],
    pub(crate) relu: bool,
}

impl Finish<'_> {
    pub(crate) const NOTHING: Self = Self { bias: &[], relu: false };

    /// What sums begin with: the bias, or what is there from above.
    #[inline(always)]
    fn start<S: Simd, const V: usize>(&self, simd: S, place: Place, above: &[f32]) -> [S::f32s; V] {
        if place.start > 0 {
            load_some::<S, V>(simd, above)
        } else if self.bias.is_empty() {
            [simd.splat_f32s(0.0); V]
        } else {
            load_some::<S, V>(simd, &self.bias[place.first..place.end])
        }
    }

    #[inline(always)]
    fn end<S: Simd, const V: usize>(&self, simd: S, place: Place, vectors: [S::f32s; V]) -> [S::f32s; V] {
        let mut vectors = vectors;
        if self.relu && place.is_last {
            for vector in &mut vectors {
                *vector = relu(simd, *vector);
            }
        }
        vectors
    }
}

/// Reads `V` vectors, the last ones filled up with zeros where the slice is shorter.
#[inline(always)]
fn load_some<S: Simd, const V: usize>(simd: S, from: &[f32]) -> [S::f32s; V] {
    let width = V * S::F32_LANES;
    let mut whole = [0.0; WIDEST];
    let from = if from.len() >= width {
        from.as_ptr()
    } else {
        whole[..from.len()].copy_from_slice(from);
        whole.as_ptr()
    };
    let mut vectors = [simd.splat_f32s(0.0); V];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: a panel's width can be read, from the slice or from the widest panel.
        *vector = unsafe { load::<S>(from.add(v * S::F32_LANES)) };
    }
    vectors
}

/// Writes `V` vectors, or as much of them as there is room for.
#[inline(always)]
fn store_some<S: Simd, const V: usize>(to: &mut [f32], vectors: [S::f32s; V]) {
    let width = V * S::F32_LANES;
    if to.len() >= width {
        for (v, vector) in vectors.into_iter().enumerate() {
            // SAFETY: there is room for all.
            unsafe { store::<S>(to.as_mut_ptr().add(v * S::F32_LANES), vector) };
        }
    } else {
        let mut whole = [0.0; WIDEST];
        for (v, vector) in vectors.into_iter().enumerate() {
            // SAFETY: the widest panel has room for this one.
            unsafe { store::<S>(whole.as_mut_ptr().add(v * S::F32_LANES), vector) };
        }
        to.copy_from_slice(&whole[..to.len()]);
    }
}

/// `output = left * right`, finished; `output` is `[rows of left, columns of right]`.
#[inline(always)]
pub(crate) fn sparse_product<S: Simd>(
    simd: S,
    left: &SparseRows,
    right: Right<'_>,
    finish: Finish<'_>,
    output: &mut [f32],
) {
    assert_eq!((left.columns, left.rows() * right.columns), (right.depth, output.len()), "factors");
    let (width, depth) = (sparse_width::<S>(), SPARSE_DEPTH);
    let mut buffer = PanelBuffer::new(width, depth.min(right.depth));
    for place in right.places(sparse_panel_columns::<S>(right.columns), depth) {
        let panel = right.fill(place, width, &mut buffer);
        let columns = right.columns;
        match (place.end - place.first).div_ceil(S::F32_LANES) {
            1 => sparse_panel::<S, 1>(simd, left, (place, panel), finish, output, columns),
            2 => sparse_panel::<S, 2>(simd, left, (place, panel), finish, output, columns),
            3 | 4 => sparse_panel::<S, 4>(simd, left, (place, panel), finish, output, columns),
            5 => sparse_panel::<S, 5>(simd, left, (place, panel), finish, output, columns),
            6 => sparse_panel::<S, 6>(simd, left, (place, panel), finish, output, columns),
            7 => sparse_panel::<S, 7>(simd, left, (place, panel), finish, output, columns),
            _ => sparse_panel::<S, SPARSE_VECTORS>(simd, left, (place, panel), finish, output, columns),
        }
    }
}

/// All rows of a panel's part of a product, the first `V` vectors of the panel.
#[inline(always)]
fn sparse_panel<S: Simd, const V: usize>(
    simd: S,
    left: &SparseRows,
    (place, panel): (Place, &[f32]),
    finish: Finish<'_>,
    output: &mut [f32],
    columns: usize,
) {
    let above = place.start * sparse_width::<S>();
    let below = above + panel.len();
    for row in 0..left.rows() {
        let mut entries = left.row(row);
        if place.start > 0 {
            entries = &entries[entries.partition_point(|entry| (entry.offset as usize) < above)..];
        }
        if !place.is_last {
            entries = &entries[..entries.partition_point(|entry| (entry.offset as usize) < below)];
        }
        let to = &mut output[row * columns + place.first..row * columns + place.end];
        let start = finish.start(simd, place, to);
        let sums: [S::f32s; V] = sum_entries(simd, entries, panel, above, start);
        store_some::<S, V>(to, finish.end(simd, place, sums));
    }
}

/// The transpose of `left * right`: `output` is `[columns of right, rows of left]`.
#[inline(always)]
pub(crate) fn turned_sparse_product<S: Simd>(
    simd: S,
    left: &SparseRows,
    right: Right<'_>,
    output: &mut [f32],
) {
    let rows = left.rows();
    assert_eq!((left.columns, rows * right.columns), (right.depth, output.len()), "factors");
    let (width, depth) = (sparse_width::<S>(), right.depth.max(1));
    let mut buffer = PanelBuffer::new(width, depth.min(right.depth));
    for place in right.places(sparse_panel_columns::<S>(right.columns), depth) {
        let panel = right.fill(place, width, &mut buffer);
        match (place.end - place.first).div_ceil(S::F32_LANES) {
            1 => turned_panel::<S, 1>(simd, left, (place, panel), output),
            2 => turned_panel::<S, 2>(simd, left, (place, panel), output),
            3 | 4 => turned_panel::<S, 4>(simd, left, (place, panel), output),
            5 => turned_panel::<S, 5>(simd, left, (place, panel), output),
            6 => turned_panel::<S, 6>(simd, left, (place, panel), output),
            7 => turned_panel::<S, 7>(simd, left, (place, panel), output),
            _ => turned_panel::<S, SPARSE_VECTORS>(simd, left, (place, panel), output),
        }
    }
}

#[inline(always)]
fn turned_panel<S: Simd, const V: usize>(
    simd: S,
    left: &SparseRows,
    (place, panel): (Place, &[f32]),
    output: &mut [f32],
) {
    let (rows, width) = (left.rows(), V * S::F32_LANES);
    let mut part = [0.0; TURNED_ROWS * WIDEST];
    for row in (0..rows).step_by(TURNED_ROWS) {
        let count = TURNED_ROWS.min(rows - row);
        for (index, to) in part.chunks_exact_mut(width).enumerate().take(count) {
            let zeros = [simd.splat_f32s(0.0); V];
            store_some::<S, V>(to, sum_entries(simd, left.row(row + index), panel, 0, zeros));
        }
        let to = &mut output[place.first * rows + row..];
        transpose_part(count, place.end - place.first, (&part, width), (to, rows));
    }
}

/// The sums and the products of entries with rows of a panel, which begins `above` floats below its matrix's first row.
#[inline(always)]
fn sum_entries<S: Simd, const V: usize>(
    simd: S,
    entries: &[Entry],
    panel: &[f32],
    above: usize,
    sums: [S::f32s; V],
) -> [S::f32s; V] {
    debug_assert!(
        entries.iter().all(|entry| {
            let offset = entry.offset as usize;
            offset >= above && offset - above + sparse_width::<S>() <= panel.len()
        }),
        "every entry has a row"
    );
    let mut sums = sums;
    // SAFETY: callers give the entries whose columns are rows of the panel; debug builds check each.
    unsafe { add_entries(simd, &mut sums, entries, panel.as_ptr().wrapping_sub(above)) };
    sums
}

/// `output = left * right`, finished; `left` is `[rows, depth]`, `output` `[rows, columns of right]`.
#[inline(always)]
pub(crate) fn dense_product<S: Simd>(
    simd: S,
    left: &[f32],
    right: Right<'_>,
    finish: Finish<'_>,
    output: &mut [f32],
) {
    let (depth, columns) = (right.depth, right.columns);
    let rows = left.len() / depth;
    assert_eq!((left.len(), output.len()), (rows * depth, rows * columns), "factors");
    let (width, step) = (dense_width::<S>(), DENSE_DEPTH);
    let mut buffer = PanelBuffer::new(width, step.min(right.depth));
    for place in right.places(width, step) {
        let panel = right.fill(place, width, &mut buffer);
        let mut row = 0;
        while row < rows {
            if row + DENSE_ROWS <= rows {
                dense_tile::<S, DENSE_ROWS>(
                    simd,
                    (left, depth),
                    (place, panel),
                    finish,
                    row,
                    output,
                    columns,
                );
                row += DENSE_ROWS;
            } else {
                dense_tile::<S, 1>(simd, (left, depth), (place, panel), finish, row, output, columns);
                row += 1;
            }
        }
    }
}

/// `M` rows of a panel's part of a product.
#[inline(always)]
fn dense_tile<S: Simd, const M: usize>(
    simd: S,
    (left, depth): (&[f32], usize),
    (place, panel): (Place, &[f32]),
    finish: Finish<'_>,
    row: usize,
    output: &mut [f32],
    columns: usize,
) {
    let length = panel.len() / dense_width::<S>();
    let own = |m: usize| (row + m) * columns + place.first..(row + m) * columns + place.end;
    let mut rows = [left.as_ptr(); M];
    let mut sums = [[simd.splat_f32s(0.0); DENSE_VECTORS]; M];
    for m in 0..M {
        rows[m] = left[(row + m) * depth + place.start..][..length].as_ptr();
        sums[m] = finish.start(simd, place, &output[own(m)]);
    }
    // SAFETY: each row was sliced to the length, and the panel holds as many rows.
    unsafe { multiply_tile(simd, &mut sums, rows, panel.as_ptr(), length) };
    for (m, sums) in sums.into_iter().enumerate() {
        store_some::<S, DENSE_VECTORS>(&mut output[own(m)], finish.end(simd, place, sums));
    }
}
