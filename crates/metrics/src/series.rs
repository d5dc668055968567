//! Every value of a curve, in the order of its steps, and what a chart needs of them.

use core::fmt::Write as _;

use crate::Axis;

/// A value at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// A step.
    pub x: f64,
    /// A loss, a share or a rate.
    pub y: f64,
}

/// All values of a curve; `x` rises from one to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    points: Vec<Point>,
}

impl Series {
    /// Adds a value. One that is not finite is ignored, and so is one that does not come after the last one.
    pub fn push(&mut self, x: f64, y: f64) {
        if x.is_finite() && y.is_finite() && self.points.last().is_none_or(|last| last.x < x) {
            self.points.push(Point { x, y });
        }
    }

    /// Drops every value beyond `x`.
    pub fn forget_after(&mut self, x: f64) {
        self.points.truncate(self.points.partition_point(|point| point.x <= x));
    }

    /// The values.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// At each value the mean of it and the `window - 1` before it; of as many as there are at the start.
    ///
    /// # Panics
    /// If `window` is 0.
    #[must_use]
    pub fn moving_average(&self, window: usize) -> Self {
        assert!(window > 0, "a mean of nothing");
        let mut sum = 0.0;
        let mut points = Vec::with_capacity(self.points.len());
        for (index, point) in self.points.iter().enumerate() {
            if index % window == 0 {
                // Added anew once a window: what rounding leaves of a running sum does not grow.
                sum =
                    self.points[(index + 1).saturating_sub(window)..index].iter().map(|point| point.y).sum();
            } else if index >= window {
                sum -= self.points[index - window].y;
            }
            sum += point.y;
            points.push(Point { x: point.x, y: sum / (index + 1).min(window) as f64 });
        }
        Self { points }
    }

    /// The value nearest to `x`.
    pub fn nearest(&self, x: f64) -> Option<Point> {
        let after = self.points.partition_point(|point| point.x < x);
        let around = [after.checked_sub(1), Some(after)].into_iter().flatten();
        let distance = |point: &&Point| (point.x - x).abs();
        let nearer = |a: &&Point, b: &&Point| distance(a).total_cmp(&distance(b));
        around.filter_map(|index| self.points.get(index)).min_by(nearer).copied()
    }

    /// The line as an SVG path. Of the values that share a column of pixels it draws the first, the least, the greatest and the
    /// last, so that it looks like the line through all of them, spikes included, whatever their number.
    pub fn path(&self, scale: &Scale) -> String {
        let mut path = String::new();
        let mut draw = |points: &[Point]| {
            for point in points {
                let command = if path.is_empty() { 'M' } else { 'L' };
                // Writing to a String cannot fail.
                let _ = write!(path, "{command}{:.1} {:.1}", scale.x(point.x), scale.y(point.y));
            }
        };
        let column = |point: &Point| scale.x(point.x).round();
        for own in self.points.chunk_by(|a, b| column(a) == column(b)) {
            if own.len() <= 4 {
                draw(own);
                continue;
            }
            let by_value = |a: &usize, b: &usize| own[*a].y.total_cmp(&own[*b].y);
            let (last, least) = (own.len() - 1, (0..own.len()).min_by(by_value).unwrap_or(0));
            let mut kept = [0, least, (0..own.len()).max_by(by_value).unwrap_or(0), last];
            kept.sort_unstable();
            for index in kept {
                draw(&own[index..=index]);
            }
        }
        path
    }
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

    fn series(values: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::default();
        for (index, y) in values.into_iter().enumerate() {
            series.push(index as f64, y);
        }
        series
    }

    /// Values that jump about, the same each time.
    fn noise(count: u32) -> impl Iterator<Item = f64> {
        (0..count).map(|index| f64::from(index.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24))
    }

    #[test]
    fn a_moving_average_is_the_mean_of_the_window() {
        let all: Vec<f64> = noise(60_000).collect();
        let averaged = series(all.iter().copied()).moving_average(10);
        for (index, point) in averaged.points().iter().enumerate() {
            let window = &all[(index + 1).saturating_sub(10)..=index];
            let mean = window.iter().sum::<f64>() / window.len() as f64;
            assert!((point.y - mean).abs() < 1e-12, "{index}: {} is not {mean}", point.y);
        }
        assert_eq!(series([3.0, 1.0]).moving_average(1), series([3.0, 1.0]));
    }

    #[test]
    fn a_long_line_is_drawn_short_and_keeps_its_spikes() {
        let mut long = series(noise(60_000));
        long.push(60_000.0, 7.0);
        noise(20_000).enumerate().for_each(|(index, y)| long.push(60_001.0 + index as f64, y));
        let scale = Scale {
            x_axis: Axis::between(0.0, 80_001.0, false),
            y_axis: Axis::between(0.0, 10.0, false),
            size: (500.0, 100.0),
        };
        let path = long.path(&scale);
        assert!(path.matches('L').count() < 4 * 502, "{}", path.len());
        assert!(path.contains(&format!("{:.1} 30.0", scale.x(60_000.0))));
    }

    #[test]
    fn values_off_the_scale_lie_outside_the_chart() {
        let mut line = Series::default();
        for (x, y) in [(0.0, 3.0), (5.0, 1.0), (10.0, 0.0)] {
            line.push(x, y);
        }
        let scale = Scale {
            x_axis: Axis::between(0.0, 10.0, false),
            y_axis: Axis::between(0.0, 2.0, false),
            size: (100.0, 50.0),
        };
        assert_eq!(line.path(&scale), "M0.0 -25.0L50.0 25.0L100.0 50.0");
        assert_eq!(Series::default().path(&scale), "");
    }

    #[test]
    fn a_curve_continues_from_where_it_was_cut() {
        let mut line = series([1.0; 10]);
        line.forget_after(4.5);
        line.push(4.0, 9.0);
        line.push(5.0, f64::NAN);
        line.push(6.0, 2.0);
        let steps: Vec<f64> = line.points().iter().map(|point| point.x).collect();
        assert_eq!(steps, [0.0, 1.0, 2.0, 3.0, 4.0, 6.0]);
    }

    #[test]
    fn the_nearest_value_is_read() {
        let line = series([5.0, 6.0, 7.0]);
        for (x, y) in [(-3.0, 5.0), (0.4, 5.0), (0.6, 6.0), (2.0, 7.0), (9.0, 7.0)] {
            assert_eq!(line.nearest(x).map(|point| point.y), Some(y), "at {x}");
        }
        assert_eq!(Series::default().nearest(1.0), None);
    }
}
