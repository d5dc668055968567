//! What is known of the data sets that the person keeps.

use browser_storage::KeptDataSet;
use leptos::prelude::*;
use protocol::data::DataSummary;
use train_config::DataHash;
use web_sys::File;

/// The data sets; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct DataSets {
    /// The newest first.
    pub(crate) all: RwSignal<Vec<KeptDataSet>>,
    /// Files that were dropped on another page, for the Data page to read.
    pub(crate) brought: RwSignal<Vec<File>, LocalStorage>,
}

impl DataSets {
    pub(crate) fn new() -> Self {
        Self { all: RwSignal::new(Vec::new()), brought: RwSignal::new_local(Vec::new()) }
    }

    /// What is known of a data set.
    pub(crate) fn get(self, hash: DataHash) -> Option<DataSummary> {
        self.all.with(|sets| sets.iter().find(|set| set.summary.hash == hash).map(|set| set.summary.clone()))
    }
}
