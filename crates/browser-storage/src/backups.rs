//! Everything that is stored, out into a backup and back.

use std::collections::BTreeMap;

use backup::{Backup, StoredObject, Value};
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

use crate::{
    DATA_SET_IMAGES, DATA_SETS, Fields, MODEL_FILES, MODELS, RUN_CHECKPOINTS, RUN_POINTS, RUN_WEIGHTS, RUNS,
    STORES, Storage, StorageError, Writes, writes::Write,
};

/// Stores of rows, each with the stores of what belongs to its rows.
const OWNERS: [(&str, &[&str]); 3] = [
    (RUNS, &[RUN_POINTS, RUN_CHECKPOINTS, RUN_WEIGHTS]),
    (MODELS, &[MODEL_FILES]),
    (DATA_SETS, &[DATA_SET_IMAGES]),
];
/// As soon as there are so many objects, they are written.
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
    /// [`StorageError`] where the browser's storage fails or is full. What was added before stays, and the same backup adds the
    /// rest later.
    pub async fn restore(&self, backup: Backup) -> Result<Restored, StorageError> {
        let mut known = BTreeMap::new();
        for store in STORES {
            known.insert(store, self.ids(store).await?);
        }
        let is_known =
            |store: &str, id: &str| known.get(store).is_some_and(|ids| ids.iter().any(|own| own == id));
        let mut families: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in &backup.objects {
            if let Some((store, row)) = family(object) {
                families.entry(row).or_default().push((store, object));
            }
        }
        let mut restored = Restored::default();
        let mut writes = Writes::new();
        for ((row_store, row_id), objects) in families {
            // What belongs to a row that is there already is of another state of it.
            let has_row = is_known(row_store, row_id);
            for (store, object) in objects {
                if has_row || is_known(store, &object.id) {
                    restored.kept += 1;
                    continue;
                }
                restored.added += 1;
                writes.0.push(Write::Put { store, id: object.id.clone(), value: stored(object)? });
            }
            // A row and what belongs to it are written together: a row alone would be taken for whole with the next try.
            if writes.0.len() >= OBJECTS_TOGETHER {
                self.write(core::mem::take(&mut writes)).await?;
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

/// The store of an object, and the store and id of the row that it is or belongs to; nothing where no store of this version holds it.
fn family(object: &StoredObject) -> Option<(&'static str, (&'static str, &str))> {
    let store = STORES.into_iter().find(|store| *store == object.store)?;
    let owner = OWNERS.into_iter().find(|(_, parts)| parts.contains(&store));
    let row = owner.map_or((store, object.id.as_str()), |(row, _)| {
        (row, object.id.split('/').next().unwrap_or_default())
    });
    Some((store, row))
}

/// The fields of an object but its id.
fn plain(object: &JsValue) -> BTreeMap<String, Value> {
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
