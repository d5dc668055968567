//! A curve as the few points that a chart of some pixels can show.

use crate::{Pyramid, Scale};

/// Points of a column of pixels at most.
const MAX_POINTS: usize = 4;
/// No point is drawn farther outside than this: numbers of pixels stay exact.
const FAR: f64 = 1e6;

/// The points to draw of a curve, in pixels from the top left corner. `xs` rises, `ys` has as many values. Of the values in
/// a column of pixels it gives the first, the least, the greatest and the last, in their order, so that the line looks like
/// the one through all of them, spikes included. A point whose second number is `NaN` breaks the line. A line that goes on
/// beyond an end of the chart is cut there.
///
/// With a `pyramid` of `ys` the time depends on the width and hardly on the number of values.
#[must_use]
pub fn polyline(xs: &[f64], ys: &[f64], pyramid: Option<&Pyramid>, scale: &Scale) -> Vec<(f32, f32)> {
    let xs = &xs[..xs.len().min(ys.len())];
    let (left, right) = (scale.x_axis.at(0.0), scale.x_axis.at(1.0));
    let (start, end) = (xs.partition_point(|x| *x < left), xs.partition_point(|x| *x <= right));
    let y_pixel = |y: f64| if y.is_finite() { scale.y(y).clamp(-FAR, FAR) } else { f64::NAN };
    let mut points = Vec::with_capacity((end - start).min(MAX_POINTS * (scale.size.0.max(0.0) as usize + 2)));
    // Where the line crosses an end of the chart, between a value and the next.
    let crossing = |before: usize, x: f64| {
        let (from, to) = (xs.get(before)?, xs.get(before + 1)?);
        let share = (x - from) / (to - from);
        let (from_y, to_y) = (y_pixel(ys[before]), y_pixel(ys[before + 1]));
        let y = from_y + share * (to_y - from_y);
        y.is_finite().then(|| (scale.x(x) as f32, y as f32))
    };
    let is_inside = |index: usize, edge: f64| xs.get(index) == Some(&edge);
    let entry =
        start.checked_sub(1).filter(|_| !is_inside(start, left)).and_then(|before| crossing(before, left));
    points.extend(entry);
    let mut at = start;
    while at < end {
        let column = scale.x(xs[at]).floor();
        let next = at + gallop(&xs[at..end], |x| scale.x(x).floor() <= column);
        // The crossing is already the first of its column.
        let has_first = at > start || entry.is_none_or(|entry| f64::from(entry.0).floor() < column);
        let extremes = match pyramid.filter(|pyramid| pyramid.len() >= next) {
            _ if next - at <= 2 => None,
            Some(pyramid) => pyramid.extremes(at..next),
            None => extremes(&ys[at..next]).map(|(low, high)| (at + low, at + high)),
        };
        let mut kept = [at, next - 1, next - 1, next - 1];
        if let Some((low, high)) = extremes {
            kept = [if has_first { at } else { low.min(high) }, low, high, next - 1];
            kept.sort_unstable();
        }
        let mut previous = None;
        for index in kept {
            if previous != Some(index) {
                points.push((scale.x(xs[index]) as f32, y_pixel(ys[index]) as f32));
            }
            previous = Some(index);
        }
        at = next;
    }
    let is_cut = end > 0 && !is_inside(end - 1, right);
    points.extend(
        is_cut.then(|| crossing(end - 1, right)).flatten().filter(|_| end > start || entry.is_some()),
    );
    points
}

/// How many items from the start on hold a condition that none holds after the first that does not.
fn gallop(xs: &[f64], holds: impl Fn(f64) -> bool) -> usize {
    let mut step = 1;
    while step < xs.len() && holds(xs[step]) {
        step *= 2;
    }
    let (from, to) = (step / 2, step.min(xs.len()));
    from + xs[from..to].partition_point(|x| holds(*x))
}

