//! How fast a run is, and how long it will take.

use std::collections::VecDeque;

/// The time over which the rate is measured.
const WINDOW_MS: f64 = 5_000.0;

/// Images per second over the last few seconds.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// Times, and the images seen by then.
    marks: VecDeque<(f64, u64)>,
}

impl Rate {
    /// Records that `images_seen` images had been seen since the run began.
    pub fn mark(&mut self, now_ms: f64, images_seen: u64) {
        self.marks.push_back((now_ms, images_seen));
        while self.marks.len() > 2 && self.marks.get(1).is_some_and(|mark| now_ms - mark.0 > WINDOW_MS) {
            self.marks.pop_front();
        }
    }

    /// Forgets the past: a pause must not count as slowness.
    pub fn reset(&mut self) {
        self.marks.clear();
    }

    /// Images per second; `None` before the second mark.
    pub fn images_per_s(&self) -> Option<f64> {
        let ((first_ms, first), (last_ms, last)) = (self.marks.front()?, self.marks.back()?);
        let elapsed_ms = last_ms - first_ms;
        (elapsed_ms > 0.0).then(|| 1_000.0 * (last - first) as f64 / elapsed_ms)
    }

    /// Seconds until `images_left` more images are seen; `None` if the rate is unknown or zero.
    pub fn seconds_left(&self, images_left: u64) -> Option<f64> {
        self.images_per_s().filter(|&rate| rate > 0.0).map(|rate| images_left as f64 / rate)
    }
}

/// `45 s`, `3 min 20 s` or `2 h 5 min`.
pub fn duration_text(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_rate_covers_the_last_seconds() {
        let mut rate = Rate::default();
        assert_eq!(rate.images_per_s(), None);
        for second in 0..100 {
            let speed = if second < 50 { 100 } else { 400 };
            let before = if second < 50 { 0 } else { 5_000 };
            rate.mark(f64::from(second) * 1_000.0, before + speed * (second as u64 % 50));
        }
        assert_eq!(rate.images_per_s(), Some(400.0));
        assert_eq!(rate.seconds_left(800), Some(2.0));
        rate.reset();
        assert_eq!(rate.seconds_left(800), None);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        assert_eq!(duration_text(4.4), "4 s");
        assert_eq!(duration_text(200.0), "3 min 20 s");
        assert_eq!(duration_text(7_500.0), "2 h 5 min");
        assert_eq!(duration_text(f64::NAN), "0 s");
    }
}
