//! What is to be trained next, kept over reloads and shared by all tabs.

use browser_storage::{RUNS, Storage, StorageError, Writes};
use experiments::{Queue, QueueItem, RunRecord};
use leptos::prelude::*;

use super::kept_run::{KeptQueue, KeptRun};

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

    /// Changes what is stored, which another tab may have changed meanwhile.
    pub(crate) async fn change(
        self,
        storage: &Storage,
        change: impl FnOnce(&mut Queue),
    ) -> Result<(), StorageError> {
        let stored = |queue: Option<KeptQueue>| {
            let KeptQueue(mut queue) = queue.unwrap_or_default();
            change(&mut queue);
            Ok((Writes::new().put(&KeptQueue(queue.clone()))?, queue))
        };
        self.queue.set(storage.change(KeptQueue::ID, &[], stored).await?);
        Ok(())
    }

    /// Takes out the run that is next and stores its record, both or neither: a tab which is killed in between neither loses the run
    /// nor has it twice. `false`, and nothing is changed, where it is not the next one any more.
    pub(crate) async fn take(
        self,
        storage: &Storage,
        next: &QueueItem,
        record: &RunRecord,
    ) -> Result<bool, StorageError> {
        let stored = |queue: Option<KeptQueue>| {
            let KeptQueue(mut queue) = queue.unwrap_or_default();
            if queue.next().as_ref() != Some(next) {
                return Ok((Writes::new(), None));
            }
            let writes = Writes::new().put(&KeptQueue(queue.clone()))?.put(&KeptRun(record.clone()))?;
            Ok((writes, Some(queue)))
        };
        let taken = storage.change(KeptQueue::ID, &[RUNS], stored).await?;
        let is_taken = taken.is_some();
        if let Some(queue) = taken {
            self.queue.set(queue);
        }
        Ok(is_taken)
    }
}
