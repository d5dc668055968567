//! IndexedDB, whose answers are events, as futures.
//!
//! The crate `idb` does the same, but brings tokio's channels and other features of Burn's dependencies into every worker.

use js_sys::{Array, Function, Promise, Reflect, global};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction, IdbTransactionMode,
};

use crate::{
    STORES, StorageError, VERSION,
    migrations::migrate,
    writes::{Write, Writes},
};

const NAME: &str = "inkling";

/// The open database.
#[derive(Debug)]
pub struct Database(IdbDatabase);

impl Database {
    /// Opens the database, with all its stores. `on_blocked` is called if another tab holds an older version open.
    pub(crate) async fn open(on_blocked: impl FnOnce() + 'static) -> Result<Self, StorageError> {
        let factory = Reflect::get(&global(), &"indexedDB".into()).map_err(failed)?;
        let factory: IdbFactory = factory.dyn_into().map_err(failed)?;
        let request = factory.open_with_u32(NAME, VERSION).map_err(failed)?;
        let upgrade = {
            let request = request.clone();
            Closure::once_into_js(move || {
                // If a store cannot be created, the first transaction fails.
                let database = request.result().ok().and_then(|result| result.dyn_into().ok());
                if let (Some(database), Some(transaction)) = (database, request.transaction()) {
                    migrate(&database, &transaction);
                }
            })
        };
        request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
        request.set_onblocked(Some(Closure::once_into_js(on_blocked).unchecked_ref()));
        let database: IdbDatabase = answer(&request).await?.dyn_into().map_err(failed)?;
        // A newer page in another tab needs the database for itself. This page then reports that its storage failed.
        let closing = database.clone();
        let close = Closure::once_into_js(move || closing.close());
        database.set_onversionchange(Some(close.unchecked_ref()));
        Ok(Self(database))
    }

    /// Every record of a store.
    pub(crate) async fn all(&self, store: &str) -> Result<Vec<JsValue>, StorageError> {
        let request = self.store(store, IdbTransactionMode::Readonly)?.1.get_all().map_err(failed)?;
        Ok(answer(&request).await?.dyn_into::<Array>().map_err(failed)?.to_vec())
    }

    /// The record of this id.
    pub(crate) async fn get(&self, store: &str, id: &str) -> Result<Option<JsValue>, StorageError> {
        let request = self.store(store, IdbTransactionMode::Readonly)?.1.get(&id.into()).map_err(failed)?;
        let found = answer(&request).await?;
        Ok((!found.is_undefined()).then_some(found))
    }

    /// Every object of a store whose id begins so.
    pub(crate) async fn all_of(&self, store: &str, prefix: &str) -> Result<Vec<JsValue>, StorageError> {
        let store = self.store(store, IdbTransactionMode::Readonly)?.1;
        let request = store.get_all_with_key(&range(prefix)?.into()).map_err(failed)?;
        Ok(answer(&request).await?.dyn_into::<Array>().map_err(failed)?.to_vec())
    }

    /// All objects of all stores, read in one transaction.
    pub(crate) async fn everything(&self) -> Result<Vec<(&'static str, Vec<JsValue>)>, StorageError> {
        let names: Array = STORES.iter().map(|store| JsValue::from_str(store)).collect();
        let transaction = self
            .0
            .transaction_with_str_sequence_and_mode(&names, IdbTransactionMode::Readonly)
            .map_err(failed)?;
        // All are asked for before any is waited for: a transaction without requests ends.
        let mut asked = Vec::with_capacity(STORES.len());
        for store in STORES {
            let request =
                transaction.object_store(store).and_then(|store| store.get_all()).map_err(failed)?;
            let answered = answer(&request);
            asked.push((store, answered));
        }
        let mut all = Vec::with_capacity(asked.len());
        for (store, answered) in asked {
            all.push((store, answered.await?.dyn_into::<Array>().map_err(failed)?.to_vec()));
        }
        Ok(all)
    }

    /// The ids of all objects of a store.
    pub(crate) async fn ids(&self, store: &str) -> Result<Vec<String>, StorageError> {
        let store = self.store(store, IdbTransactionMode::Readonly)?.1;
        let keys = answer(&store.get_all_keys().map_err(failed)?).await?;
        Ok(keys.dyn_into::<Array>().map_err(failed)?.iter().filter_map(|key| key.as_string()).collect())
    }

