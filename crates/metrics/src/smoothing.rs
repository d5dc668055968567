//! Smoothing that is right from the first value on and never depends on what is drawn.

/// The exponential moving average of all values, debiased as `TensorBoard` does it: the weight of the start, `weight^n`, is
/// divided out. It is written as a step towards each value, which is the same and leaves a constant exactly as it is.
///
/// `weight` is cut to 0 to 1: 0 changes nothing, and 1 gives the mean of all values so far. A value that is not finite
/// gives `NaN` in its place and changes none that follow.
#[must_use]
pub fn ema(values: impl Iterator<Item = f64>, weight: f64) -> Vec<f64> {
    let weight = if weight.is_nan() { 0.0 } else { weight.clamp(0.0, 1.0) };
    let (mut mean, mut count, mut power) = (0.0, 0.0, 1.0);
    let smoothed = |value: f64| {
        if !value.is_finite() {
            return f64::NAN;
        }
        count += 1.0;
        power *= weight;
        let step = if weight < 1.0 { (1.0 - weight) / (1.0 - power) } else { 1.0 / count };
        mean = if count == 1.0 { value } else { mean + step * (value - mean) };
        mean
    };
    values.map(smoothed).collect()
}

/// At each value the mean of it and the `window - 1` before it; of as many as there are at the start. A `window` of 0 is one of 1.
#[must_use]
pub fn moving_average(values: &[f64], window: usize) -> Vec<f64> {
    let window = window.max(1);
    let mut sum = 0.0;
    let mean = |(index, value): (usize, &f64)| {
        if index % window == 0 {
            // Added anew once a window: what rounding leaves of a running sum does not grow.
            sum = values[(index + 1).saturating_sub(window)..index].iter().sum();
        } else if index >= window {
            sum -= values[index - window];
        }
        sum += value;
        sum / (index + 1).min(window) as f64
    };
    values.iter().enumerate().map(mean).collect()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{Axis, Scale, noise::Noise, polyline};

    /// As `TensorBoard` writes it.
    fn tensorboard(values: &[f64], weight: f64) -> Vec<f64> {
        let (mut last, mut count) = (0.0, 0);
        let smoothed = |value: &f64| {
            if !value.is_finite() {
                return f64::NAN;
            }
            last = last * weight + (1.0 - weight) * value;
            count += 1;
            last / (1.0 - weight.powi(count))
        };
        values.iter().map(smoothed).collect()
    }

    #[track_caller]
    fn check(values: &[f64], weight: f64, expected: &[f64]) {
        let smoothed = ema(values.iter().copied(), weight);
        assert_eq!(smoothed.len(), expected.len());
        for (index, (own, expected)) in smoothed.iter().zip(expected).enumerate() {
            let is_same = own.is_nan() && expected.is_nan()
                || (own - expected).abs() <= 1e-11 * expected.abs().max(1.0);
            assert!(is_same, "{index}: {own} is not {expected}");
        }
    }

    #[test]
    fn it_is_the_average_that_tensorboard_shows() {
        let mut noise = Noise::new(3);
        let mut values: Vec<f64> = (0..3_000).map(|_| 4.0 * noise.number() - 1.0).collect();
        values[7] = f64::NAN;
        values[1_000] = f64::INFINITY;
        for weight in [0.0, 0.1, 0.6, 0.9, 0.99, 0.999] {
            check(&values, weight, &tensorboard(&values, weight));
        }
    }

    #[test]
    fn ends_of_the_weight_and_broken_values() {
        check(&[], 0.5, &[]);
        check(&[3.0, 1.0], 0.0, &[3.0, 1.0]);
        check(&[3.0, 1.0, 2.0], 1.0, &[3.0, 2.0, 2.0]);
        check(&[3.0, 1.0, 2.0], 7.0, &[3.0, 2.0, 2.0]);
        check(&[f64::NAN, 2.0, f64::INFINITY, 2.0], 0.9, &[f64::NAN, 2.0, f64::NAN, 2.0]);
        check(&[1.0, 2.0], f64::NAN, &[1.0, 2.0]);
    }

    #[test]
    fn a_constant_stays_exactly_constant() {
        for constant in [0.1, 1.0 / 3.0, -7e-9, 1e12] {
            for weight in [0.1, 0.6, 0.97, 1.0] {
                assert!(ema(std::iter::repeat_n(constant, 5_000), weight).iter().all(|&y| y == constant));
            }
        }
    }

    #[test]
    fn a_moving_average_is_the_mean_of_the_window() {
        let mut noise = Noise::new(5);
        let all: Vec<f64> = (0..60_000).map(|_| noise.number()).collect();
        for (index, mean) in moving_average(&all, 10).into_iter().enumerate() {
            let window = &all[(index + 1).saturating_sub(10)..=index];
            let expected = window.iter().sum::<f64>() / window.len() as f64;
            assert!((mean - expected).abs() < 1e-12, "{index}: {mean} is not {expected}");
        }
        assert_eq!(moving_average(&[3.0, 1.0], 1), [3.0, 1.0]);
        assert_eq!(moving_average(&[3.0, 1.0], 0), [3.0, 1.0]);
    }

    #[test]
    fn what_is_drawn_of_it_was_smoothed_over_all_values() {
        let mut noise = Noise::new(4);
        let xs: Vec<f64> = (0..20_000).map(f64::from).collect();
        let smoothed = ema(xs.iter().map(|x| noise.number() + 1.0 / (1.0 + x)), 0.95);
        for width in [100.0, 333.0, 1_000.0] {
            let scale = Scale {
                x_axis: Axis::between(0.0, 19_999.0, false),
                y_axis: Axis::between(0.0, 2.0, false),
                size: (width, 100.0),
            };
            let drawn = polyline(&xs, &smoothed, None, &scale);
            assert!(drawn.len() < xs.len());
            let all: Vec<(f32, f32)> =
                xs.iter().zip(&smoothed).map(|(x, y)| (scale.x(*x) as f32, scale.y(*y) as f32)).collect();
            let mut after = all.iter();
            assert!(
                drawn.iter().all(|point| after.any(|own| own == point)),
                "a point that is none, at {width}"
            );
        }
    }
}
