//! The part of an axis that is in view: moved and zoomed, and never out of the whole.

/// The least share of the whole that can be in view.
const MIN_SHARE: f64 = 1e-5;

/// A part of an axis, from and to.
pub type Window = (f64, f64);

/// A window kept within the whole: no shorter than can be read, no longer than the whole. `None` where all of it is in view.
pub fn clamp_window(window: Window, whole: Window) -> Option<Window> {
    let length = whole.1 - whole.0;
    let is_usable = length > 0.0 && length.is_finite() && window.0.is_finite() && window.1.is_finite();
    if !is_usable {
        return None;
    }
    let (low, high) = if window.0 <= window.1 { window } else { (window.1, window.0) };
    let wanted = (high - low).max(MIN_SHARE * length);
    if wanted >= length * (1.0 - 1e-9) {
        return None;
    }
    let middle = f64::midpoint(low, high);
    let from = (middle - wanted / 2.0).clamp(whole.0, whole.1 - wanted);
    Some((from, from + wanted))
}

/// A window `factor` times as long, in which `about` stays where it was.
pub fn zoom_window(window: Window, about: f64, factor: f64, whole: Window) -> Option<Window> {
    let least = MIN_SHARE * (whole.1 - whole.0);
    // At the least length nothing moves.
    let factor = factor.max(least / (window.1 - window.0).max(f64::MIN_POSITIVE));
    clamp_window((about + (window.0 - about) * factor, about + (window.1 - about) * factor), whole)
}

/// A window moved by a share of its length.
pub fn pan_window(window: Window, share: f64, whole: Window) -> Option<Window> {
    let by = share * (window.1 - window.0);
    clamp_window((window.0 + by, window.1 + by), whole)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const WHOLE: Window = (0.0, 100.0);

    #[track_caller]
    fn check(window: Option<Window>, expected: Option<Window>) {
        assert_eq!(window, expected);
    }

    #[test]
    fn windows_stay_within_the_whole() {
        check(clamp_window((10.0, 30.0), WHOLE), Some((10.0, 30.0)));
        check(clamp_window((30.0, 10.0), WHOLE), Some((10.0, 30.0)));
        check(clamp_window((-10.0, 10.0), WHOLE), Some((0.0, 20.0)));
        check(clamp_window((95.0, 105.0), WHOLE), Some((90.0, 100.0)));
        check(clamp_window((-1.0, 101.0), WHOLE), None);
        check(clamp_window((f64::NAN, 1.0), WHOLE), None);
        check(clamp_window((1.0, 2.0), (3.0, 3.0)), None);
        let short = clamp_window((50.0, 50.0), WHOLE).unwrap();
        assert!((short.1 - short.0 - 1e-3).abs() < 1e-12);
    }

    #[test]
    fn zooming_keeps_a_place_and_panning_the_length() {
        check(zoom_window((0.0, 100.0), 50.0, 0.5, WHOLE), Some((25.0, 75.0)));
        check(zoom_window((25.0, 75.0), 25.0, 0.5, WHOLE), Some((25.0, 50.0)));
        check(zoom_window((25.0, 75.0), 50.0, 2.0, WHOLE), None);
        check(pan_window((20.0, 40.0), 0.5, WHOLE), Some((30.0, 50.0)));
        check(pan_window((70.0, 90.0), 1.0, WHOLE), Some((80.0, 100.0)));
        check(pan_window((0.0, 100.0), 1.0, WHOLE), None);
    }
}
