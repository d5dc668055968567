//! What the person is told: until it is dismissed, or for a while where it only confirms what they did.

use core::time::Duration;
use std::rc::Rc;

use leptos::prelude::*;

/// The most notices at once: more would cover the page.
const MAX_NOTICES: usize = 4;

/// How long a message stays that only confirms something: time to read it twice.
const CONFIRMED_FOR: Duration = Duration::from_secs(12);

/// The name of what can be done about something, and how.
pub(crate) type Action = (&'static str, Rc<dyn Fn()>);

/// A message to the user, until it is dismissed.
#[derive(Clone)]
pub(crate) struct Notice {
    pub(crate) id: u32,
    pub(crate) text: String,
    /// Whether something went wrong.
    pub(crate) is_trouble: bool,
    /// What can be done about it.
    pub(crate) action: Option<Action>,
}

/// The notices, newest last; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Notifications {
    pub(crate) all: RwSignal<Vec<Notice>, LocalStorage>,
    next_id: StoredValue<u32>,
}

impl Notifications {
    pub(crate) fn new() -> Self {
        Self { all: RwSignal::new_local(Vec::new()), next_id: StoredValue::new(0) }
    }

    /// Adds a notice, and gives its number. The same text is shown once, but each action belongs to its own notice.
    pub(crate) fn push(self, text: String, is_trouble: bool, action: Option<Action>) -> u32 {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        self.all.update(|notices| {
            notices.retain(|notice| notice.text != text || notice.action.is_some());
            notices.push(Notice { id, text, is_trouble, action });
            let extra = notices.len().saturating_sub(MAX_NOTICES);
            notices.drain(..extra);
        });
        id
    }

    /// Adds a notice that leaves by itself.
    pub(crate) fn confirm(self, text: String) {
        let id = self.push(text, false, None);
        set_timeout(move || self.dismiss(id), CONFIRMED_FOR);
    }

    /// Takes a notice away.
    pub(crate) fn dismiss(self, id: u32) {
        self.all.update(|notices| notices.retain(|notice| notice.id != id));
    }
}
