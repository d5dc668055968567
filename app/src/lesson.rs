//! "Learn my hand" under way, and what came of it: kept while other pages are looked at.

use leptos::prelude::*;
use protocol::HandReport;

use crate::{library::Kept, session::Given};

/// What came out of a lesson, and what was in use before it.
#[derive(Clone)]
pub(crate) struct Lesson {
    pub(crate) report: HandReport,
    pub(crate) model: Kept,
    pub(crate) before: Given,
}

/// Signals; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct LessonView {
    /// What is being done, while something is.
    pub(crate) doing: RwSignal<Option<String>>,
    /// Why the last lesson failed, for people.
    pub(crate) failed: RwSignal<String>,
    pub(crate) done: RwSignal<Option<Lesson>, LocalStorage>,
}

impl LessonView {
    pub(crate) fn new() -> Self {
        Self {
            doing: RwSignal::new(None),
            failed: RwSignal::new(String::new()),
            done: RwSignal::new_local(None),
        }
    }
}