    /// Does all of these in one transaction, and waits until it is complete.
    pub(crate) async fn write(&self, writes: &[Write]) -> Result<(), StorageError> {
        if writes.is_empty() {
            return Ok(());
        }
        let transaction = self.write_transaction(writes.iter().map(Write::store))?;
        issue(&transaction, writes)?;
        written(&transaction).await
    }

    /// Reads an object and does the writes that `change` makes of it, in one transaction on these stores: no other tab writes in
    /// between.
    pub(crate) async fn change<T>(
        &self,
        stores: &[&str],
        (store, id): (&str, &str),
        change: impl FnOnce(Option<JsValue>) -> Result<(Writes, T), StorageError>,
    ) -> Result<T, StorageError> {
        let transaction = self.write_transaction(stores.iter().copied())?;
        let request =
            transaction.object_store(store).and_then(|store| store.get(&id.into())).map_err(failed)?;
        let found = answer(&request).await?;
        // Whoever waits for a request goes on while its transaction is still open, and what it issues then belongs to it.
        let (Writes(writes), answer) = change((!found.is_undefined()).then_some(found))?;
        issue(&transaction, &writes)?;
        written(&transaction).await?;
        Ok(answer)
    }

    fn write_transaction<'a>(
        &self,
        stores: impl Iterator<Item = &'a str>,
    ) -> Result<IdbTransaction, StorageError> {
        let names = Array::new();
        for store in stores {
            let name = JsValue::from_str(store);
            if !names.includes(&name, 0) {
                names.push(&name);
            }
        }
        self.0.transaction_with_str_sequence_and_mode(&names, IdbTransactionMode::Readwrite).map_err(failed)
    }

    fn store(
        &self,
        name: &str,
        mode: IdbTransactionMode,
    ) -> Result<(IdbTransaction, IdbObjectStore), StorageError> {
        let transaction = self.0.transaction_with_str_and_mode(name, mode).map_err(failed)?;
        let store = transaction.object_store(name).map_err(failed)?;
        Ok((transaction, store))
    }
}

/// Issues all of these; none of them is done where one cannot be.
fn issue(transaction: &IdbTransaction, writes: &[Write]) -> Result<(), StorageError> {
    let issued = || -> Result<(), JsValue> {
        for write in writes {
            let store = transaction.object_store(write.store())?;
            match write {
                Write::Put { value, .. } => store.put(value)?,
                Write::Delete { id, .. } => store.delete(&id.into())?,
                Write::DeleteAll { prefix, .. } => {
                    store.delete(&range(prefix).map_err(|error| error.to_string())?.into())?
                }
            };
        }
        Ok(())
    };
    issued().map_err(|error| {
        // What was issued before must not be done alone. One that has ended already needs no abort.
        let _ = transaction.abort();
        failed(error)
    })
}

/// Every id that begins so.
fn range(prefix: &str) -> Result<IdbKeyRange, StorageError> {
    IdbKeyRange::bound(&prefix.into(), &format!("{prefix}\u{ffff}").into()).map_err(failed)
}

/// Waits for a request's result.
fn answer(request: &IdbRequest) -> impl Future<Output = Result<JsValue, StorageError>> + use<> {
    // Listened to at once: the result may be there before it is waited for.
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    let request = request.clone();
    async move {
        match JsFuture::from(promise).await {
            Ok(_) => request.result().map_err(failed),
            Err(_) => Err(because(request.error().ok().flatten())),
        }
    }
}

/// Waits until a transaction is complete: only then what it wrote lasts.
async fn written(transaction: &IdbTransaction) -> Result<(), StorageError> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        transaction.set_oncomplete(Some(&resolve));
        // A request that fails aborts it, and only then the transaction knows why.
        transaction.set_onabort(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(()),
        Err(_) => Err(because(transaction.error())),
    }
}

fn because(error: Option<web_sys::DomException>) -> StorageError {
    StorageError(error.map_or_else(
        || "no reason was given".into(),
        |error| format!("{}: {}", error.name(), error.message()),
    ))
}

fn failed(error: impl Into<JsValue>) -> StorageError {
    let error: JsValue = error.into();
    let text = Reflect::get(&error, &"message".into()).ok().and_then(|message| message.as_string());
    StorageError(text.unwrap_or_else(|| "it is not there".into()))
}
