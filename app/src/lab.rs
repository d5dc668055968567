//! Everything that the page holds for as long as it is open: a store for each noun, and the commands of `commands` on them.

use leptos::prelude::*;
use protocol::data::DataSource;
use train_config::DataChoice;

use crate::{
    commands::data_source,
    drawing_state::DrawingState,
    engine::Site,
    form::Form,
    personalization::Personalization,
    state::{
        announcer::Announcer, data_sets::DataSets, drawings::Drawings, kept::Kept, models::Models,
        notifications::Notifications, offers::Offers, queue::QueueStore, runs::Runs, site_copy::SiteCopy,
        training::Training, turns::Turns, workers::Workers,
    },
};

/// The stores. Copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Lab {
    pub(crate) form: Form,
    pub(crate) drawing: DrawingState,
    pub(crate) models: Models,
    pub(crate) drawings: Drawings,
    pub(crate) data_sets: DataSets,
    /// Every run, the one under way included.
    pub(crate) runs: Runs,
    /// The run under way.
    pub(crate) training: Training,
    /// What is to be trained next.
    pub(crate) queue: QueueStore,
    pub(crate) personalization: Personalization,
    pub(crate) notifications: Notifications,
    /// What assistive software is told.
    pub(crate) announcer: Announcer,
    /// A model that was brought and not kept yet.
    pub(crate) offers: Offers,
    pub(crate) site: RwSignal<Option<Site>>,
    /// The copy of the site that the browser keeps.
    pub(crate) site_copy: SiteCopy,
    pub(crate) kept: Kept,
    pub(crate) workers: Workers,
    /// The parts of the page that are built while it starts.
    pub(crate) turns: Turns,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self {
            form: Form::new(),
            drawing: DrawingState::new(),
            models: Models::new(),
            drawings: Drawings::new(),
            data_sets: DataSets::new(),
            runs: Runs::new(),
            training: Training::new(),
            queue: QueueStore::new(),
            personalization: Personalization::new(),
            notifications: Notifications::new(),
            announcer: Announcer::new(),
            offers: Offers::new(),
            site: RwSignal::new(None),
            site_copy: SiteCopy::new(),
            kept: Kept::new(),
            workers: Workers::new(),
            turns: Turns::new(),
        }
    }
}

/// The data set at hand: MNIST, if the site has it.
pub(crate) fn default_data(lab: &Lab) -> DataSource {
    let has_mnist = lab.site.with_untracked(|site| site.as_ref().is_some_and(|site| site.mnist));
    data_source(if has_mnist { DataChoice::Mnist } else { DataChoice::BuiltIn { train_images: 6_000 } })
}
