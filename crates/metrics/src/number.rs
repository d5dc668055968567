//! Numbers as text.

/// `1199882` as `1,199,882`.
pub fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 epoch`, `12 epochs`, `1,000 steps`.
pub fn counted(number: u32, singular: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {singular}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0_u32, "0"), (999, "999"), (1_000, "1,000"), (1_199_882, "1,199,882")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn one_is_singular() {
        for (number, text) in [(0, "0 epochs"), (1, "1 epoch"), (12_000, "12,000 epochs")] {
            assert_eq!(counted(number, "epoch"), text);
        }
    }
}
