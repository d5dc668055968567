//! What a person keeps in this browser: in IndexedDB, or in memory where there is none.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use idb::{Database, DatabaseEvent as _, Factory, KeyPath, ObjectStoreParams, TransactionMode};
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::IdbDatabase;

use crate::{collection::Collected, library::Kept};

/// Storage that does not do what it should; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The browser's storage failed ({0}). Export what you want to keep as a file.")]
pub(crate) struct StorageError(String);

impl From<idb::Error> for StorageError {
    fn from(error: idb::Error) -> Self {
        Self(error.to_string())
    }
}

/// Something that is kept under an identifier of its own.
pub(crate) trait Record: Sized {
    /// Name of the store that holds all of its kind.
    const STORE: &'static str;

    fn id(&self) -> &str;

    /// Milliseconds since 1970.
    fn saved_ms(&self) -> f64;

    fn to_fields(&self) -> Result<Fields, StorageError>;

    /// `None` where a field is missing or holds what it should not.
    fn from_fields(fields: &Fields) -> Option<Self>;
}

/// The fields of a record, as the browser keeps them.
pub(crate) struct Fields(JsValue);

impl Fields {
    pub(crate) fn new() -> Self {
        Self(Object::new().into())
    }

    pub(crate) fn with(self, key: &str, value: impl Into<JsValue>) -> Result<Self, StorageError> {
        Reflect::set(&self.0, &key.into(), &value.into())
            .map_err(|_| StorageError(format!("{key} cannot be set")))?;
        Ok(self)
    }

    pub(crate) fn with_bytes(self, key: &str, bytes: &[u8]) -> Result<Self, StorageError> {
        self.with(key, Uint8Array::from(bytes))
    }

    pub(crate) fn with_json(self, key: &str, value: &impl serde::Serialize) -> Result<Self, StorageError> {
        let json = serde_json::to_string(value).map_err(|error| StorageError(error.to_string()))?;
        self.with(key, json)
    }

    fn get(&self, key: &str) -> Option<JsValue> {
        Reflect::get(&self.0, &key.into()).ok()
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.as_string()
    }

    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.as_f64()
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    pub(crate) fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        Some(self.get(key)?.dyn_into::<Uint8Array>().ok()?.to_vec())
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(&self.text(key)?).ok()
    }
}

/// The stores of this version of the database. A new one takes a new version.
const STORES: [&str; 2] = [Kept::STORE, Collected::STORE];
const VERSION: u32 = 2;

type InMemory = BTreeMap<(&'static str, String), JsValue>;

/// Where records are kept.
#[derive(Clone)]
pub(crate) enum Storage {
    IndexedDb(Rc<Database>),
    /// Until the page is left.
    Memory(Rc<RefCell<InMemory>>),
}

impl Storage {
    /// Opens IndexedDB, or memory where that fails. `on_blocked` is called where another tab holds an older version open.
    pub(crate) async fn open(on_blocked: impl FnOnce() + 'static) -> Self {
        match open_database(on_blocked).await {
            Ok(database) => Self::IndexedDb(Rc::new(database)),
            Err(_) => Self::Memory(Rc::default()),
        }
    }

    /// Whether records survive the page.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::IndexedDb(_))
    }

    /// Every record of a kind, the newest first. One that cannot be read is left out.
    pub(crate) async fn all<R: Record>(&self) -> Result<Vec<R>, StorageError> {
        let values = match self {
            Self::Memory(records) => {
                let records = records.borrow();
                records
                    .iter()
                    .filter(|((store, _), _)| *store == R::STORE)
                    .map(|(_, own)| own.clone())
                    .collect()
            }
            Self::IndexedDb(database) => {
                let transaction = database.transaction(&[R::STORE], TransactionMode::ReadOnly)?;
                transaction.object_store(R::STORE)?.get_all(None, None)?.await?
            }
        };
        let mut records: Vec<R> =
            values.into_iter().filter_map(|value| R::from_fields(&Fields(value))).collect();
        records.sort_by(|a, b| b.saved_ms().total_cmp(&a.saved_ms()));
        Ok(records)
    }

    /// Keeps a record, in the place of one with the same id.
    pub(crate) async fn put<R: Record>(&self, record: &R) -> Result<(), StorageError> {
        let Fields(value) = record.to_fields()?.with("id", record.id())?;
        match self {
            Self::Memory(records) => {
                records.borrow_mut().insert((R::STORE, record.id().to_owned()), value);
            }
            Self::IndexedDb(database) => {
                let transaction = database.transaction(&[R::STORE], TransactionMode::ReadWrite)?;
                transaction.object_store(R::STORE)?.put(&value, None)?.await?;
                transaction.commit()?.await?;
            }
        }
        Ok(())
    }

    /// Forgets a record.
    pub(crate) async fn delete<R: Record>(&self, id: &str) -> Result<(), StorageError> {
        match self {
            Self::Memory(records) => {
                records.borrow_mut().remove(&(R::STORE, id.to_owned()));
            }
            Self::IndexedDb(database) => {
                let transaction = database.transaction(&[R::STORE], TransactionMode::ReadWrite)?;
                transaction.object_store(R::STORE)?.delete(JsValue::from_str(id))?.await?;
                transaction.commit()?.await?;
            }
        }
        Ok(())
    }
}

/// An identifier that no other record has.
pub(crate) fn new_id(saved_ms: f64) -> String {
    // Two records of one millisecond would need a random part to be told apart.
    format!("{saved_ms}-{:06}", (js_sys::Math::random() * 1e6) as u32)
}

async fn open_database(on_blocked: impl FnOnce() + 'static) -> Result<Database, idb::Error> {
    let mut request = Factory::new()?.open("inkling", Some(VERSION))?;
    request.on_upgrade_needed(|event| {
        // A store that cannot be made shows as an error of the first transaction.
        let Ok(database) = event.database() else { return };
        let known = database.store_names();
        for store in STORES.into_iter().filter(|store| !known.iter().any(|name| name == store)) {
            let mut parameters = ObjectStoreParams::new();
            parameters.key_path(Some(KeyPath::new_single("id")));
            let _ = database.create_object_store(store, parameters);
        }
    });
    request.on_blocked(|_| on_blocked());
    let mut database = request.await?;
    // A newer page in another tab needs the database for itself. This one then says that its storage fails.
    database.on_version_change(|event| {
        if let Ok(database) =
            event.target().ok_or(()).and_then(|target| target.dyn_into::<IdbDatabase>().map_err(drop))
        {
            database.close();
        }
    });
    Ok(database)
}
