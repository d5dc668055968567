//! What the person is told, until it is dismissed.

use std::rc::Rc;

use leptos::prelude::*;

/// The most notices at once: more would cover the page.
const MAX_NOTICES: usize = 4;

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
}

impl Notifications {
    pub(crate) fn new() -> Self {
        Self { all: RwSignal::new_local(Vec::new()) }
    }

    /// Adds a notice. The same text is shown once, but each action belongs to its own notice.
    pub(crate) fn push(self, text: String, is_trouble: bool, action: Option<Action>) {
        self.all.update(|notices| {
            notices.retain(|notice| notice.text != text || notice.action.is_some());
            let id = notices.iter().map(|notice| notice.id + 1).max().unwrap_or(0);
            notices.push(Notice { id, text, is_trouble, action });
            let extra = notices.len().saturating_sub(MAX_NOTICES);
            notices.drain(..extra);
        });
    }

    /// Takes a notice away.
    pub(crate) fn dismiss(self, id: u32) {
        self.all.update(|notices| notices.retain(|notice| notice.id != id));
    }
}
