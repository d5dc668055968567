//! Whether one of two models is better on the same images.

/// Two models on the same images, and McNemar's test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Images that only the first reads rightly.
    pub only_first: u32,
    /// Images that only the second reads rightly.
    pub only_second: u32,
    /// Chance of a difference at least as large if both were equally good, 0 to 1: the exact two-sided binomial test.
    ///
    /// Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages" (1947).
    pub p_value: f64,
}

impl Comparison {
    /// Of the answers of both, whether each is right, in the same order.
    pub fn of(first: impl IntoIterator<Item = bool>, second: impl IntoIterator<Item = bool>) -> Self {
        let (mut only_first, mut only_second) = (0, 0);
        for (first, second) in first.into_iter().zip(second) {
            only_first += u32::from(first && !second);
            only_second += u32::from(second && !first);
        }
        Self { only_first, only_second, p_value: binomial_two_sided(only_first, only_second) }
    }
}

/// Twice the chance of at most the smaller number among fair coin flips, at most 1.
fn binomial_two_sided(one: u32, other: u32) -> f64 {
    let (flips, fewer) = (one + other, one.min(other));
    // Terms of the binomial distribution from the first on, by their logarithms: the numbers themselves are beyond f64.
    let mut log_term = -f64::from(flips) * core::f64::consts::LN_2;
    let mut sum = log_term.exp();
    for count in 1..=fewer {
        log_term += (f64::from(flips - count + 1) / f64::from(count)).ln();
        sum += log_term.exp();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Compared with `scipy.stats.binomtest(fewer, flips, 0.5).pvalue`.
    #[test]
    fn p_values_are_those_of_the_binomial_test() {
        for (one, other, expected) in [
            (0, 0, 1.0),
            (1, 0, 1.0),
            (5, 5, 1.0),
            (10, 2, 0.038_574_218_75),
            (2, 10, 0.038_574_218_75),
            (0, 10, 0.001_953_125),
            (40, 60, 0.056_887_933_640_980_784),
            (400, 600, 2.728_464_156_066_018_4e-10),
        ] {
            let found = binomial_two_sided(one, other);
            assert!(
                (found - expected).abs() <= 1e-6 * expected,
                "{one} and {other}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn images_that_both_read_alike_do_not_count() {
        let found = Comparison::of([true, true, false, true, false], [true, false, false, false, true]);
        assert_eq!((found.only_first, found.only_second, found.p_value), (2, 1, 1.0));
    }
}
