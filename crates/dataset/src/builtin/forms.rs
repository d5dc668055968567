//! Forms of digits and signs: `forms.txt`, read once.

use std::sync::LazyLock;

use ink::Point;

/// Strokes of points in a box of 100 x 100, which long ones leave, each of at least two.
pub(super) type Form = Vec<Vec<Point>>;

struct Forms {
    digits: [Vec<Form>; 10],
    signs: Vec<Form>,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let mut forms = Forms { digits: Default::default(), signs: Vec::new() };
    for (name, form) in include_str!("forms.txt").lines().filter_map(parse) {
        let digit = name.parse::<usize>().ok().and_then(|digit| forms.digits.get_mut(digit));
        digit.unwrap_or(&mut forms.signs).push(form);
    }
    forms
});

/// The forms of a digit.
///
/// # Panics
/// Where `label` is above 9.
pub(super) fn digit_forms(label: u8) -> &'static [Form] {
    &FORMS.digits[usize::from(label)]
}

/// The forms of what is no digit.
pub(super) fn sign_forms() -> &'static [Form] {
    &FORMS.signs
}

/// What a line shows, and how; none where it is a comment (the test below lets nothing else pass).
fn parse(line: &'static str) -> Option<(&'static str, Form)> {
    let (name, strokes) = line.split_once(": ").filter(|_| !line.starts_with('#'))?;
    let point = |text: &str| {
        let (x, y) = text.split_once(',')?;
        Some(Point { x: x.parse().ok()?, y: y.parse().ok()? })
    };
    let form: Option<Form> =
        strokes.split(" | ").map(|stroke| stroke.split(' ').map(point).collect()).collect();
    Some((name, form?))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_line_is_read_and_every_stroke_goes_somewhere() {
        let lines =
            || include_str!("forms.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let count = lines().count();
        // The digits in their order, then the signs: no digit is taken for a sign by a slip of the pen.
        let digits_first = lines().take_while(|line| line.starts_with(|first: char| first.is_ascii_digit()));
        assert!(digits_first.clone().is_sorted_by_key(|line| &line[..2]));
        assert_eq!(count - digits_first.count(), sign_forms().len());
        let digits = || (0..10).flat_map(|label| digit_forms(label).iter());
        assert_eq!(digits().count() + sign_forms().len(), count);
        assert!((0..10).all(|label| digit_forms(label).len() > 5));
        for form in digits().chain(sign_forms()) {
            assert!(form.iter().all(|stroke| stroke.len() > 1), "{form:?}");
        }
    }
}
