//! Personalization under way, and its result: kept while the user looks at other pages.

use leptos::prelude::*;
use protocol::personalize::PersonalizationReport;

use crate::saved_models::{ActiveModel, SavedModel};

/// A personalized model, and the model that was active before.
#[derive(Clone)]
pub(crate) struct PersonalizedModel {
    pub(crate) report: PersonalizationReport,
    pub(crate) model: SavedModel,
    pub(crate) before: ActiveModel,
}

/// Signals; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Personalization {
    /// What is being done, as long as something is.
    pub(crate) activity: RwSignal<Option<String>>,
    /// Why it failed last, for people.
    pub(crate) error: RwSignal<String>,
    pub(crate) result: RwSignal<Option<PersonalizedModel>, LocalStorage>,
}

impl Personalization {
    pub(crate) fn new() -> Self {
        Self {
            activity: RwSignal::new(None),
            error: RwSignal::new(String::new()),
            result: RwSignal::new_local(None),
        }
    }
}
