//! Every value of a curve, in the order of its steps.

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
}
