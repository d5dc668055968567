//! What a person keeps in this browser: in IndexedDB, or in memory if there is none. Page and workers share it.

mod backups;
mod data_set;
mod database;
mod migrations;
mod writes;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

pub use backups::Restored;
pub use data_set::KeptDataSet;
use database::Database;
use writes::Write;
pub use writes::Writes;

/// The storage failed; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The browser's storage failed ({0}). Export what you want to keep as a file.")]
pub struct StorageError(String);

/// Something that is stored under its own id.
pub trait Record: Sized {
    /// The store that holds all of its kind.
    const STORE: &'static str;

    /// Tells it from all others of its kind.
    fn id(&self) -> &str;

    /// Milliseconds since 1970.
    fn saved_ms(&self) -> f64;

    /// As the browser stores it.
    ///
    /// # Errors
    /// [`StorageError`] where a field cannot be set.
    fn to_fields(&self) -> Result<Fields, StorageError>;

    /// `None` if a field is missing or malformed.
    fn from_fields(fields: &Fields) -> Option<Self>;
}

/// The fields of a record, as the browser stores them.
pub struct Fields(JsValue);

impl Default for Fields {
    fn default() -> Self {
        Self::new()
    }
}

impl Fields {
    /// None yet.
    pub fn new() -> Self {
        Self(Object::new().into())
    }

    /// Sets a field.
    ///
    /// # Errors
    /// [`StorageError`] where the browser refuses it.
    pub fn with(self, key: &str, value: impl Into<JsValue>) -> Result<Self, StorageError> {
        Reflect::set(&self.0, &key.into(), &value.into())
            .map_err(|_| StorageError(format!("{key} cannot be set")))?;
        Ok(self)
    }

    /// Sets a field of bytes.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn with_bytes(self, key: &str, bytes: &[u8]) -> Result<Self, StorageError> {
        self.with(key, Uint8Array::from(bytes))
    }

    /// Sets a field to a value as JSON.
    ///
    /// # Errors
    /// As [`with`](Self::with), or where the value cannot be written as JSON.
    pub fn with_json(self, key: &str, value: &impl serde::Serialize) -> Result<Self, StorageError> {
        let json = serde_json::to_string(value).map_err(|error| StorageError(error.to_string()))?;
        self.with(key, json)
    }

    fn get(&self, key: &str) -> Option<JsValue> {
        Reflect::get(&self.0, &key.into()).ok()
    }

    /// A field of text.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.as_string()
    }

    /// A field that is a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.as_f64()
    }

    /// A field that is true or false.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// A field of bytes.
    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        Some(self.get(key)?.dyn_into::<Uint8Array>().ok()?.to_vec())
    }

    /// A value that was written as JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_slice(self.text(key)?.as_bytes()).ok()
    }
}

/// Saved models.
pub const MODELS: &str = "models";
/// Drawings with what they show.
pub const DRAWINGS: &str = "drawings";
/// What is known of the kept data sets.
pub const DATA_SETS: &str = "data-sets";
/// Their images and labels.
pub const DATA_SET_IMAGES: &str = "data-set-images";
/// Weights of saved models, by their ids.
pub const MODEL_FILES: &str = "model-files";
/// What is known of runs.
pub const RUNS: &str = "runs";
/// Points of their curves, in pieces: `RUN/NUMBER`.
pub const RUN_POINTS: &str = "run-points";
/// Checkpoints of runs: `RUN/SLOT`.
pub const RUN_CHECKPOINTS: &str = "run-checkpoints";
/// Weights of runs: `RUN/last` and `RUN/best`.
pub const RUN_WEIGHTS: &str = "run-weights";
/// What is to be trained next.
pub const QUEUE: &str = "queue";
/// The stores of this version of the database. Adding one takes a new version.
pub const STORES: [&str; 10] = [
    MODELS,
    DRAWINGS,
    DATA_SETS,
    DATA_SET_IMAGES,
    MODEL_FILES,
    RUNS,
    RUN_POINTS,
    RUN_CHECKPOINTS,
    RUN_WEIGHTS,
    QUEUE,
];
const VERSION: u32 = 4;

