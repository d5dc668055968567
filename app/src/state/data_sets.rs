//! What is known of the data sets that the person keeps.

use browser_storage::KeptDataSet;
use leptos::prelude::*;
use protocol::data::DataSummary;
use train_config::DataHash;

/// The data sets; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct DataSets {
    /// The newest first.
    pub(crate) all: RwSignal<Vec<KeptDataSet>>,
}

impl DataSets {
    pub(crate) fn new() -> Self {
        Self { all: RwSignal::new(Vec::new()) }
    }

    /// What is known of a data set.
    pub(crate) fn get(self, hash: DataHash) -> Option<DataSummary> {
        self.all.with(|sets| sets.iter().find(|set| set.summary.hash == hash).map(|set| set.summary.clone()))
    }
}
