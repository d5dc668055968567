//! The page while it starts: its parts are built one after the other, each in a task of its own, so that ink and keys find
//! time between them.

use std::collections::VecDeque;

use leptos::prelude::*;

/// Parts that wait for their turn; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Turns {
    /// Whether all parts are built. From then on nothing waits.
    pub(crate) are_over: RwSignal<bool>,
    waiting: StoredValue<VecDeque<RwSignal<bool>>>,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { are_over: RwSignal::new(false), waiting: StoredValue::new(VecDeque::new()) }
    }

    /// Becomes true when it is the caller's turn; none where nothing waits any more.
    pub(crate) fn wait(self) -> Option<ReadSignal<bool>> {
        if self.are_over.get_untracked() {
            return None;
        }
        let turn = RwSignal::new(false);
        self.waiting.update_value(|waiting| waiting.push_back(turn));
        Some(turn.read_only())
    }

    /// Gives the next one its turn; false where none waits.
    pub(crate) fn give_next(self) -> bool {
        let next = self.waiting.try_update_value(VecDeque::pop_front).flatten();
        if let Some(turn) = next {
            // Its part of the page may be gone.
            let _ = turn.try_set(true);
        }
        next.is_some()
    }
}