type InMemory = BTreeMap<(&'static str, String), JsValue>;

/// Where records are stored.
#[derive(Clone)]
pub enum Storage {
    /// In the browser, until the person or the browser deletes it.
    IndexedDb(Rc<Database>),
    /// Until the page is left.
    Memory(Rc<RefCell<InMemory>>),
}

impl Storage {
    /// Opens IndexedDB. `on_blocked` is called if another tab holds an older version open.
    ///
    /// # Errors
    /// [`StorageError`] where the browser has none, or refuses or cannot open it.
    pub async fn open(on_blocked: impl FnOnce() + 'static) -> Result<Self, StorageError> {
        Ok(Self::IndexedDb(Rc::new(Database::open(on_blocked).await?)))
    }

    /// Memory, for a page whose browser keeps nothing.
    pub fn in_memory() -> Self {
        Self::Memory(Rc::default())
    }

    /// Whether records survive the page.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::IndexedDb(_))
    }

    /// Every record of a kind, the newest first. Records that cannot be read are left out.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails.
    pub async fn all<R: Record>(&self) -> Result<Vec<R>, StorageError> {
        let values = match self {
            Self::Memory(records) => {
                let records = records.borrow();
                records
                    .iter()
                    .filter(|((store, _), _)| *store == R::STORE)
                    .map(|(_, own)| own.clone())
                    .collect()
            }
            Self::IndexedDb(database) => database.all(R::STORE).await?,
        };
        let mut records: Vec<R> =
            values.into_iter().filter_map(|value| R::from_fields(&Fields(value))).collect();
        records.sort_by(|a, b| b.saved_ms().total_cmp(&a.saved_ms()));
        Ok(records)
    }

    /// The record of this id; none where there is none.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails, or the record cannot be read.
    pub async fn get<R: Record>(&self, id: &str) -> Result<Option<R>, StorageError> {
        let value = match self {
            Self::Memory(records) => records.borrow().get(&(R::STORE, id.to_owned())).cloned(),
            Self::IndexedDb(database) => database.get(R::STORE, id).await?,
        };
        value.map(|value| read(id, value)).transpose()
    }

    /// Changes a record as `change` says, of which it is told what is stored. No other tab or worker writes in between. What is
    /// written may lie in the stores `others`, too.
    ///
    /// # Errors
    /// As for [`get`](Self::get) and [`write`](Self::write). Nothing is changed then.
    pub async fn change<R: Record, T>(
        &self,
        id: &str,
        others: &[&'static str],
        change: impl FnOnce(Option<R>) -> Result<(Writes, T), StorageError>,
    ) -> Result<T, StorageError> {
        match self {
            Self::Memory(_) => {
                let (writes, answer) = change(self.get(id).await?)?;
                self.write(writes).await?;
                Ok(answer)
            }
            Self::IndexedDb(database) => {
                let stores: Vec<&str> = [R::STORE].into_iter().chain(others.iter().copied()).collect();
                let read = |found: Option<JsValue>| found.map(|value| read(id, value)).transpose();
                database.change(&stores, (R::STORE, id), |found| change(read(found)?)).await
            }
        }
    }

    /// The bytes under an id, in a store of bytes.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails.
    pub async fn bytes(&self, store: &'static str, id: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let value = match self {
            Self::Memory(records) => records.borrow().get(&(store, id.to_owned())).cloned(),
            Self::IndexedDb(database) => database.get(store, id).await?,
        };
        Ok(value.and_then(|value| Fields(value).bytes("file")))
    }

    /// All bytes in a store whose ids begin so, in the order of the ids.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails.
    pub async fn all_bytes(
        &self,
        store: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, StorageError> {
        let values = match self {
            Self::Memory(records) => {
                let records = records.borrow();
                let own = records.iter().filter(|((own, id), _)| *own == store && id.starts_with(prefix));
                own.map(|(_, value)| value.clone()).collect()
            }
            Self::IndexedDb(database) => database.all_of(store, prefix).await?,
        };
        let read = |value| {
            let fields = Fields(value);
            Some((fields.text("id")?, fields.bytes("file")?))
        };
        Ok(values.into_iter().filter_map(read).collect())
    }

    /// The ids of all objects of a store.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails.
    pub async fn ids(&self, store: &'static str) -> Result<Vec<String>, StorageError> {
        match self {
            Self::Memory(records) => {
                let records = records.borrow();
                Ok(records.keys().filter(|(own, _)| *own == store).map(|(_, id)| id.clone()).collect())
            }
            Self::IndexedDb(database) => database.ids(store).await,
        }
    }

    /// Stores a record in place of one with the same id.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails or is full.
    pub async fn put<R: Record>(&self, record: &R) -> Result<(), StorageError> {
        self.write(Writes::new().put(record)?).await
    }

    /// Deletes a record.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails.
    pub async fn delete<R: Record>(&self, id: &str) -> Result<(), StorageError> {
        self.write(Writes::new().delete(R::STORE, id)).await
    }

    /// Does all of these, or none.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails or is full. Nothing is changed then.
    pub async fn write(&self, writes: Writes) -> Result<(), StorageError> {
        match self {
            Self::Memory(records) => {
                let mut records = records.borrow_mut();
                for write in writes.0 {
                    match write {
                        Write::Put { store, id, value } => drop(records.insert((store, id), value)),
                        Write::Delete { store, id } => drop(records.remove(&(store, id))),
                        Write::DeleteAll { store, prefix } => {
                            records.retain(|(own, id), _| *own != store || !id.starts_with(&prefix));
                        }
                    }
                }
                Ok(())
            }
            Self::IndexedDb(database) => database.write(&writes.0).await,
        }
    }
}

fn read<R: Record>(id: &str, value: JsValue) -> Result<R, StorageError> {
    R::from_fields(&Fields(value)).ok_or_else(|| {
        let kind = R::STORE;
        StorageError(format!(
            "{id} among the {kind} cannot be read; perhaps another version of this page wrote it"
        ))
    })
}

/// An id that no other record has, and that sorts after those of earlier milliseconds.
pub fn new_id(saved_ms: f64) -> String {
    // The random part tells records of the same millisecond apart.
    format!("{saved_ms}-{:06}", (js_sys::Math::random() * 1e6) as u32)
}
