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

/// A number of bytes, to three digits or so: `12 bytes`, `7.9 kB`, `11.6 MB`, `10.7 GB`.
pub fn size_text(bytes: f64) -> String {
    match bytes {
        1e9.. => format!("{:.1} GB", bytes / 1e9),
        1e6.. => format!("{:.1} MB", bytes / 1e6),
        1e3.. => format!("{:.1} kB", bytes / 1e3),
        _ => format!("{bytes:.0} bytes"),
    }
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
    fn sizes_have_the_unit_that_suits_them() {
        for (bytes, text) in
            [(12.0, "12 bytes"), (7_900.0, "7.9 kB"), (11.6e6, "11.6 MB"), (10.74e9, "10.7 GB")]
        {
            assert_eq!(size_text(bytes), text);
        }
    }

    #[test]
    fn one_is_singular() {
        for (number, text) in [(0, "0 epochs"), (1, "1 epoch"), (12_000, "12,000 epochs")] {
            assert_eq!(counted(number, "epoch"), text);
        }
    }
}
