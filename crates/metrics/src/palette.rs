//! Colours and dashes that tell lines apart, on a light and on a dark page.

/// Colours of lines; people who confuse red and green tell neighbours apart by lightness or by the dash.
const COLOURS: usize = 8;

const LIGHT: [&str; COLOURS] =
    ["#2347c5", "#b5530f", "#1b7a52", "#a8326e", "#0d7690", "#7d6608", "#7a4fc0", "#4a5160"];
const DARK: [&str; COLOURS] =
    ["#8fa8ff", "#f0a35e", "#5fc79a", "#f08cb8", "#5cc8e6", "#d9bd5b", "#c3a6f7", "#b6bdc9"];

/// Lengths of strokes and gaps in pixels: none for a whole line.
const DASHES: [&[f64]; 4] = [&[], &[8.0, 4.0], &[2.0, 3.0], &[9.0, 3.0, 2.0, 3.0]];

/// A line's colour, as a style sheet writes it. Numbers from 8 on begin again.
pub fn line_colour(number: u8, is_dark: bool) -> &'static str {
    let colours = if is_dark { &DARK } else { &LIGHT };
    colours[usize::from(number) % COLOURS]
}

/// A line's dash: strokes and gaps in turn. Numbers from 4 on begin again.
pub fn line_dash(number: u8) -> &'static [f64] {
    DASHES[usize::from(number) % DASHES.len()]
}

/// The same as an SVG's `stroke-dasharray`.
pub fn dash_text(dash: &[f64]) -> String {
    let lengths: Vec<String> = dash.iter().map(f64::to_string).collect();
    lengths.join(" ")
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let share = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[track_caller]
    fn check(colour: &str, card: &str) {
        let (a, b) = (luminance(colour), luminance(card));
        let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
        assert!(contrast >= 4.5, "{colour} on {card}: {contrast:.2}");
    }

    #[test]
    fn every_colour_is_seen_on_its_card() {
        for number in 0..8 {
            for card in ["#ffffff", "#fbfaf6"] {
                check(line_colour(number, false), card);
            }
            for card in ["#1c1f2b", "#14161f"] {
                check(line_colour(number, true), card);
            }
        }
    }

    #[test]
    fn no_two_lines_look_the_same() {
        let mut looks = std::collections::HashSet::new();
        for colour in 0..8 {
            for dash in 0..4 {
                assert!(looks.insert((line_colour(colour, false), dash_text(line_dash(dash)))));
            }
        }
        assert_eq!(line_colour(8, true), line_colour(0, true));
        assert_eq!(dash_text(line_dash(3)), "9 3 2 3");
    }
}
