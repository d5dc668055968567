//! What was recognized, in words.

use crate::RecognizedNumber;

/// The digits of a drawing, how sure they are, and whether they are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InWords {
    /// Digits, with spaces between numbers.
    pub text: String,
    /// The probability that all of it is right, in percent.
    pub percent: u32,
    /// Whether anything in it looks like a digit.
    pub is_digit: bool,
}

impl InWords {
    /// Puts numbers into words; `None` where there are none. `class_name` says what a class is called.
    pub fn of(numbers: &[RecognizedNumber], class_name: impl Fn(usize) -> String) -> Option<Self> {
        let all = || numbers.iter().flatten().map(|digit| &digit.prediction);
        let word = |number: &RecognizedNumber| -> String {
            number.iter().map(|digit| class_name(usize::from(digit.prediction.class))).collect()
        };
        let words: Vec<String> = numbers.iter().map(word).collect();
        (!words.is_empty()).then(|| Self {
            text: words.join(" "),
            percent: (100.0 * all().map(|prediction| prediction.confidence).product::<f32>()).round() as u32,
            is_digit: all().any(|prediction| prediction.is_digit),
        })
    }

    /// What stands large: the digits, or a question where nothing looks like one.
    pub fn heading(&self) -> &str {
        if self.is_digit { &self.text } else { "Not a digit?" }
    }

    /// What stands behind it: how sure that is.
    pub fn rest(&self) -> String {
        let Self { text, percent, is_digit } = self;
        if *is_digit { format!(" {percent} %") } else { format!(" Most like {text}, {percent} %") }
    }

    /// The style's classes for the heading, by its length.
    pub fn heading_class(&self) -> &'static str {
        match self.text.len() {
            _ if !self.is_digit => "doubt",
            0..=1 => "",
            2..=6 => "several",
            _ => "several long",
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use evaluation::Prediction;
    use ink::{Bounds, PIXELS};

    use super::*;
    use crate::RecognizedDigit;

    fn digit(class: u8, confidence: f32, is_digit: bool) -> RecognizedDigit {
        RecognizedDigit {
            bounds: Bounds { left: 0, top: 0, width: 1, height: 1 },
            image: [0; PIXELS],
            prediction: Prediction { probabilities: Vec::new(), class, confidence, is_digit },
        }
    }

    #[track_caller]
    fn check(numbers: &[RecognizedNumber], expected: Option<(&str, &str, &str)>) {
        let words = InWords::of(numbers, |class| class.to_string());
        let (words, expected) =
            (words.as_ref(), expected.map(|(heading, rest, class)| (heading, rest.to_owned(), class)));
        assert_eq!(words.map(|words| (words.heading(), words.rest(), words.heading_class())), expected);
    }

    #[test]
    fn numbers_are_said_with_their_doubt() {
        check(&[], None);
        check(&[vec![digit(7, 0.98, true)]], Some(("7", " 98 %", "")));
        check(
            &[vec![digit(4, 0.9, true), digit(2, 0.9, true)], vec![digit(1, 1.0, false)]],
            Some(("42 1", " 81 %", "several")),
        );
        check(&[vec![digit(3, 0.31, false)]], Some(("Not a digit?", " Most like 3, 31 %", "doubt")));
        check(&[vec![digit(3, 1.0, true); 7]], Some(("3333333", " 100 %", "several long")));
    }
}
