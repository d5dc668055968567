//! What is to be trained next, kept over reloads.

use browser_storage::{Storage, StorageError};
use experiments::Queue;
use leptos::prelude::*;

use super::kept_run::KeptQueue;

/// The queue; copies share it.
#[derive(Clone, Copy)]
pub(crate) struct QueueStore {
    pub(crate) queue: RwSignal<Queue>,
}

impl QueueStore {
    pub(crate) fn new() -> Self {
        Self { queue: RwSignal::new(Queue::default()) }
    }

    /// Reads what is stored.
    pub(crate) async fn load(self, storage: &Storage) -> Result<(), StorageError> {
        if let Some(KeptQueue(queue)) = storage.get(KeptQueue::ID).await? {
            self.queue.set(queue);
        }
        Ok(())
    }

    /// Stores what there is.
    pub(crate) async fn store(self, storage: &Storage) -> Result<(), StorageError> {
        storage.put(&KeptQueue(self.queue.get_untracked())).await
    }
}
