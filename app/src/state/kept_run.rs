//! Runs as records of the browser's storage.

use browser_storage::{Fields, QUEUE, RUNS, Record, StorageError};
use experiments::{Queue, RunRecord};

/// A run as it is stored.
pub(crate) struct KeptRun(pub(crate) RunRecord);

impl Record for KeptRun {
    const STORE: &'static str = RUNS;

    fn id(&self) -> &str {
        &self.0.id
    }

    fn saved_ms(&self) -> f64 {
        self.0.begun_ms
    }

    fn to_fields(&self) -> Result<Fields, StorageError> {
        Fields::new().with_json("record", &self.0)
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        fields.json("record").map(Self)
    }
}

/// The queue as it is stored: there is one.
#[derive(Default)]
pub(crate) struct KeptQueue(pub(crate) Queue);

impl KeptQueue {
    pub(crate) const ID: &str = "queue";
}

impl Record for KeptQueue {
    const STORE: &'static str = QUEUE;

    fn id(&self) -> &str {
        Self::ID
    }

    fn saved_ms(&self) -> f64 {
        0.0
    }

    fn to_fields(&self) -> Result<Fields, StorageError> {
        Fields::new().with_json("queue", &self.0)
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        fields.json("queue").map(Self)
    }
}
