//! A curve that takes any number of points and keeps a bounded number of means.

use core::fmt::Write as _;

/// Most points kept; a screen has no more columns for a chart.
const MAX_POINTS: usize = 512;

/// A place on a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Along: a step, an epoch.
    pub x: f64,
    /// Up: a loss, a share.
    pub y: f64,
}

/// A curve. When it is full, neighbours are merged, so that a point is the mean of 1, 2, 4, ... values.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    points: Vec<CurvePoint>,
    values_per_point: u32,
    /// Sums of x and y of the values that do not fill a point yet, and their number.
    pending: (f64, f64, u32),
}

impl Default for Curve {
    fn default() -> Self {
        Self { points: Vec::new(), values_per_point: 1, pending: (0.0, 0.0, 0) }
    }
}

impl Curve {
    /// Adds a value; one that is not finite is left out.
    pub fn push(&mut self, x: f64, y: f64) {
        if !x.is_finite() || !y.is_finite() {
            return;
        }
        let (sum_x, sum_y, count) = &mut self.pending;
        *sum_x += x;
        *sum_y += y;
        *count += 1;
        if *count < self.values_per_point {
            return;
        }
        let count = f64::from(*count);
        self.points.push(CurvePoint { x: *sum_x / count, y: *sum_y / count });
        self.pending = (0.0, 0.0, 0);
        if self.points.len() == MAX_POINTS {
            let merged = self.points.chunks_exact(2).map(|pair| CurvePoint {
                x: f64::midpoint(pair[0].x, pair[1].x),
                y: f64::midpoint(pair[0].y, pair[1].y),
            });
            self.points = merged.collect();
            self.values_per_point *= 2;
        }
    }

    /// Forgets every value further along than `x`.
    pub fn forget_after(&mut self, x: f64) {
        self.points.retain(|point| point.x <= x);
        self.pending = (0.0, 0.0, 0);
    }

    /// The points, in the order in which their values came.
    pub fn points(&self) -> &[CurvePoint] {
        &self.points
    }

    /// The SVG path of the curve, smoothed by an exponential moving average where `smoothing` (0 to 1) is above 0.
    pub fn path(&self, scale: Scale, smoothing: f64) -> String {
        let mut path = String::new();
        let mut mean: Option<f64> = None;
        for point in &self.points {
            let y = mean.map_or(point.y, |mean| smoothing * mean + (1.0 - smoothing) * point.y);
            mean = Some(y);
            let command = if path.is_empty() { 'M' } else { 'L' };
            // Writing to a String cannot fail.
            let _ = write!(path, "{command}{:.1} {:.1}", scale.x(point.x), scale.y(y));
        }
        path
    }
}

/// From values to a chart's own units; y points down there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Value at the right edge; the left edge is 0.
    pub x_max: f64,
    /// Values at the bottom and at the top.
    pub y_range: (f64, f64),
    /// Size of the chart.
    pub size: (f64, f64),
}

impl Scale {
    /// Distance from the left edge.
    pub fn x(self, value: f64) -> f64 {
        self.size.0 * (value / self.x_max.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }

    /// Distance from the top edge; outside of the chart for a value outside of the range.
    pub fn y(self, value: f64) -> f64 {
        let (bottom, top) = self.y_range;
        self.size.1 * (1.0 - (value - bottom) / (top - bottom))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn many_values_become_few_means() {
        let mut curve = Curve::default();
        for step in 0..100_000 {
            curve.push(f64::from(step), 2.0 * f64::from(step));
        }
        let points = curve.points();
        assert!((MAX_POINTS / 4..MAX_POINTS).contains(&points.len()), "{}", points.len());
        assert!(points.iter().all(|point| (point.y - 2.0 * point.x).abs() < 1e-6));
        assert!(points.windows(2).all(|pair| pair[0].x < pair[1].x));
        curve.push(f64::NAN, 1.0);
        curve.push(1.0, f64::INFINITY);
        assert!(curve.points().iter().all(|point| point.y.is_finite()));
    }

    #[test]
    fn a_curve_goes_on_from_where_it_was_cut() {
        let mut curve = Curve::default();
        (0..10).for_each(|step| curve.push(f64::from(step), 1.0));
        curve.forget_after(4.0);
        curve.push(5.0, 2.0);
        let along: Vec<f64> = curve.points().iter().map(|point| point.x).collect();
        assert_eq!(along, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn what_is_off_the_scale_lies_outside_of_the_chart() {
        let mut curve = Curve::default();
        for (x, y) in [(0.0, 3.0), (5.0, 1.0), (10.0, 0.0), (11.0, -1.0)] {
            curve.push(x, y);
        }
        let scale = Scale { x_max: 10.0, y_range: (0.0, 2.0), size: (100.0, 50.0) };
        assert_eq!(curve.path(scale, 0.0), "M0.0 -25.0L50.0 25.0L100.0 50.0L100.0 75.0");
        assert_eq!(Curve::default().path(scale, 0.5), "");
    }
}
