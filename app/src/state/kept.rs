//! The browser's storage, once it is open.

use browser_storage::Storage;
use leptos::prelude::*;

/// The storage; copies share it.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    /// Whether what is stored survives the page; unknown at first.
    pub(crate) lasts: RwSignal<Option<bool>>,
    storage: StoredValue<Option<Storage>, LocalStorage>,
}

impl Kept {
    pub(crate) fn new() -> Self {
        Self { lasts: RwSignal::new(None), storage: StoredValue::new_local(None) }
    }

    /// The storage, once it is open.
    pub(crate) fn storage(self) -> Option<Storage> {
        self.storage.get_value()
    }

    /// Notes that it is open.
    pub(crate) fn open(self, storage: Storage) {
        self.lasts.set(Some(storage.is_lasting()));
        self.storage.set_value(Some(storage));
    }
}
