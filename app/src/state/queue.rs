//! What is to be trained next, kept over reloads and shared by all tabs.

use browser_storage::{Storage, StorageError};
use experiments::Queue;
use leptos::prelude::*;

use super::kept_run::KeptQueue;

/// The queue as this tab knows it; copies share it.
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
        let stored = storage.get(KeptQueue::ID).await?.map(|KeptQueue(queue)| queue);
        self.queue.set(stored.unwrap_or_default());
        Ok(())
    }

    /// Changes what is stored: another tab may have changed it meanwhile.
    pub(crate) async fn change(
        self,
        storage: &Storage,
        change: impl FnOnce(&mut Queue),
    ) -> Result<(), StorageError> {
        self.load(storage).await?;
        self.queue.update(change);
        storage.put(&KeptQueue(self.queue.get_untracked())).await
    }
}
