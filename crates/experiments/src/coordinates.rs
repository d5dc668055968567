//! Parallel coordinates: one upright axis for each setting that differs, one line for each run.

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    /// What it shows.
    pub name: String,
    /// Where each run lies, 0 at the bottom to 1 at the top; none where it has no value.
    pub places: Vec<Option<f64>>,
    /// What is written at the axis, with its place.
    pub ticks: Vec<(f64, String)>,
}

/// The most texts at an axis.
const MAX_TICKS: usize = 6;

impl Coordinate {
    /// Of what the runs have in a setting. Numbers lie on a scale, a logarithmic one where the largest is 30 times the smallest and
    /// more; what is no number lies in the order in which it comes first.
    pub fn of_texts(name: &str, values: &[String]) -> Self {
        let numbers: Option<Vec<Option<f64>>> = values
            .iter()
            .map(|text| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) })
            .collect();
        if let Some(numbers) = numbers {
            return Self::of_numbers(name, &numbers, |value| value.to_string());
        }
        let mut known: Vec<&String> = Vec::new();
        for value in values {
            if !known.contains(&value) {
                known.push(value);
            }
        }
        let place = |index: usize| match known.len() {
            0 | 1 => 0.5,
            count => index as f64 / (count - 1) as f64,
        };
        let places = values.iter().map(|value| known.iter().position(|own| *own == value).map(place));
        let every = known.len().div_ceil(MAX_TICKS).max(1);
        let ticks = known.iter().enumerate().step_by(every);
        Self {
            name: name.into(),
            places: places.collect(),
            ticks: ticks.map(|(index, text)| (place(index), (*text).clone())).collect(),
        }
    }

    /// Of numbers.
    pub fn of_numbers(name: &str, values: &[Option<f64>], text: impl Fn(f64) -> String) -> Self {
        let finite = || values.iter().flatten().copied().filter(|value| value.is_finite());
        let (low, high) =
            (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let is_log = low > 0.0 && high / low >= 30.0;
        let scaled = |value: f64| if is_log { value.ln() } else { value };
        let place = |value: f64| {
            let length = scaled(high) - scaled(low);
            if length > 0.0 { (scaled(value) - scaled(low)) / length } else { 0.5 }
        };
        let places = values.iter().map(|value| value.filter(|value| value.is_finite()).map(place)).collect();
        let mut marks: Vec<f64> = finite().collect();
        marks.sort_by(f64::total_cmp);
        marks.dedup();
        if marks.len() > MAX_TICKS {
            marks = vec![low, high];
        }
        Self {
            name: name.into(),
            places,
            ticks: marks.into_iter().map(|mark| (place(mark), text(mark))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(values: &[&str], places: &[Option<f64>], ticks: &[&str]) {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        let axis = Coordinate::of_texts("x", &values);
        for (got, wanted) in axis.places.iter().zip(places) {
            assert!((got.unwrap_or(-1.0) - wanted.unwrap_or(-1.0)).abs() < 1e-9, "{axis:?}");
        }
        assert_eq!(axis.places.len(), places.len());
        assert_eq!(axis.ticks.iter().map(|tick| tick.1.as_str()).collect::<Vec<_>>(), ticks);
    }

    #[test]
    fn values_have_their_places() {
        check(&["1", "2", "5"], &[Some(0.0), Some(0.25), Some(1.0)], &["1", "2", "5"]);
        check(&["0.001", "0.01", "0.1"], &[Some(0.0), Some(0.5), Some(1.0)], &["0.001", "0.01", "0.1"]);
        check(&["Adam", "SGD", "Adam"], &[Some(0.0), Some(1.0), Some(0.0)], &["Adam", "SGD"]);
        check(&["0.9", "", "0.5"], &[Some(1.0), None, Some(0.0)], &["0.5", "0.9"]);
        check(&["3", "3"], &[Some(0.5), Some(0.5)], &["3"]);
    }
}
