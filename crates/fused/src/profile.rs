//! How long each operation takes, for those who ask.

use std::{cell::RefCell, collections::BTreeMap};

/// Milliseconds since some moment: a shell's clock, for this crate knows none that works in a tab.
pub type ClockMs = Box<dyn Fn() -> f64>;

struct Profile {
    clock: ClockMs,
    totals_ms: BTreeMap<String, f64>,
}

thread_local! {
    static PROFILE: RefCell<Option<Profile>> = const { RefCell::new(None) };
}

/// Begins to measure the operations of this thread.
pub fn start(clock: ClockMs) {
    PROFILE.set(Some(Profile { clock, totals_ms: BTreeMap::new() }));
}

/// Ends the measurement: each operation and its time in milliseconds, the longest first.
pub fn stop() -> Vec<(String, f64)> {
    let totals_ms = PROFILE.take().map(|profile| profile.totals_ms).unwrap_or_default();
    let mut totals_ms: Vec<_> = totals_ms.into_iter().collect();
    totals_ms.sort_by(|a, b| b.1.total_cmp(&a.1));
    totals_ms
}

/// Does something and notes how long it took, if anyone measures.
pub(crate) fn measured<R>(name: impl FnOnce() -> String, work: impl FnOnce() -> R) -> R {
    let now_ms = || PROFILE.with_borrow(|profile| profile.as_ref().map(|profile| (profile.clock)()));
    let Some(start_ms) = now_ms() else { return work() };
    let result = work();
    let taken_ms = now_ms().map_or(0.0, |end_ms| end_ms - start_ms);
    PROFILE.with_borrow_mut(|profile| {
        if let Some(profile) = profile {
            *profile.totals_ms.entry(name()).or_default() += taken_ms;
        }
    });
    result
}
