//! The least and the greatest of any stretch of a curve, in a time that hardly grows with the curve.

use core::ops::Range;

/// Entries of a level that one entry of the next covers.
const FAN: usize = 8;

/// Where the least and the greatest finite value of a bucket stand; `None` where it has none.
type Extremes = Option<(u32, u32)>;

/// Values in order, with the least and the greatest of each 8, 64, 512, ... of them. Values are added at the end and
/// dropped from there. What is not finite is kept, and counts as neither least nor greatest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pyramid {
    values: Vec<f64>,
    /// Level 0 covers 8 values an entry, level 1 64, and so on. What fills no whole entry has none.
    levels: Vec<Vec<Extremes>>,
}

impl Pyramid {
    /// Adds a value at the end.
    ///
    /// # Panics
    /// If there are 2^32 values.
    pub fn push(&mut self, y: f64) {
        self.values.push(y);
        let at = u32::try_from(self.values.len()).expect("fewer than 2^32 values");
        let (mut count, mut level) = (self.values.len(), 0);
        // A bucket is entered once it is full, and so is the one above that it fills.
        while count.is_multiple_of(FAN) {
            let entry = if level == 0 {
                let own = at - FAN as u32..at;
                own.fold(None, |all, index| merge(&self.values, all, self.single(index)))
            } else {
                let below = &self.levels[level - 1];
                let own = below[below.len() - FAN..].iter();
                own.fold(None, |all, entry| merge(&self.values, all, *entry))
            };
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(entry);
            count /= FAN;
            level += 1;
        }
    }

    /// A value as a stretch of its own.
    fn single(&self, index: u32) -> Extremes {
        self.values[index as usize].is_finite().then_some((index, index))
    }

    /// Drops all but the first `len` values.
    pub fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        let mut count = self.values.len();
        for level in &mut self.levels {
            count /= FAN;
            level.truncate(count);
        }
        self.levels.retain(|level| !level.is_empty());
    }

    /// Becomes the pyramid of `values`. What it has in common with them at the start is not computed again.
    pub fn follow(&mut self, values: &[f64]) {
        let differ = |(own, new): (&f64, &f64)| own.to_bits() != new.to_bits();
        let common = self.values.iter().zip(values).position(differ);
        self.truncate(common.unwrap_or_else(|| self.values.len().min(values.len())));
        values[self.values.len()..].iter().for_each(|&y| self.push(y));
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Where the least and the greatest finite value of a stretch stand; `None` where it has none. What lies beyond the last
    /// value is no part of it.
    pub fn extremes(&self, range: Range<usize>) -> Option<(usize, usize)> {
        let (mut start, mut end) = (range.start, range.end.min(self.values.len()));
        let mut found = None;
        // From both ends up to whole buckets, then the same one level higher.
        for level in 0..=self.levels.len() {
            let entry = |index: usize| match level.checked_sub(1) {
                None => self.single(index as u32),
                Some(below) => self.levels[below][index],
            };
            let is_top = level == self.levels.len();
            while start < end && (is_top || !start.is_multiple_of(FAN)) {
                found = merge(&self.values, found, entry(start));
                start += 1;
            }
            while start < end && !end.is_multiple_of(FAN) {
                end -= 1;
                found = merge(&self.values, found, entry(end));
            }
            if start >= end {
                break;
            }
            start /= FAN;
            end /= FAN;
        }
        found.map(|(low, high)| (low as usize, high as usize))
    }

    /// The least and the greatest finite value of a stretch; `None` where it has none.
    pub fn range(&self, range: Range<usize>) -> Option<(f64, f64)> {
        self.extremes(range).map(|(low, high)| (self.values[low], self.values[high]))
    }

    /// The least finite value above 0 of a stretch, for a logarithmic axis. It looks only into buckets that may hold it.
    pub fn least_positive(&self, range: Range<usize>) -> Option<f64> {
        let (low, high) = self.range(range.clone())?;
        if low > 0.0 {
            return Some(low);
        }
        let end = range.end.min(self.values.len());
        if high <= 0.0 {
            return None;
        }
        if end - range.start <= FAN {
            let positive = |y: &f64| *y > 0.0 && y.is_finite();
            return self.values[range.start..end].iter().copied().filter(positive).reduce(f64::min);
        }
        // Cut where buckets meet, so that each part is looked up fast.
        let mut size = FAN;
        while size * FAN < end - range.start {
            size *= FAN;
        }
        let mut least: Option<f64> = None;
        let mut start = range.start;
        while start < end {
            let next = ((start / size + 1) * size).min(end);
            let worth_it =
                self.range(start..next).is_some_and(|(low, _)| least.is_none_or(|least| low < least));
            if worth_it && let Some(found) = self.least_positive(start..next) {
                least = Some(least.map_or(found, |least| least.min(found)));
            }
            start = next;
        }
        least
    }
}

