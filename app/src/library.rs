//! The models that a person keeps: in IndexedDB, or in memory where there is none.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use idb::{Database, DatabaseEvent as _, Factory, KeyPath, ObjectStoreParams, TransactionMode};
use js_sys::{Object, Reflect, Uint8Array};
use recipe::ModelCard;
use wasm_bindgen::{JsCast as _, JsValue};

/// A model that is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    /// Unique and lasting.
    pub(crate) id: String,
    /// Given by the person.
    pub(crate) name: String,
    /// Milliseconds since 1970.
    pub(crate) saved_ms: f64,
    pub(crate) card: ModelCard,
    /// Weights and card as safetensors.
    pub(crate) file: Arc<Vec<u8>>,
}

impl Kept {
    /// A model that is new now.
    pub(crate) fn new(name: String, card: ModelCard, file: Arc<Vec<u8>>) -> Self {
        let saved_ms = js_sys::Date::now();
        // Two models of one millisecond would need a random part to be told apart.
        let id = format!("{saved_ms}-{:06}", (js_sys::Math::random() * 1e6) as u32);
        Self { id, name, saved_ms, card, file }
    }
}

/// Storage that does not do what it should; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The browser's storage failed ({0}). Export the model as a file to keep it.")]
pub(crate) struct LibraryError(String);

impl From<idb::Error> for LibraryError {
    fn from(error: idb::Error) -> Self {
        Self(error.to_string())
    }
}

const STORE: &str = "models";

/// Where models are kept.
#[derive(Clone)]
pub(crate) enum Library {
    IndexedDb(Rc<Database>),
    /// Until the page is left.
    Memory(Rc<RefCell<BTreeMap<String, Kept>>>),
}

impl Library {
    /// Opens IndexedDB, or memory where that fails.
    pub(crate) async fn open() -> Self {
        match open_database().await {
            Ok(database) => Self::IndexedDb(Rc::new(database)),
            Err(_) => Self::Memory(Rc::default()),
        }
    }

    /// Whether models survive the page.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::IndexedDb(_))
    }

    /// Every model, the newest first. One that cannot be read is left out.
    pub(crate) async fn all(&self) -> Result<Vec<Kept>, LibraryError> {
        let mut models: Vec<Kept> = match self {
            Self::Memory(models) => models.borrow().values().cloned().collect(),
            Self::IndexedDb(database) => {
                let transaction = database.transaction(&[STORE], TransactionMode::ReadOnly)?;
                let values = transaction.object_store(STORE)?.get_all(None, None)?.await?;
                values.iter().filter_map(from_js).collect()
            }
        };
        models.sort_by(|a, b| b.saved_ms.total_cmp(&a.saved_ms));
        Ok(models)
    }

    /// Keeps a model, in the place of one with the same id.
    pub(crate) async fn put(&self, model: &Kept) -> Result<(), LibraryError> {
        match self {
            Self::Memory(models) => {
                models.borrow_mut().insert(model.id.clone(), model.clone());
            }
            Self::IndexedDb(database) => {
                let value = to_js(model)?;
                let transaction = database.transaction(&[STORE], TransactionMode::ReadWrite)?;
                transaction.object_store(STORE)?.put(&value, None)?.await?;
                transaction.commit()?.await?;
            }
        }
        Ok(())
    }

    /// Forgets a model.
    pub(crate) async fn delete(&self, id: &str) -> Result<(), LibraryError> {
        match self {
            Self::Memory(models) => {
                models.borrow_mut().remove(id);
            }
            Self::IndexedDb(database) => {
                let transaction = database.transaction(&[STORE], TransactionMode::ReadWrite)?;
                transaction.object_store(STORE)?.delete(JsValue::from_str(id))?.await?;
                transaction.commit()?.await?;
            }
        }
        Ok(())
    }
}

async fn open_database() -> Result<Database, idb::Error> {
    let mut request = Factory::new()?.open("inkling", Some(1))?;
    request.on_upgrade_needed(|event| {
        let mut parameters = ObjectStoreParams::new();
        parameters.key_path(Some(KeyPath::new_single("id")));
        // A store that cannot be made shows as an error of the first transaction.
        if let Ok(database) = event.database() {
            let _ = database.create_object_store(STORE, parameters);
        }
    });
    request.await
}

fn to_js(model: &Kept) -> Result<JsValue, LibraryError> {
    let object = Object::new();
    let card = serde_json::to_string(&model.card).map_err(|error| LibraryError(error.to_string()))?;
    let fields: [(&str, JsValue); 5] = [
        ("id", model.id.as_str().into()),
        ("name", model.name.as_str().into()),
        ("savedMs", model.saved_ms.into()),
        ("card", card.into()),
        ("file", Uint8Array::from(model.file.as_slice()).into()),
    ];
    for (key, value) in fields {
        Reflect::set(&object, &key.into(), &value)
            .map_err(|_| LibraryError(format!("{key} cannot be set")))?;
    }
    Ok(object.into())
}

fn from_js(value: &JsValue) -> Option<Kept> {
    let get = |key: &str| Reflect::get(value, &key.into()).ok();
    Some(Kept {
        id: get("id")?.as_string()?,
        name: get("name")?.as_string()?,
        saved_ms: get("savedMs")?.as_f64()?,
        card: serde_json::from_str(&get("card")?.as_string()?).ok()?,
        file: Arc::new(get("file")?.dyn_into::<Uint8Array>().ok()?.to_vec()),
    })
}
