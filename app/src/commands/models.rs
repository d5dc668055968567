//! Using, saving, importing, renaming and deleting models.

use std::{rc::Rc, sync::Arc};

use browser_storage::{MODEL_FILES, MODELS, Writes};
use leptos::prelude::*;
use model_card::ModelCard;
use protocol::{
    Blobs, Call, Delivery, JobError,
    evaluate::{Evaluate, EvaluateProgress, Evaluation, TestData},
    files::Written,
    inspect::Inspect,
};
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser,
    lab::{Lab, default_data},
    saved_models::{ModelBytes, ModelFile, SavedModel},
    state::{
        models::{SHIPPED, Shipped, is_shipped},
        notifications::Action,
    },
    words,
};

/// Preference: the id of the model that was chosen last.
const CHOSEN_MODEL_KEY: &str = "inkling.model";
/// Preference: the id of the starred model; else empty or missing.
const STARRED_MODEL_KEY: &str = "inkling.starred-model";

fn starred_model() -> Option<String> {
    browser::preference(STARRED_MODEL_KEY).filter(|id| !id.is_empty())
}

/// The id of the model that a visit begins with: the starred one, else the one that was chosen last.
pub(crate) fn first_model() -> Option<String> {
    starred_model().or_else(|| browser::preference(CHOSEN_MODEL_KEY))
}

impl Lab {
    /// Uses a shipped model until another is chosen, or because the user chose it before, and finds out what it is.
    pub(super) async fn add_shipped(self, Shipped { id, name, .. }: &Shipped, file: Arc<Vec<u8>>) {
        let is_wanted = first_model().as_deref() == Some(id) || *id == SHIPPED[0].id;
        if is_wanted && self.models.has_only_default() {
            let bytes = Arc::clone(&file);
            self.activate(ModelFile { id: Some((*id).into()), name: (*name).into(), bytes });
        }
        match self.inspect(Arc::clone(&file)).await {
            Ok(card) => self.models.shipped.update(|all| {
                let (id, name) = ((*id).into(), (*name).into());
                all.push(SavedModel { id, name, saved_ms: 0.0, card, bytes: ModelBytes::Here(file) });
            }),
            Err(error) => self.report_trouble(words::job_error(&error)),
        }
    }

    /// The card of a file of weights.
    pub(crate) async fn inspect(self, file: Arc<Vec<u8>>) -> Result<ModelCard, JobError> {
        let mut blobs = Blobs::new();
        let content = Inspect { model: blobs.add(file) };
        Ok(self.workers.call(Delivery { content, blobs }).await?.content)
    }

    /// Tests a model on the data set at hand; `on_progress` hears how far that is.
    pub(crate) async fn evaluate(
        self,
        file: Arc<Vec<u8>>,
        on_progress: impl Fn(String) + 'static,
    ) -> Result<Evaluation, JobError> {
        let mut blobs = Blobs::new();
        let content = Evaluate { model: blobs.add(file), data: TestData::Split(default_data(&self)) };
        let progress = move |progress: Delivery<EvaluateProgress>| {
            let EvaluateProgress { done, total } = progress.content;
            let (done, total) = (metrics::grouped(done), metrics::grouped(total));
            on_progress(format!("Checking its accuracy: {done} of {total}"));
        };
        Ok(self.workers.pool()?.call(Delivery { content, blobs }, progress).await?.content)
    }

    /// Makes a call that answers with a file.
    pub(super) async fn written<C: Call<Reply = Written>>(
        self,
        request: Delivery<C>,
    ) -> Result<Vec<u8>, JobError> {
        let mut reply = self.workers.call(request).await?;
        let file = reply.content.file;
        Ok(reply.take(file)?)
    }

    /// Uses a model for drawing. It becomes the active one once the worker has read it.
    pub(crate) fn activate(self, model: ModelFile) {
        self.models.requested.set_value(Some(model.clone()));
        let bytes = Arc::clone(&model.bytes);
        self.workers.with_recognizer(|recognizer| recognizer.load(model, bytes));
    }

    /// Uses a model for drawing, now and, where none is starred, after a reload.
    pub(crate) fn use_model(self, model: ModelFile) {
        browser::set_preference(CHOSEN_MODEL_KEY, model.id.as_deref().unwrap_or_default());
        self.activate(model);
    }

    /// Finds out which model is starred; one that is gone no longer is.
    pub(super) fn read_star(self) {
        let is_there = |id: &String| {
            is_shipped(id)
                || self.models.saved.with_untracked(|saved| saved.iter().any(|model| model.id == *id))
        };
        match starred_model() {
            Some(gone) if !is_there(&gone) => self.star(None),
            starred => self.models.starred.set(starred),
        }
    }

    /// Has every visit begin with a model; with `None`, with the one that was chosen last.
    pub(crate) fn star(self, id: Option<String>) {
        browser::set_preference(STARRED_MODEL_KEY, id.as_deref().unwrap_or_default());
        self.models.starred.set(id);
    }