/// The extremes of two stretches together; of equal values the first counts.
fn merge(values: &[f64], a: Extremes, b: Extremes) -> Extremes {
    let (Some((a_low, a_high)), Some((b_low, b_high))) = (a, b) else { return a.or(b) };
    let at = |index: u32| values[index as usize];
    let is_first = |new: u32, old: u32| at(new) == at(old) && new < old;
    let low = if at(b_low) < at(a_low) || is_first(b_low, a_low) { b_low } else { a_low };
    let high = if at(b_high) > at(a_high) || is_first(b_high, a_high) { b_high } else { a_high };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::noise::Noise;

    /// Every fact of a pyramid about a stretch, against all its values.
    #[track_caller]
    fn check(pyramid: &Pyramid, values: &[f64], range: Range<usize>) {
        let own = values.get(range.start..range.end.min(values.len())).unwrap_or_default();
        let finite = || own.iter().copied().filter(|y| y.is_finite());
        let expected = finite().reduce(f64::min).zip(finite().reduce(f64::max));
        assert_eq!(pyramid.range(range.clone()), expected, "{range:?} of {}", values.len());
        if let Some((low, high)) = pyramid.extremes(range.clone()) {
            assert!(range.contains(&low) && range.contains(&high), "{range:?}: {low}, {high}");
        }
        let positive = finite().filter(|y| *y > 0.0).reduce(f64::min);
        assert_eq!(pyramid.least_positive(range.clone()), positive, "{range:?} of {}", values.len());
    }

    #[test]
    fn every_stretch_has_its_true_extremes() {
        let mut noise = Noise::new(1);
        for len in [0, 1, 7, 8, 9, 63, 64, 65, 512, 513, 5_000] {
            let values: Vec<f64> = (0..len)
                .map(|_| match noise.below(20) {
                    0 => f64::NAN,
                    1 => f64::INFINITY,
                    2 => 0.0,
                    _ => noise.number() - 0.5,
                })
                .collect();
            let mut pyramid = Pyramid::default();
            for y in &values {
                pyramid.push(*y);
            }
            assert_eq!((pyramid.len(), pyramid.is_empty()), (len, len == 0));
            for _ in 0..400 {
                let (a, b) = (noise.below(len + 2), noise.below(len + 2));
                check(&pyramid, &values, a.min(b)..a.max(b));
            }
        }
    }

    #[test]
    fn a_cut_pyramid_is_the_one_of_what_is_left() {
        let mut noise = Noise::new(2);
        for round in 0..300 {
            let len = noise.below(if round < 20 { 70_000 } else { 1_500 });
            let mut values: Vec<f64> = (0..len).map(|_| noise.number()).collect();
            let mut pyramid = Pyramid::default();
            pyramid.follow(&values);
            values.truncate(noise.below(len + 3));
            pyramid.truncate(values.len());
            let mut fresh = Pyramid::default();
            for y in &values {
                fresh.push(*y);
            }
            assert_eq!(pyramid, fresh);
            // On from there, other than before.
            let more = noise.below(200);
            values.extend((0..more).map(|_| noise.number()));
            pyramid.follow(&values);
            check(&pyramid, &values, 0..values.len());
            fresh.follow(&values);
            assert_eq!(pyramid, fresh);
        }
    }
}
