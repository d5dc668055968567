//! The values of a setting as a person enters them in a line.

use crate::SweepSpec;

/// The values in what a person enters: `0.1, 0.01 0.001`; `1..5` for the whole numbers from 1 to 5; `0.001..0.1 x3` for three
/// values, each the same factor from the one before, whole ones between ends that are written as whole numbers.
///
/// What cannot be read stays as it is, so that the sweep can name it.
pub fn parse_values(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| letter == ',' || letter == ';' || letter.is_whitespace());
    let mut words = words.filter(|word| !word.is_empty()).peekable();
    let mut values = Vec::new();
    while let Some(word) = words.next() {
        let Some((first, last)) = word.split_once("..") else {
            values.push(word.to_owned());
            continue;
        };
        let factor = words.peek().and_then(|word| word.strip_prefix('x')?.parse().ok());
        let range = match factor {
            Some(count) => logarithmic(first, last, count),
            None => whole(first, last),
        };
        match range {
            Some(range) => values.extend(range),
            None => values.push(word.to_owned()),
        }
        if let (Some(_), Some(count)) = (factor, words.peek().copied()) {
            words.next();
            // The range is left as it was entered.
            if values.last().is_some_and(|value| value == word) {
                values.push(count.to_owned());
            }
        }
    }
    values
}

/// The whole numbers from one to another, the last one included; `None` where there are too many.
fn whole(first: &str, last: &str) -> Option<Vec<String>> {
    let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
    if first.abs_diff(last) >= SweepSpec::MAX_TRIALS as u64 {
        return None;
    }
    let text = |number: i64| number.to_string();
    Some(if first <= last {
        (first..=last).map(text).collect()
    } else {
        (last..=first).rev().map(text).collect()
    })
}

fn logarithmic(first: &str, last: &str, count: usize) -> Option<Vec<String>> {
    if !(2..=SweepSpec::MAX_TRIALS).contains(&count) {
        return None;
    }
    let (from, to): (f64, f64) = (first.parse().ok()?, last.parse().ok()?);
    if !(from > 0.0 && to > 0.0 && from.is_finite() && to.is_finite()) {
        return None;
    }
    let is_whole = first.parse::<u64>().is_ok() && last.parse::<u64>().is_ok();
    let mut values = vec![first.to_owned()];
    for step in 1..count - 1 {
        let share = step as f64 / (count - 1) as f64;
        let value = from.powf(1.0 - share) * to.powf(share);
        // Three digits: more would only be noise.
        let value = if is_whole { value.round() } else { format!("{value:.2e}").parse().ok()? };
        values.push(value.to_string());
    }
    values.push(last.to_owned());
    values.dedup();
    Some(values)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(parse_values(text).join(" "), expected);
    }

    #[test]
    fn values_are_read_from_a_line() {
        check("", "");
        check("0.1, 0.01 0.001", "0.1 0.01 0.001");
        check(" adam;sgd ,, rmsprop\n", "adam sgd rmsprop");
        check("1..5", "1 2 3 4 5");
        check("5..3 9", "5 4 3 9");
        check("0.001..0.1 x3", "0.001 0.01 0.1");
        check("0.001..0.1, x4, 1", "0.001 0.00464 0.0215 0.1 1");
        check("0.1..0.001 x3", "0.1 0.01 0.001");
        check("16..256 x5", "16 32 64 128 256");
        check("1..3 x9", "1 2 3");
        check("1.0..10 x3", "1.0 3.16 10");
        check("1e-8..1e-4 x3", "1e-8 0.000001 1e-4");
        // What cannot be read is kept for the complaint.
        check("1..100000", "1..100000");
        check("a..b 0..1 x3", "a..b 0..1 x3");
        check("1..5 x1", "1..5 x1");
        check("0.1..0.5", "0.1..0.5");
        check("x3", "x3");
    }
}
