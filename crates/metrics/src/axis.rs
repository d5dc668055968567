//! An axis of a chart: a range with round ends, and the values written at it.

/// The most values written at an axis.
const MAX_TICKS: usize = 6;

/// A range of values, linear or logarithmic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Axis {
    /// From `low` to `high`. A logarithmic axis needs both above 0, else it is linear; an axis without length gets some.
    pub fn between(low: f64, high: f64, is_log: bool) -> Self {
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, low + 0.5) };
        Self { low, high, is_log: is_log && low > 0.0 }
    }

    /// Holds all `values`, with round ends. On a logarithmic axis values of 0 and below have no place and are left out. From 0 to 1
    /// where there are no values.
    pub fn fitted(values: impl IntoIterator<Item = f64>, is_log: bool) -> Self {
        let usable = values.into_iter().filter(|value| value.is_finite() && (!is_log || *value > 0.0));
        let range = usable.fold(None, |range: Option<(f64, f64)>, value| {
            Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let Some((low, high)) = range else { return Self::between(0.0, 1.0, false) };
        if is_log {
            let (down, up) = (round_down(low), round_down(high));
            let up = if up < high { next_up(up) } else { up };
            return Self::between(down, if up > down { up } else { next_up(up) }, true);
        }
        // A value alone lies in the middle.
        if low == high {
            let (low, high) = if low > 0.0 { (0.0, 2.0 * low) } else { (low - 1.0, low + 1.0) };
            return Self::fitted([low, high], false);
        }
        let step = round_step((high - low).max(1e-3 * high.abs()).max(1e-9));
        Self::between((low / step).floor() * step, (high / step).ceil() * step, false)
    }

    /// Where a value lies: 0 at the low end, 1 at the high one.
    pub fn place(&self, value: f64) -> f64 {
        if self.is_log {
            let value = value.max(f64::MIN_POSITIVE);
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// The value at a place.
    pub fn at(&self, place: f64) -> f64 {
        if self.is_log {
            self.low * (self.high / self.low).powf(place)
        } else {
            self.low + place * (self.high - self.low)
        }
    }

    /// Round values from the low end to the high one, 2 to 6 of them.
    pub fn ticks(&self) -> Vec<f64> {
        if self.is_log {
            let mut ticks = Vec::new();
            let mut value = round_down(self.low * (1.0 + 1e-9));
            while value <= self.high * (1.0 + 1e-9) {
                if value >= self.low * (1.0 - 1e-9) {
                    ticks.push(value);
                }
                value = next_up(value);
            }
            let every = ticks.len().div_ceil(MAX_TICKS).max(1);
            return ticks.into_iter().step_by(every).collect();
        }
        let step = round_step(self.high - self.low);
        let (first, last) = ((self.low / step - 1e-9).ceil(), (self.high / step + 1e-9).floor());
        (0..=(last - first) as usize).map(|index| (first + index as f64) * step).collect()
    }

    /// A value as it is written at this axis: with as many decimals as tell two ticks apart.
    pub fn text(&self, value: f64) -> String {
        let step = if self.is_log { value } else { round_step(self.high - self.low) };
        let decimals = (-(step.abs().max(1e-12) * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 8.0) as usize;
        format!("{value:.decimals$}")
    }
}

/// The largest of 1, 2 and 5 times a power of ten that is not above `value`.
fn round_down(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let round = |factor: &f64| factor * power <= value * (1.0 + 1e-9);
    [5.0, 2.0, 1.0].into_iter().find(round).unwrap_or(1.0) * power
}

/// The next one after it.
fn next_up(value: f64) -> f64 {
    let power = 10_f64.powf((value * (1.0 + 1e-9)).log10().floor());
    let factor = (value / power).round();
    power
        * if factor < 2.0 {
            2.0
        } else if factor < 5.0 {
            5.0
        } else {
            10.0
        }
}

/// A step of 1, 2 or 5 times a power of ten that cuts `length` into at most five.
fn round_step(length: f64) -> f64 {
    let least = length / (MAX_TICKS - 1) as f64;
    let down = round_down(least);
    if down < least * (1.0 - 1e-9) { next_up(down) } else { down }
}

/// Maps values to a chart's own units, in which y points down.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// What lies from left to right.
    pub x_axis: Axis,
    /// What lies from bottom to top.
    pub y_axis: Axis,
    /// Width and height of the chart.
    pub size: (f64, f64),
}

impl Scale {
    /// The distance from the left edge.
    pub fn x(&self, value: f64) -> f64 {
        self.size.0 * self.x_axis.place(value)
    }

    /// The distance from the top edge; outside the chart for a value out of range.
    pub fn y(&self, value: f64) -> f64 {
        self.size.1 * (1.0 - self.y_axis.place(value))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(values: &[f64], is_log: bool, ticks: &[&str]) {
        let axis = Axis::fitted(values.iter().copied(), is_log);
        let texts: Vec<String> = axis.ticks().into_iter().map(|tick| axis.text(tick)).collect();
        assert_eq!(texts, ticks);
        for value in values.iter().filter(|value| !is_log || **value > 0.0) {
            let place = axis.place(*value);
            assert!((-1e-9..=1.0 + 1e-9).contains(&place), "{value} lies at {place}");
            assert!((axis.at(place) - value).abs() < 1e-9 * value.abs().max(1.0), "{value}");
        }
    }

    #[test]
    fn axes_fit_their_values() {
        check(&[0.0, 2.303], false, &["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        check(&[0.97, 0.991], false, &["0.970", "0.975", "0.980", "0.985", "0.990", "0.995"]);
        check(&[0.0, 4_690.0], false, &["0", "1000", "2000", "3000", "4000", "5000"]);
        check(&[0.01, 0.01], false, &["0.000", "0.005", "0.010", "0.015", "0.020"]);
        check(&[0.5], false, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        check(&[], false, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        check(&[0.03, 2.3], true, &["0.02", "0.1", "0.5", "2"]);
        check(&[0.0, -1.0, 0.3, 0.3], true, &["0.2", "0.5"]);
    }
}
