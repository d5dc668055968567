//! What assistive software is told of what changes by itself.

use leptos::prelude::*;

/// The one sentence that waits to be spoken; copies share it.
#[derive(Clone, Copy)]
pub(crate) struct Announcer {
    pub(crate) text: RwSignal<String>,
}

impl Announcer {
    pub(crate) fn new() -> Self {
        Self { text: RwSignal::new(String::new()) }
    }

    /// Says something, at once.
    pub(crate) fn say(self, text: String) {
        self.text.set(text);
    }
}
