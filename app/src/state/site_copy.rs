//! The copy of the site that the browser keeps.

use leptos::prelude::*;

use crate::offline::NewVersion;

/// What is known of it; copies share it.
#[derive(Clone, Copy)]
pub(crate) struct SiteCopy {
    /// Whether the page works without a network.
    pub(crate) is_ready: RwSignal<bool>,
    /// A build that waits to be accepted.
    pub(crate) new_version: RwSignal<Option<NewVersion>, LocalStorage>,
    /// Whether this tab has accepted it and is about to be loaded anew.
    pub(crate) is_accepted: RwSignal<bool>,
}

impl SiteCopy {
    pub(crate) fn new() -> Self {
        Self {
            is_ready: RwSignal::new(false),
            new_version: RwSignal::new_local(None),
            is_accepted: RwSignal::new(false),
        }
    }
}
