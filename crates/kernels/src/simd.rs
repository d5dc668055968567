//! Loads, stores and the two inner loops on which all else is built.

use pulp::Simd;

/// Reads one vector; any alignment.
///
/// # Safety
/// A whole vector must be readable at `from`.
#[inline(always)]
pub(crate) unsafe fn load<S: Simd>(from: *const f32) -> S::f32s {
    // SAFETY: the caller's promise; a vector is plain floats.
    unsafe { from.cast::<S::f32s>().read_unaligned() }
}

/// Writes one vector; any alignment.
///
/// # Safety
/// A whole vector must be writable at `to`.
#[inline(always)]
pub(crate) unsafe fn store<S: Simd>(to: *mut f32, vector: S::f32s) {
    // SAFETY: the caller's promise; a vector is plain floats.
    unsafe { to.cast::<S::f32s>().write_unaligned(vector) }
}

/// `max(x, 0)`, but what is not a number stays so: a run that diverged must show.
#[inline(always)]
pub(crate) fn relu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_f32s(x, zero), zero, x)
}

/// A register tile of a matrix product: `sums[m] += sum over r of rows[m][r] * columns[r]`, where a row of `columns`
/// is `V` vectors, one row after the other.
///
/// # Safety
/// `rows[m]` must be readable for `length` floats, `columns` for `length` rows.
#[inline(always)]
pub(crate) unsafe fn multiply_tile<S: Simd, const M: usize, const V: usize>(
    simd: S,
    sums: &mut [[S::f32s; V]; M],
    rows: [*const f32; M],
    columns: *const f32,
    length: usize,
) {
    let mut column = columns;
    let mut step = 0;
    while step < length {
        let mut values = [simd.splat_f32s(0.0); V];
        for (v, value) in values.iter_mut().enumerate() {
            // SAFETY: the caller's promise, row `step` of `columns`.
            *value = unsafe { load::<S>(column.add(v * S::F32_LANES)) };
        }
        for m in 0..M {
            // SAFETY: the caller's promise, `step < length`.
            let factor = simd.splat_f32s(unsafe { *rows[m].add(step) });
            for v in 0..V {
                sums[m][v] = simd.mul_add_e_f32s(factor, values[v], sums[m][v]);
            }
        }
        // SAFETY: at most one row past the end, which is never read.
        column = unsafe { column.add(V * S::F32_LANES) };
        step += 1;
    }
}

/// As [`multiply_tile`], but the factors of a row stand where `taps` says, in floats from `rows[m]`, and those of the columns
/// `step` floats apart.
///
/// # Safety
/// `rows[m]` must be readable at each of `taps`, and `V` vectors at `columns` plus each multiple of `step` below as many as
/// there are taps.
#[inline(always)]
pub(crate) unsafe fn multiply_taps<S: Simd, const M: usize, const V: usize>(
    simd: S,
    sums: &mut [[S::f32s; V]; M],
    rows: [*const f32; M],
    taps: impl IntoIterator<Item = usize>,
    (columns, step): (*const f32, usize),
) {
    let mut column = columns;
    for tap in taps {
        let mut values = [simd.splat_f32s(0.0); V];
        for (v, value) in values.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *value = unsafe { load::<S>(column.add(v * S::F32_LANES)) };
        }
        for m in 0..M {
            // SAFETY: the caller's promise.
            let factor = simd.splat_f32s(unsafe { *rows[m].add(tap) });
            for v in 0..V {
                sums[m][v] = simd.mul_add_e_f32s(factor, values[v], sums[m][v]);
            }
        }
        column = column.wrapping_add(step);
    }
}

/// One value that is not zero, and where its row of the other factor begins.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Entry {
    /// In floats, from a base that the caller chooses; wraps round below it.
    pub(crate) offset: u32,
    pub(crate) value: f32,
}

/// A sparse product: `sums += sum over the entries of value * base[offset..]`, `G` vectors wide.
///
/// # Safety
/// `G` vectors must be readable at `base` plus each entry's offset.
#[inline(always)]
pub(crate) unsafe fn add_entries<S: Simd, const G: usize>(
    simd: S,
    sums: &mut [S::f32s; G],
    entries: &[Entry],
    base: *const f32,
) {
    for entry in entries {
        let factor = simd.splat_f32s(entry.value);
        let row = base.wrapping_offset(entry.offset as i32 as isize);
        for (g, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            let value = unsafe { load::<S>(row.add(g * S::F32_LANES)) };
            *sum = simd.mul_add_e_f32s(factor, value, *sum);
        }
    }
}
