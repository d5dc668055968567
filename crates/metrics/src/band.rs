//! Several series as one: their mean, and how far they lie apart.

/// What several series have at each x that any of them has. A run that is shorter than another is part of it as far as it
/// goes; where a series has no value of its own, it is read from the straight line between its neighbours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Band {
    /// The places, rising.
    pub x: Vec<f64>,
    /// The mean there.
    pub mean: Vec<f64>,
    /// The least.
    pub low: Vec<f64>,
    /// The greatest.
    pub high: Vec<f64>,
    /// The sample standard deviation (of n - 1); not a number where fewer than two series reach.
    pub deviation: Vec<f64>,
    /// How many series reach there.
    pub count: Vec<u32>,
}

impl Band {
    /// Of series, each its rising x values and as many y values. Beside a value that is not finite a series has none.
    #[must_use]
    pub fn of(series: &[(&[f64], &[f64])]) -> Self {
        let mut band = Self::default();
        // The first value of each series that is not yet passed.
        let mut next = vec![0; series.len()];
        let mut values = Vec::with_capacity(series.len());
        let head = |(own, at): (&(&[f64], &[f64]), &usize)| own.0.get(*at).copied();
        while let Some(x) = series.iter().zip(&next).filter_map(head).reduce(f64::min) {
            values.clear();
            for ((xs, ys), at) in series.iter().zip(&mut next) {
                values.extend(value(xs, ys, *at, x).filter(|y| y.is_finite()));
                while xs.get(*at).is_some_and(|own| *own <= x || own.is_nan()) {
                    *at += 1;
                }
            }
            band.push(x, &values);
        }
        band
    }

    fn push(&mut self, x: f64, values: &[f64]) {
        let Some((low, high)) =
            values.iter().copied().reduce(f64::min).zip(values.iter().copied().reduce(f64::max))
        else {
            return;
        };
        let count = values.len() as f64;
        // Rounding must not put it outside; for equal values it is exactly theirs.
        let mean = (values.iter().sum::<f64>() / count).clamp(low, high);
        let squares: f64 = values.iter().map(|y| (y - mean).powi(2)).sum();
        self.x.push(x);
        self.mean.push(mean);
        self.low.push(low);
        self.high.push(high);
        self.deviation.push(if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { f64::NAN });
        self.count.push(values.len() as u32);
    }
}

/// What a series has at `x`, where `at` is its first value that is not before it.
fn value(xs: &[f64], ys: &[f64], at: usize, x: f64) -> Option<f64> {
    let (&right_x, &right) = (xs.get(at)?, ys.get(at)?);
    if right_x == x {
        return Some(right);
    }
    let before = at.checked_sub(1)?;
    let (left_x, left) = (*xs.get(before)?, *ys.get(before)?);
    Some(left + (right - left) * (x - left_x) / (right_x - left_x))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Rows of x, mean, low, high, count.
    #[track_caller]
    fn check(series: &[(&[f64], &[f64])], rows: &[(f64, f64, f64, f64, u32)]) {
        let band = Band::of(series);
        let own: Vec<_> = (0..band.x.len())
            .map(|at| (band.x[at], band.mean[at], band.low[at], band.high[at], band.count[at]))
            .collect();
        assert_eq!(own, rows);
        assert_eq!(band.deviation.len(), rows.len());
    }

    #[test]
    fn each_place_uses_the_series_that_reach_it() {
        check(&[], &[]);
        check(&[(&[], &[])], &[]);
        check(&[(&[1.0], &[5.0])], &[(1.0, 5.0, 5.0, 5.0, 1)]);
        // One run stopped early.
        check(
            &[(&[1.0, 2.0, 3.0], &[1.0, 2.0, 4.0]), (&[1.0, 2.0], &[3.0, 6.0])],
            &[(1.0, 2.0, 1.0, 3.0, 2), (2.0, 4.0, 2.0, 6.0, 2), (3.0, 4.0, 4.0, 4.0, 1)],
        );
        // Measured at other places: read between a series' own points, never beyond them.
        check(
            &[(&[0.0, 4.0], &[0.0, 8.0]), (&[1.0, 3.0, 5.0], &[4.0, 4.0, 1.0])],
            &[
                (0.0, 0.0, 0.0, 0.0, 1),
                (1.0, 3.0, 2.0, 4.0, 2),
                (3.0, 5.0, 4.0, 6.0, 2),
                (4.0, 5.25, 2.5, 8.0, 2),
                (5.0, 1.0, 1.0, 1.0, 1),
            ],
        );
        // A run that diverged has no value there, nor on the way to it.
        check(
            &[(&[0.0, 1.0, 2.0], &[2.0, f64::NAN, 2.0]), (&[0.0, 0.5, 2.0], &[4.0, 4.0, 4.0])],
            &[
                (0.0, 3.0, 2.0, 4.0, 2),
                (0.5, 4.0, 4.0, 4.0, 1),
                (1.0, 4.0, 4.0, 4.0, 1),
                (2.0, 3.0, 2.0, 4.0, 2),
            ],
        );
    }

    #[test]
    fn the_deviation_is_the_one_of_a_sample() {
        let band = Band::of(&[(&[1.0], &[2.0]), (&[1.0], &[4.0]), (&[1.0, 2.0], &[6.0, 1.0])]);
        assert_eq!(band.deviation[0], 2.0);
        assert!(band.deviation[1].is_nan());
        let same = Band::of(&[(&[1.0], &[0.1]), (&[1.0], &[0.1]), (&[1.0], &[0.1])]);
        assert_eq!((same.mean[0], same.deviation[0]), (0.1, 0.0));
    }
}
