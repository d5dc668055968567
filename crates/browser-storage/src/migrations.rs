//! What becomes of a database of an older version.
//!
//! - 1 had models, each row with its weights; 2 added drawings.
//! - 3 added data sets.
//! - 4 added runs and what waits to be trained, and took weights out of the rows of models: a row is read when the page starts,
//!   its weights when they are used.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{IdbDatabase, IdbObjectStore, IdbObjectStoreParameters, IdbTransaction};

use crate::{MODEL_FILES, MODELS, STORES};

/// Brings a database to this version, within the transaction of its upgrade. What fails aborts it: the old version stays.
pub(crate) fn migrate(database: &IdbDatabase, transaction: &IdbTransaction) {
    let known = database.object_store_names();
    for store in STORES.into_iter().filter(|store| !known.contains(store)) {
        let parameters = IdbObjectStoreParameters::new();
        parameters.set_key_path(&"id".into());
        // If a store cannot be created, the first transaction fails.
        let _ = database.create_object_store_with_optional_parameters(store, &parameters);
    }
    let (Ok(rows), Ok(files)) = (transaction.object_store(MODELS), transaction.object_store(MODEL_FILES))
    else {
        return;
    };
    let Ok(all) = rows.get_all() else { return };
    let moved = {
        let (all, transaction) = (all.clone(), transaction.clone());
        Closure::once_into_js(move || {
            let found = all.result().ok().and_then(|found| found.dyn_into::<Array>().ok());
            let done = found
                .into_iter()
                .flat_map(|found| found.to_vec())
                .try_for_each(|row| move_weights(&row, &rows, &files));
            if done.is_err() {
                // Nothing is half done: the database stays as it was, and the page says that it cannot open it.
                let _ = transaction.abort();
            }
        })
    };
    all.set_onsuccess(Some(moved.unchecked_ref()));
}

/// Takes the weights out of a row.
fn move_weights(row: &JsValue, rows: &IdbObjectStore, files: &IdbObjectStore) -> Result<(), JsValue> {
    let weights = Reflect::get(row, &"file".into())?;
    if weights.is_undefined() {
        return Ok(());
    }
    let file = js_sys::Object::new();
    Reflect::set(&file, &"id".into(), &Reflect::get(row, &"id".into())?)?;
    Reflect::set(&file, &"file".into(), &weights)?;
    files.put(&file)?;
    Reflect::delete_property(row.unchecked_ref::<js_sys::Object>(), &"file".into())?;
    rows.put(row)?;
    Ok(())
}
