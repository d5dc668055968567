//! The browser's storage: opened, read, written.

use std::sync::Arc;

use browser_storage::{Record, Storage};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::models::first_model;
use crate::{browser, lab::Lab, saved_models::SavedModel, state::models::SHIPPED};

impl Lab {
    /// Opens the storage and reads what is known of everything: no weights, no curves.
    pub(crate) async fn open_storage(self) {
        // The shipped models arrive while the database opens.
        spawn_local(async move {
            for shipped in &SHIPPED {
                match browser::fetch(shipped.path, false).await {
                    Ok(file) => self.add_shipped(shipped, Arc::new(file)).await,
                    Err(text) => self.report_trouble(text),
                }
            }
        });
        let storage = Storage::open(move || {
            self.report_trouble(
                "Close Inkling's other tabs: an older one keeps your models and drawings to itself.".into(),
            );
        })
        .await
        .unwrap_or_else(|error| {
            self.report_trouble(error.to_string());
            Storage::in_memory()
        });
        self.kept.open(storage.clone());
        self.list_data_sets(&storage).await;
        if let Some(drawings) = self.report_error(storage.all().await) {
            self.drawings.all.set(drawings);
        }
        if let Some(models) = self.report_error(storage.all::<SavedModel>().await) {
            let wanted = first_model();
            let model = models.iter().find(|model| wanted.as_ref() == Some(&model.id)).cloned();
            self.models.saved.set(models);
            self.read_star();
            if let (Some(model), true) = (model, self.models.has_only_default()) {
                self.activate_saved(&model).await;
            }
        }
        self.open_runs(&storage).await;
    }

    /// Reads anew what is stored: a backup was restored.
    pub(crate) async fn reload_everything(self) {
        let Some(storage) = self.opened_storage() else { return };
        self.list_data_sets(&storage).await;
        if let Some(drawings) = self.report_error(storage.all().await) {
            self.drawings.all.set(drawings);
        }
        if let Some(models) = self.report_error(storage.all().await) {
            self.models.saved.set(models);
            self.read_star();
        }
        self.report_error(self.runs.load(&storage).await);
        if self.queue.queue.with_untracked(|queue| queue.items.is_empty()) {
            self.report_error(self.queue.load(&storage).await);
        }
    }

    /// The storage. If it is still opening, that is reported.
    pub(crate) fn opened_storage(self) -> Option<Storage> {
        let storage = self.kept.storage();
        if storage.is_none() {
            self.report_trouble("The browser's storage is still opening. Try again in a moment.".into());
        }
        storage
    }

    pub(super) async fn put<R: Record>(self, record: &R) -> bool {
        let Some(storage) = self.opened_storage() else { return false };
        self.report_error(storage.put(record).await).is_some()
    }
}