/// Where the least and the greatest finite value stand.
fn extremes(ys: &[f64]) -> Option<(usize, usize)> {
    let mut found = None;
    for (index, y) in ys.iter().enumerate().filter(|(_, y)| y.is_finite()) {
        let (low, high) = found.get_or_insert((index, index));
        if *y < ys[*low] {
            *low = index;
        }
        if *y > ys[*high] {
            *high = index;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{Axis, noise::Noise};

    fn scale(window: (f64, f64), is_log: bool, width: f64) -> Scale {
        let y_axis = if is_log { Axis::between(1e-3, 10.0, true) } else { Axis::between(0.0, 1.0, false) };
        Scale { x_axis: Axis::between(window.0, window.1, false), y_axis, size: (width, 200.0) }
    }

    /// No column has more than four points, each has its true first, least, greatest and last, and nothing lies outside.
    #[track_caller]
    fn check(xs: &[f64], ys: &[f64], scale: &Scale) {
        let mut pyramid = Pyramid::default();
        pyramid.follow(ys);
        let drawn = polyline(xs, ys, Some(&pyramid), scale);
        assert_eq!(format!("{drawn:?}"), format!("{:?}", polyline(xs, ys, None, scale)), "with and without");
        let width = scale.size.0;
        assert!(drawn.iter().all(|(x, _)| (0.0..=width).contains(&f64::from(*x))), "outside");
        assert!(drawn.windows(2).all(|pair| pair[0].0 <= pair[1].0), "back");
        let column_of = |x: f32| x.floor() as i64;
        let mut drawn_columns: BTreeMap<i64, Vec<(f32, f32)>> = BTreeMap::new();
        for point in &drawn {
            drawn_columns.entry(column_of(point.0)).or_default().push(*point);
        }
        for (column, own) in &drawn_columns {
            // Rounding to f32 may move a point over the edge of a column.
            assert!(own.len() <= MAX_POINTS + 1, "{} points in column {column}", own.len());
        }
        assert!(drawn.len() <= MAX_POINTS * (width as usize + 1), "{} points", drawn.len());
        let mut columns: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (x, y) in xs.iter().zip(ys) {
            let place = scale.x_axis.place(*x);
            if (0.0..=1.0).contains(&place) && y.is_finite() {
                columns.entry(scale.x(*x).floor() as i64).or_default().push(*y);
            }
        }
        for (column, own) in columns {
            let around = || (column - 1..=column + 1).filter_map(|near| drawn_columns.get(&near)).flatten();
            for extreme in [own.iter().copied().reduce(f64::min), own.iter().copied().reduce(f64::max)] {
                let y = scale.y(extreme.unwrap()).clamp(-FAR, FAR) as f32;
                assert!(around().any(|point| point.1 == y), "column {column} lacks {extreme:?}");
            }
        }
    }

    #[test]
    fn every_column_holds_its_true_extremes() {
        let mut noise = Noise::new(5);
        for len in [0, 1, 2, 10, 500, 60_000] {
            let mut x = 0.0;
            let mut xs = Vec::new();
            let mut ys = Vec::new();
            for _ in 0..len {
                x += 0.01 + noise.number();
                xs.push(x);
                ys.push(match noise.below(50) {
                    0 => f64::NAN,
                    1 => 0.0,
                    2 => 50.0,
                    _ => noise.number(),
                });
            }
            for is_log in [false, true] {
                for width in [1.0, 77.5, 500.0] {
                    check(&xs, &ys, &scale((0.0, x), is_log, width));
                    check(&xs, &ys, &scale((0.31 * x, 0.64 * x), is_log, width));
                    check(&xs, &ys, &scale((0.5 * x, 0.5 * x + 1.7), is_log, width));
                    check(&xs, &ys, &scale((-x, 0.1 * x), is_log, width));
                    check(&xs, &ys, &scale((x + 1.0, x + 2.0), is_log, width));
                }
            }
        }
    }

    #[track_caller]
    fn check_points(xs: &[f64], ys: &[f64], window: (f64, f64), expected: &[(f32, f32)]) {
        assert_eq!(
            format!("{:?}", polyline(xs, ys, None, &scale(window, false, 100.0))),
            format!("{expected:?}")
        );
    }

    #[test]
    fn lines_are_cut_at_the_ends_and_broken_where_there_is_no_value() {
        let (xs, ys) = (&[0.0, 1.0, 2.0, 3.0][..], &[0.0, 0.5, 1.0, 0.5][..]);
        check_points(
            xs,
            ys,
            (0.0, 3.0),
            &[(0.0, 200.0), (33.333_332, 100.0), (66.666_664, 0.0), (100.0, 100.0)],
        );
        check_points(xs, ys, (0.5, 1.5), &[(0.0, 150.0), (50.0, 100.0), (100.0, 50.0)]);
        // No value inside, and yet the line passes.
        check_points(xs, ys, (1.25, 1.75), &[(0.0, 75.0), (100.0, 25.0)]);
        check_points(xs, ys, (1.0, 2.0), &[(0.0, 100.0), (100.0, 0.0)]);
        check_points(xs, ys, (4.0, 5.0), &[]);
        check_points(xs, ys, (-5.0, -4.0), &[]);
        check_points(
            &[0.0, 1.0, 2.0],
            &[0.5, f64::NAN, 0.5],
            (0.0, 2.0),
            &[(0.0, 100.0), (50.0, f32::NAN), (100.0, 100.0)],
        );
    }

    #[test]
    fn few_columns_are_looked_at_however_long_the_line() {
        let mut pyramid = Pyramid::default();
        let xs: Vec<f64> = (0..1_000_000).map(f64::from).collect();
        let mut noise = Noise::new(6);
        for _ in &xs {
            pyramid.push(noise.number());
        }
        let scale = scale((0.0, 999_999.0), false, 500.0);
        // A hundred charts of a million values: without the pyramid this takes minutes in a debug build.
        for _ in 0..100 {
            assert!(polyline(&xs, pyramid.values(), Some(&pyramid), &scale).len() <= 2_004);
        }
    }
}
