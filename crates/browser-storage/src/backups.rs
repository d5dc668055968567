//! Everything that is stored, out into a backup and back.

use backup::{Backup, StoredObject, Value};
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

use crate::{
    DATA_SET_IMAGES, DATA_SETS, Fields, MODEL_FILES, MODELS, RUN_CHECKPOINTS, RUN_POINTS, RUN_WEIGHTS, RUNS,
    STORES, Storage, StorageError, Writes, writes::Write,
};

/// Objects that are restored in one transaction.
const OBJECTS_TOGETHER: usize = 64;

/// What became of a backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Objects that were not there before.
    pub added: u32,
    /// Objects that were there already, and stay as they are.
    pub kept: u32,
}

impl Storage {
    /// Everything that is stored. Preferences are the page's.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails.
    pub async fn back_up(&self) -> Result<Backup, StorageError> {
        let mut backup = Backup::default();
        for (store, values) in self.everything().await? {
            for value in values {
                let fields = Fields(value);
                let Some(id) = fields.text("id") else { continue };
                let object = StoredObject { store: store.into(), id, fields: plain(&fields.0) };
                backup.objects.push(object);
            }
        }
        Ok(backup)
    }

    /// Adds what is not there yet; what is there stays as it is.
    ///
    /// # Errors
    /// [`StorageError`] where the browser's storage fails or is full. What was added before stays.
    pub async fn restore(&self, backup: Backup) -> Result<Restored, StorageError> {
        let mut restored = Restored::default();
        let mut writes = Writes::new();
        // What belongs to a row that is there already is of another state of it.
        let mut owned = Vec::new();
        for (row, parts) in [
            (RUNS, &[RUN_POINTS, RUN_CHECKPOINTS, RUN_WEIGHTS][..]),
            (MODELS, &[MODEL_FILES][..]),
            (DATA_SETS, &[DATA_SET_IMAGES][..]),
        ] {
            let ids = self.ids(row).await?;
            owned.extend(parts.iter().map(|part| (*part, ids.clone())));
        }
        let has_owner = |object: &StoredObject| {
            let owner = object.id.split('/').next().unwrap_or_default();
            owned.iter().any(|(part, ids)| *part == object.store && ids.iter().any(|id| id == owner))
        };
        for store in STORES {
            let known = self.ids(store).await?;
            for object in backup.objects.iter().filter(|object| object.store == store) {
                if known.contains(&object.id) || has_owner(object) {
                    restored.kept += 1;
                    continue;
                }
                restored.added += 1;
                let (id, value) = (object.id.clone(), stored(object)?);
                writes.0.push(Write::Put { store, id, value });
                if writes.0.len() >= OBJECTS_TOGETHER {
                    self.write(core::mem::take(&mut writes)).await?;
                }
            }
        }
        self.write(writes).await?;
        Ok(restored)
    }

    /// All objects of all stores, of one moment.
    async fn everything(&self) -> Result<Vec<(&'static str, Vec<JsValue>)>, StorageError> {
        match self {
            Self::Memory(records) => {
                let records = records.borrow();
                let of = |store| {
                    let own = records.iter().filter(|((own, _), _)| *own == store);
                    (store, own.map(|(_, value)| value.clone()).collect())
                };
                Ok(STORES.into_iter().map(of).collect())
            }
            Self::IndexedDb(database) => database.everything().await,
        }
    }
}

/// The fields of an object but its id.
fn plain(object: &JsValue) -> std::collections::BTreeMap<String, Value> {
    let entries = Object::entries(object.unchecked_ref::<Object>());
    let read = |entry: JsValue| {
        let (key, value) = (Reflect::get_u32(&entry, 0).ok()?, Reflect::get_u32(&entry, 1).ok()?);
        let value = if let Some(text) = value.as_string() {
            Value::Text(text)
        } else if let Some(number) = value.as_f64() {
            Value::Number(number)
        } else if let Some(flag) = value.as_bool() {
            Value::Flag(flag)
        } else {
            Value::Bytes(value.dyn_into::<Uint8Array>().ok()?.to_vec())
        };
        key.as_string().filter(|key| key != "id").map(|key| (key, value))
    };
    entries.iter().filter_map(read).collect()
}

fn stored(object: &StoredObject) -> Result<JsValue, StorageError> {
    let mut fields = Fields::new().with("id", object.id.as_str())?;
    for (key, value) in &object.fields {
        fields = match value {
            Value::Text(text) => fields.with(key, text.as_str())?,
            Value::Number(number) => fields.with(key, *number)?,
            Value::Flag(flag) => fields.with(key, *flag)?,
            Value::Bytes(bytes) => fields.with_bytes(key, bytes)?,
        };
    }
    Ok(fields.0)
}
