//! Sums over lists of what is not zero, as wide as the registers allow.

use pulp::Simd;

use crate::simd::{Entry, add_entries, load, store};

/// Vectors that are summed at once: with a factor they fill the 16 registers of a vector unit well.
const WIDEST: usize = 8;

/// `to[i] += sum over the entries of value * base[origin + offset + i]`, for every `i` of `to`.
///
/// # Panics
/// Where `to` is not whole vectors. That no entry reaches outside `base` is this crate's own care, and checked in
/// debug builds.
#[inline(always)]
pub(crate) fn add_rows<S: Simd>(simd: S, entries: &[Entry], base: &[f32], origin: isize, to: &mut [f32]) {
    assert!(to.len().is_multiple_of(S::F32_LANES), "whole vectors");
    let mut vectors = to.len() / S::F32_LANES;
    let mut at = 0;
    while vectors > 0 {
        let group = vectors.min(WIDEST);
        let to = &mut to[at..at + group * S::F32_LANES];
        let origin = origin + at as isize;
        match group {
            1 => add_group::<S, 1>(simd, entries, base, origin, to),
            2 => add_group::<S, 2>(simd, entries, base, origin, to),
            3 => add_group::<S, 3>(simd, entries, base, origin, to),
            4 => add_group::<S, 4>(simd, entries, base, origin, to),
            5 => add_group::<S, 5>(simd, entries, base, origin, to),
            6 => add_group::<S, 6>(simd, entries, base, origin, to),
            7 => add_group::<S, 7>(simd, entries, base, origin, to),
            _ => add_group::<S, WIDEST>(simd, entries, base, origin, to),
        }
        at += group * S::F32_LANES;
        vectors -= group;
    }
}

#[inline(always)]
fn add_group<S: Simd, const G: usize>(
    simd: S,
    entries: &[Entry],
    base: &[f32],
    origin: isize,
    to: &mut [f32],
) {
    debug_assert!(
        entries.iter().all(|entry| {
            let start = origin + entry.offset as i32 as isize;
            start >= 0 && start as usize + G * S::F32_LANES <= base.len()
        }),
        "every entry lies inside"
    );
    assert_eq!(to.len(), G * S::F32_LANES, "the group's width");
    let mut sums = [simd.splat_f32s(0.0); G];
    for (g, sum) in sums.iter_mut().enumerate() {
        // SAFETY: `to` holds the group.
        *sum = unsafe { load::<S>(to.as_ptr().add(g * S::F32_LANES)) };
    }
    // SAFETY: this module's callers make entries from positions inside `base`; debug builds check each.
    unsafe { add_entries(simd, &mut sums, entries, base.as_ptr().wrapping_offset(origin)) };
    for (g, sum) in sums.into_iter().enumerate() {
        // SAFETY: `to` holds the group.
        unsafe { store::<S>(to.as_mut_ptr().add(g * S::F32_LANES), sum) };
    }
}

/// Lists of one length at most, filled without branches: zeros are written and then overwritten.
pub(crate) struct Lists {
    entries: Vec<Entry>,
    lengths: Vec<usize>,
    capacity: usize,
}

impl Lists {
    pub(crate) fn new(lists: usize, capacity: usize) -> Self {
        // One more than can stay: the last zero is written there.
        let capacity = capacity + 1;
        let empty = Entry { offset: 0, value: 0.0 };
        Self { entries: vec![empty; lists * capacity], lengths: vec![0; lists], capacity }
    }

    pub(crate) fn clear(&mut self) {
        self.lengths.fill(0);
    }

    /// Appends a value, unless it is zero.
    #[inline(always)]
    pub(crate) fn push(&mut self, list: usize, offset: usize, value: f32) {
        let length = self.lengths[list];
        self.entries[list * self.capacity + length] = Entry { offset: offset as u32, value };
        self.lengths[list] = length + usize::from(value != 0.0);
    }

    /// Appends a list, each offset lowered.
    #[inline(always)]
    pub(crate) fn append(&mut self, list: usize, entries: &[Entry], lowered: usize) {
        let start = list * self.capacity + self.lengths[list];
        for (to, from) in self.entries[start..start + entries.len()].iter_mut().zip(entries) {
            *to = Entry { offset: from.offset.wrapping_sub(lowered as u32), value: from.value };
        }
        self.lengths[list] += entries.len();
    }

    pub(crate) fn list(&self, list: usize) -> &[Entry] {
        &self.entries[list * self.capacity..][..self.lengths[list]]
    }

    pub(crate) fn length(&self, list: usize) -> usize {
        self.lengths[list]
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn zeros_are_left_out() {
        let mut lists = Lists::new(2, 3);
        for (offset, value) in [(1, 0.0), (2, 5.0), (3, -0.0), (4, 6.0), (5, 7.0), (6, 0.0)] {
            lists.push(1, offset, value);
        }
        let listed: Vec<_> = lists.list(1).iter().map(|entry| (entry.offset, entry.value)).collect();
        assert_eq!(listed, [(2, 5.0), (4, 6.0), (5, 7.0)]);
        assert_eq!((lists.length(0), lists.length(1)), (0, 3));
    }
}