    /// The weights of a saved model, from the storage if need be. What is wrong is reported.
    pub(crate) async fn bytes_of(self, model: &SavedModel) -> Option<Arc<Vec<u8>>> {
        match &model.bytes {
            ModelBytes::Here(bytes) => Some(Arc::clone(bytes)),
            ModelBytes::Stored => {
                let storage = self.opened_storage()?;
                let bytes = self.report_error(storage.bytes(MODEL_FILES, &model.id).await)?;
                if bytes.is_none() {
                    self.report_trouble(format!("The weights of \"{}\" are no longer stored.", model.name));
                }
                bytes.map(Arc::new)
            }
        }
    }

    /// Uses a saved model for drawing.
    pub(super) async fn activate_saved(self, model: &SavedModel) {
        if let Some(bytes) = self.bytes_of(model).await {
            self.activate(model.to_file(bytes));
        }
    }

    /// Uses a saved model for drawing, now and after a reload.
    pub(crate) async fn use_saved(self, model: &SavedModel) {
        if let Some(bytes) = self.bytes_of(model).await {
            self.use_model(model.to_file(bytes));
        }
    }

    /// Saves the newest trained weights under a name of their own.
    pub(crate) fn save_trained(self) {
        let Some((file, card)) = self.training.trained.get_value() else { return };
        self.save_as_model(card.short(), card, file);
    }

    /// Saves weights under a name of their own, and draws with them; the notice brings back what was drawn with before.
    pub(crate) fn save_as_model(self, name: String, card: ModelCard, file: Arc<Vec<u8>>) {
        browser::ask_for_persistence();
        let model = self.models.new_model(name, card, Arc::clone(&file));
        spawn_local(async move {
            if !self.save(&model).await {
                return;
            }
            let before = self.models.active.get_untracked().map(|active| active.file);
            let text = format!("Saved as \"{}\". The Draw page uses it now.", model.name);
            let action = before.map(|before| -> Action {
                let title = "Use the previous model";
                (title, Rc::new(move || self.use_model(before.clone())))
            });
            self.notify(text, action);
            self.use_model(model.to_file(file));
        });
    }

    /// Saves a model in place of one with the same id. If that fails, it is reported, and the result is false.
    pub(crate) async fn save(self, model: &SavedModel) -> bool {
        let Some(storage) = self.opened_storage() else { return false };
        let writes = || match &model.bytes {
            ModelBytes::Here(bytes) => Writes::new().put(model)?.put_bytes(MODEL_FILES, &model.id, bytes),
            ModelBytes::Stored => Writes::new().put(model),
        };
        let stored = async { storage.write(writes()?).await };
        if self.report_error(stored.await).is_none() {
            return false;
        }
        self.models.saved.update(|models| {
            models.retain(|known| known.id != model.id);
            // The newest first, as the storage lists them. Weights are read when they are used.
            let index = models.partition_point(|known| known.saved_ms > model.saved_ms);
            models.insert(index, SavedModel { bytes: ModelBytes::Stored, ..model.clone() });
        });
        true
    }

    /// Renames a model.
    pub(crate) async fn rename(self, model: &SavedModel, name: String) {
        let renamed = SavedModel { name, ..model.clone() };
        if !self.save(&renamed).await {
            return;
        }
        self.models.active.update(|active| {
            if let Some(active) = active.as_mut().filter(|active| active.is(&model.id)) {
                active.file.name.clone_from(&renamed.name);
            }
        });
    }

    /// Deletes a saved model. If that fails, it is reported, and the result is false.
    pub(crate) async fn delete_saved(self, id: &str) -> bool {
        let Some(storage) = self.opened_storage() else { return false };
        let writes = Writes::new().delete(MODELS, id).delete(MODEL_FILES, id);
        if self.report_error(storage.write(writes).await).is_none() {
            return false;
        }
        self.models.saved.update(|models| models.retain(|known| known.id != id));
        if self.models.starred.with_untracked(|starred| starred.as_deref() == Some(id)) {
            self.star(None);
        }
        true
    }

    /// Deletes a model; the notice offers to undo that.
    pub(crate) fn delete(self, model: SavedModel) {
        spawn_local(async move {
            // Read before they are gone: the notice brings them back.
            let Some(bytes) = self.bytes_of(&model).await else { return };
            let was_starred = self.models.starred.get_untracked().as_ref() == Some(&model.id);
            if !self.delete_saved(&model.id).await {
                return;
            }
            let model = SavedModel { bytes: ModelBytes::Here(bytes), ..model };
            let text = format!("Deleted \"{}\".", model.name);
            let undo = Rc::new(move || {
                let model = model.clone();
                spawn_local(async move {
                    if self.save(&model).await && was_starred {
                        self.star(Some(model.id));
                    }
                });
            });
            self.notify(text, Some(("Undo delete", undo)));
        });
    }
}
