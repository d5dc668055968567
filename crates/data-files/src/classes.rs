//! Classes from what files say: digits, letters, clothes, or any names.

use std::collections::{BTreeMap, BTreeSet};

use crate::{ImportError, raw::Label};

/// Most classes that labels of one byte can tell apart; 255 means "not a digit".
const MOST: usize = 254;
const FASHION: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];
const WORDS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/// EMNIST's 47 balanced classes: digits, capitals, and the small letters that look unlike their capitals.
const BALANCED: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt";
const BY_CLASS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Which class each label is, and what classes are called.
#[derive(Debug)]
pub(crate) struct Classes {
    /// Empty where the classes are the ten digits.
    pub(crate) names: Vec<String>,
    by_label: BTreeMap<Label, u8>,
}

impl Classes {
    /// Of the labels of all files together; `hint` is their names, by which well-known sets are known.
    pub(crate) fn of(labels: &BTreeSet<Label>, hint: &str) -> Result<Self, ImportError> {
        if labels.len() > MOST {
            return Err(ImportError::TooManyClasses(labels.len(), "the one that was taken".into()));
        }
        let hint = hint.to_lowercase();
        let numbers: Option<Vec<i64>> = labels
            .iter()
            .map(|label| if let Label::Number(number) = label { Some(*number) } else { None })
            .collect();
        let Some(numbers) = numbers else { return Ok(Self::of_texts(labels)) };
        let within =
            |range: core::ops::RangeInclusive<i64>| numbers.iter().all(|number| range.contains(number));
        let named = |names: Vec<String>, first: i64| Self {
            names,
            by_label: numbers.iter().map(|&number| (Label::Number(number), (number - first) as u8)).collect(),
        };
        let letters = |text: &str| text.chars().map(String::from).collect();
        Ok(if hint.contains("fashion") && within(0..=9) {
            named(FASHION.map(str::to_owned).to_vec(), 0)
        } else if hint.contains("emnist") && hint.contains("letters") && within(1..=26) {
            named(letters(CAPITALS), 1)
        } else if within(0..=9) {
            named(Vec::new(), 0)
        } else if hint.contains("emnist") && hint.contains("byclass") && within(0..=61) {
            named(letters(BY_CLASS), 0)
        } else if hint.contains("emnist") && within(0..=46) {
            named(letters(BALANCED), 0)
        } else {
            let names = numbers.iter().map(i64::to_string).collect();
            let by_label =
                numbers.iter().zip(0..).map(|(&number, class)| (Label::Number(number), class)).collect();
            Self { names, by_label }
        })
    }

    fn of_texts(labels: &BTreeSet<Label>) -> Self {
        let texts: Vec<String> = labels.iter().map(Label::to_string).collect();
        // `class_3`, `digit 3`: what all have in front says nothing.
        let first = texts.first().map_or("", String::as_str);
        let shared = texts.iter().fold(first, |shared, text| {
            let length = shared.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            shared.get(..length).unwrap_or("")
        });
        let bare =
            |text: &String| text[shared.trim_end_matches(|c: char| c.is_ascii_digit()).len()..].to_owned();
        let word = |text: &str| WORDS.iter().position(|word| text.eq_ignore_ascii_case(word));
        let whole =
            |text: &String| word(text).or_else(|| bare(text).parse().ok().filter(|&digit| digit < 10));
        // `7_images`, `7 - seven`, `seven_full`: the first word, where it tells all apart.
        let first = |text: &String| {
            let first = text.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
            word(first).or_else(|| first.parse().ok().filter(|&digit| digit < 10 && first.len() == 1))
        };
        let digits: Option<Vec<usize>> = texts.iter().map(whole).collect();
        let distinct = |digits: &Vec<usize>| digits.iter().collect::<BTreeSet<_>>().len() == digits.len();
        let digits = digits.or_else(|| texts.iter().map(first).collect::<Option<Vec<_>>>().filter(distinct));
        if let Some(digits) = digits {
            let by_label = labels.iter().cloned().zip(digits.into_iter().map(|digit| digit as u8)).collect();
            return Self { names: Vec::new(), by_label };
        }
        Self { by_label: labels.iter().cloned().zip(0..).collect(), names: texts }
    }

    /// Classes of labels, 0 to 253.
    pub(crate) fn indices(&self, labels: &[Label]) -> Vec<u8> {
        labels.iter().map(|label| self.by_label.get(label).copied().unwrap_or(0)).collect()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(labels: &[&str], hint: &str, names: &[&str], indices: &[u8]) {
        let labels: Vec<Label> = labels.iter().map(|label| Label::of(label)).collect();
        let classes = Classes::of(&labels.iter().cloned().collect(), hint).unwrap();
        assert_eq!((&classes.names[..], &classes.indices(&labels)[..]), (&names.map_owned()[..], indices));
    }

    trait MapOwned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl MapOwned for &[&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|text| (*text).to_owned()).collect()
        }
    }

    #[test]
    fn labels_become_classes() {
        check(&["7", "0", "9.0"], "a.csv", &[], &[7, 0, 9]);
        check(&["3", "4"], "a.csv", &[], &[3, 4]);
        check(&["seven", "Zero"], "", &[], &[7, 0]);
        check(&["class_3", "class_1"], "", &[], &[3, 1]);
        check(&["7_images", "seven_more", "1 - one"], "", &["1 - one", "7_images", "seven_more"], &[1, 2, 0]);
        check(&["7_images", "1 - one"], "", &[], &[7, 1]);
        check(&["B", "A", "c"], "", &["A", "B", "c"], &[1, 0, 2]);
        check(&["10", "12", "11"], "", &["10", "11", "12"], &[0, 2, 1]);
        check(&["cat", "7"], "", &["7", "cat"], &[1, 0]);
    }

    #[test]
    fn well_known_sets_are_known_by_their_files() {
        let classes = |numbers: core::ops::Range<i64>, hint: &str| {
            Classes::of(&numbers.map(Label::Number).collect(), hint).unwrap()
        };
        assert_eq!(classes(0..10, "Fashion-MNIST/t10k").names[9], "Ankle boot");
        assert_eq!(classes(1..27, "emnist-letters-train").names[25], "Z");
        assert_eq!(classes(0..47, "emnist-balanced-test").names[46], "t");
        assert_eq!(classes(0..62, "emnist-byclass-test").names[61], "z");
        assert_eq!(classes(0..10, "emnist-digits").names.len(), 0);
        let many = (0..300).map(Label::Number).collect();
        assert!(Classes::of(&many, "").unwrap_err().to_string().contains("300 different labels"));
    }
}
