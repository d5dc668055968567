//! What the page knows, shared by its parts for as long as it is open.

use std::{rc::Rc, sync::Arc};

use ink::{Drawing, Image, Point, Stroke};
use leptos::prelude::*;
use protocol::Backend;
use recipe::{DataChoice, ModelCard, Reading};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::{
    browser,
    engine::{Reader, ReaderEvent, RunView, Site, Trainer, TrainerEvent},
    form::Form,
    library::{Kept, Library, LibraryError},
};

/// Where the weights that the project ships lie.
const SHIPPED_FILE: &str = "models/reader-cnn.safetensors";
/// Largest file of weights that is read; the worker, which knows every architecture, holds it to less.
const MAX_WEIGHTS_MIB: u32 = 64;
/// Identifier of the shipped model among the kept ones.
pub(crate) const SHIPPED_ID: &str = "shipped";
/// Identifier of the model that is kept by itself after every epoch.
const LAST_RUN_ID: &str = "last-run";
/// Preference: the model that was in use last.
const IN_USE_KEY: &str = "inkling.model";

/// The model that Draw uses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InUse {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) card: ModelCard,
}

/// Name of what can be done about something, and how.
pub(crate) type Action = (&'static str, Rc<dyn Fn()>);

/// Weights as safetensors, and their card.
type Trained = (Arc<Vec<u8>>, ModelCard);

/// A sentence for the person, until it is dismissed.
#[derive(Clone)]
pub(crate) struct Notice {
    pub(crate) id: u32,
    pub(crate) text: String,
    /// Whether it tells of something that went wrong.
    pub(crate) is_trouble: bool,
    /// What can be done about it.
    pub(crate) action: Option<Action>,
}

/// Signals and handles; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) form: Form,
    /// Counts changes of the ink.
    pub(crate) ink_version: RwSignal<u32>,
    /// The image that the network sees.
    pub(crate) seen: RwSignal<Option<Image>>,
    pub(crate) reading: RwSignal<Option<Reading>>,
    pub(crate) in_use: RwSignal<Option<InUse>>,
    pub(crate) run: RwSignal<RunView>,
    pub(crate) site: RwSignal<Option<Site>>,
    pub(crate) models: RwSignal<Vec<Kept>, LocalStorage>,
    /// The model that the site came with, once it is here.
    pub(crate) shipped: RwSignal<Option<Kept>, LocalStorage>,
    /// Whether models survive the page; unknown at first.
    pub(crate) storage_lasts: RwSignal<Option<bool>>,
    pub(crate) notices: RwSignal<Vec<Notice>, LocalStorage>,
    /// Whether there are trained weights that can be saved.
    pub(crate) can_save: RwSignal<bool>,
    drawing: StoredValue<Drawing, LocalStorage>,
    /// Numbers and times of the pointer events that the bars do not show yet.
    unshown: StoredValue<Vec<(u32, f64)>, LocalStorage>,
    /// Name and identifier of the weights that the reader was given last.
    given: StoredValue<(Option<String>, String), LocalStorage>,
    trained: StoredValue<Option<Trained>, LocalStorage>,
    reader: StoredValue<Option<Reader>, LocalStorage>,
    trainer: StoredValue<Option<Trainer>, LocalStorage>,
    library: StoredValue<Option<Library>, LocalStorage>,
}

impl Session {
    /// Starts the workers and opens the storage.
    pub(crate) fn begin() -> Self {
        let session = Self {
            form: Form::new(),
            ink_version: RwSignal::new(0),
            seen: RwSignal::new(None),
            reading: RwSignal::new(None),
            in_use: RwSignal::new(None),
            run: RwSignal::new(RunView::idle()),
            site: RwSignal::new(None),
            models: RwSignal::new_local(Vec::new()),
            shipped: RwSignal::new_local(None),
            storage_lasts: RwSignal::new(None),
            notices: RwSignal::new_local(Vec::new()),
            can_save: RwSignal::new(false),
            drawing: StoredValue::new_local(Drawing::new()),
            unshown: StoredValue::new_local(Vec::new()),
            given: StoredValue::new_local((None, String::new())),
            trained: StoredValue::new_local(None),
            reader: StoredValue::new_local(None),
            trainer: StoredValue::new_local(None),
            library: StoredValue::new_local(None),
        };
        let reader = Reader::start(move |event| session.hear_reader(event));
        let trainer = Trainer::new(reader.clone(), session.run, move |event| session.hear_trainer(event));
        session.reader.set_value(Some(reader));
        session.trainer.set_value(Some(trainer));
        spawn_local(session.look_at_site());
        spawn_local(session.open_library());
        session
    }

    async fn look_at_site(self) {
        match Site::fetch().await {
            Ok(site) => {
                if !site.mnist && self.form.data.get_untracked() == DataChoice::Mnist {
                    self.form.data.set(DataChoice::BuiltIn { train_images: 20_000 });
                }
                self.site.set(Some(site));
            }
            Err(text) => self.trouble(text),
        }
    }

    async fn open_library(self) {
        // The shipped weights come while the database opens.
        spawn_local(async move {
            match browser::fetch(SHIPPED_FILE, false).await {
                Ok(file) => self.take_shipped(file).await,
                Err(text) => self.trouble(text),
            }
        });
        let library = Library::open().await;
        self.storage_lasts.set(Some(library.is_lasting()));
        if let Some(models) = self.told(library.all().await) {
            let wanted = browser::preference(IN_USE_KEY);
            let model = models.iter().find(|model| wanted.as_ref() == Some(&model.id));
            if let (Some(model), true) = (model, self.is_given_nothing_better()) {
                self.give(Some(model.id.clone()), model.name.clone(), Arc::clone(&model.file));
            }
            self.models.set(models);
        }
        self.library.set_value(Some(library));
    }

    /// Whether no weights are in use yet, or the shipped ones.
    fn is_given_nothing_better(self) -> bool {
        self.given.with_value(|(id, name)| name.is_empty() || id.as_deref() == Some(SHIPPED_ID))
    }

    /// Uses the shipped weights until others are chosen, and finds out what they are.
    async fn take_shipped(self, file: Vec<u8>) {
        if self.is_given_nothing_better() {
            self.give(Some(SHIPPED_ID.into()), "Shipped model".into(), Arc::new(file.clone()));
        }
        let Some(reader) = self.reader.get_value() else { return };
        match reader.inspect(file).await {
            Ok((file, card)) => self.shipped.set(Some(Kept {
                id: SHIPPED_ID.into(),
                name: "Shipped model".into(),
                saved_ms: 0.0,
                card,
                file: Arc::new(file),
            })),
            Err(text) => self.trouble(text),
        }
    }

    // ---- ink ----

    /// What the drawing's strokes are now.
    pub(crate) fn with_strokes<T>(self, look: impl FnOnce(&[Stroke]) -> T) -> T {
        self.drawing.with_value(|drawing| look(drawing.strokes()))
    }

    /// Puts the pen down at a time of the clock of events.
    pub(crate) fn pen_down(self, point: Point, event_ms: f64) {
        self.drawing.update_value(|drawing| drawing.pen_down(point));
        self.ink_changed(Some(event_ms));
    }

    /// Moves the pen through points, the last of them at this time.
    pub(crate) fn pen_move(self, points: &[Point], event_ms: f64) {
        self.drawing.update_value(|drawing| points.iter().for_each(|&point| drawing.pen_move(point)));
        self.ink_changed(Some(event_ms));
    }

    /// Takes back the last stroke.
    pub(crate) fn undo(self) {
        self.drawing.update_value(|drawing| {
            drawing.undo();
        });
        self.ink_changed(None);
    }

    /// Takes back everything.
    pub(crate) fn clear(self) {
        self.drawing.update_value(|drawing| {
            drawing.clear();
        });
        self.ink_changed(None);
    }

    fn ink_changed(self, event_ms: Option<f64>) {
        let image = self.drawing.with_value(Drawing::image);
        self.ink_version.update(|version| *version += 1);
        let number = self.ink_version.get_untracked();
        self.seen.set(image);
        match image {
            Some(image) => {
                if let Some(event_ms) = event_ms {
                    self.unshown.update_value(|unshown| unshown.push((number, event_ms)));
                }
                self.with_reader(|reader| reader.predict(number, &image));
            }
            None => self.reading.set(None),
        }
    }

    fn predict_again(self) {
        if let Some(image) = self.seen.get_untracked() {
            let number = self.ink_version.get_untracked();
            self.with_reader(|reader| reader.predict(number, &image));
        }
    }

    // ---- models ----

    /// Uses weights for drawing.
    fn give(self, id: Option<String>, name: String, file: Arc<Vec<u8>>) {
        self.given.set_value((id, name));
        self.with_reader(|reader| reader.load(file));
    }

    /// Uses a kept model for drawing, now and after a reload.
    pub(crate) fn use_model(self, model: &Kept) {
        self.give(Some(model.id.clone()), model.name.clone(), Arc::clone(&model.file));
        browser::set_preference(IN_USE_KEY, &model.id);
    }

    /// Saves the newest trained weights under a name of their own.
    pub(crate) fn save_trained(self) {
        let Some((file, card)) = self.trained.get_value() else { return };
        browser::ask_for_persistence();
        let model = Kept::new(card.short(), card, file);
        spawn_local(async move {
            if self.keep(&model).await {
                self.notice(format!("Saved as \"{}\".", model.name), None);
                self.use_model(&model);
            }
        });
    }

    /// Keeps weights from a file, if they can be used.
    pub(crate) fn import(self, file: File) {
        spawn_local(async move {
            let reader = self.reader.get_value();
            let imported = async {
                let bytes = browser::read_file(&file, MAX_WEIGHTS_MIB).await?;
                let reader = reader.ok_or("The page is still starting. Try again in a moment.")?;
                reader.inspect(bytes).await.map_err(|text| format!("{}: {text}", file.name()))
            };
            match imported.await {
                Ok((bytes, card)) => {
                    let name = file.name();
                    let name = name.strip_suffix(".safetensors").unwrap_or(&name).to_owned();
                    let model = Kept::new(name, card, Arc::new(bytes));
                    if self.keep(&model).await {
                        self.notice(format!("Imported \"{}\".", model.name), None);
                    }
                }
                Err(text) => self.trouble(format!("{text} The model in use is unchanged.")),
            }
        });
    }

    /// Keeps a model in place of one with the same id; false where that failed and was said.
    pub(crate) async fn keep(self, model: &Kept) -> bool {
        let Some(library) = self.library.get_value() else { return false };
        if self.told(library.put(model).await).is_none() {
            return false;
        }
        self.models.update(|models| {
            models.retain(|known| known.id != model.id);
            // The newest first, as the library lists them.
            let position = models.partition_point(|known| known.saved_ms > model.saved_ms);
            models.insert(position, model.clone());
        });
        true
    }

    /// Gives a model another name. The last run then becomes a model of its own, which the next run leaves alone.
    pub(crate) async fn rename(self, model: &Kept, name: String) {
        let mut renamed = Kept { name, ..model.clone() };
        if model.id == LAST_RUN_ID {
            renamed =
                Kept { saved_ms: model.saved_ms, ..Kept::new(renamed.name, renamed.card, renamed.file) };
        }
        if self.keep(&renamed).await && renamed.id != model.id {
            self.forget(&model.id).await;
        }
    }

    /// Deletes from the library and the list; false where that failed and was said.
    async fn forget(self, id: &str) -> bool {
        let Some(library) = self.library.get_value() else { return false };
        if self.told(library.delete(id).await).is_none() {
            return false;
        }
        self.models.update(|models| models.retain(|known| known.id != id));
        true
    }

    /// Deletes a model; the notice offers to take that back.
    pub(crate) fn delete(self, model: Kept) {
        spawn_local(async move {
            if !self.forget(&model.id).await {
                return;
            }
            let text = format!("Deleted \"{}\".", model.name);
            let undo = Rc::new(move || {
                let model = model.clone();
                spawn_local(async move {
                    self.keep(&model).await;
                });
            });
            self.notice(text, Some(("Undo delete", undo)));
        });
    }

    fn told<T>(self, result: Result<T, LibraryError>) -> Option<T> {
        result.map_err(|error| self.trouble(error.to_string())).ok()
    }

    // ---- training ----

    /// Begins the run that the form describes.
    pub(crate) fn start_training(self) {
        let orders = self.form.read().and_then(|order| Ok((order, self.form.read_workers()?)));
        match orders {
            Ok(((recipe, data), workers)) => {
                let files = match data {
                    DataChoice::Files => self.form.files.get_untracked(),
                    _ => Vec::new(),
                };
                // What can be saved from now on is this run. The one before is kept as the last run until an epoch is done.
                self.trained.set_value(None);
                self.can_save.set(false);
                self.with_trainer(|trainer| {
                    trainer.start(recipe, self.form.device.get_untracked(), workers, data, files);
                });
            }
            Err(text) => self.run.update(|run| run.phase = crate::engine::Phase::Failed(text)),
        }
    }

    pub(crate) fn with_trainer(self, act: impl FnOnce(&Trainer)) {
        self.trainer.with_value(|trainer| {
            if let Some(trainer) = trainer {
                act(trainer);
            }
        });
    }

    fn with_reader(self, act: impl FnOnce(&Reader)) {
        self.reader.with_value(|reader| {
            if let Some(reader) = reader {
                act(reader);
            }
        });
    }

    // ---- news ----

    fn hear_reader(self, event: ReaderEvent) {
        match event {
            ReaderEvent::Read { number, reading } => {
                // Ink that was cleared meanwhile has no answer.
                if self.seen.with_untracked(Option::is_some) {
                    self.reading.set(Some(reading));
                }
                self.unshown.update_value(|unshown| {
                    unshown.retain(|&(unshown_number, event_ms)| {
                        let shown = unshown_number <= number;
                        if shown {
                            crate::parts::bars::measure_when_shown(event_ms);
                        }
                        !shown
                    });
                });
            }
            ReaderEvent::Loaded(card) => {
                let (id, name) = self.given.get_value();
                self.in_use.set(Some(InUse { id, name, card: *card }));
                self.predict_again();
            }
            ReaderEvent::Trouble(text) => self.trouble(text),
        }
    }

    fn hear_trainer(self, event: TrainerEvent) {
        match event {
            TrainerEvent::Weights(file) => self.give(None, "Being trained".into(), Arc::new(file)),
            TrainerEvent::Keep(file, card) => {
                let file = Arc::new(file);
                self.give(None, "Just trained".into(), Arc::clone(&file));
                self.trained.set_value(Some((Arc::clone(&file), (*card).clone())));
                self.can_save.set(true);
                // A run that was stopped before it got anywhere does not take the place of one that did.
                if card.epochs_done == 0 {
                    return;
                }
                let saved_ms = js_sys::Date::now();
                let name = "Last run (kept by itself)".into();
                let model = Kept { id: LAST_RUN_ID.into(), name, saved_ms, card: *card, file };
                spawn_local(async move {
                    self.keep(&model).await;
                });
            }
            TrainerEvent::Notice(text) => self.trouble(text),
        }
    }

    /// Says something.
    pub(crate) fn notice(self, text: String, action: Option<Action>) {
        self.say(text, false, action);
    }

    /// Says that something went wrong.
    pub(crate) fn trouble(self, text: String) {
        self.say(text, true, None);
    }

    fn say(self, text: String, is_trouble: bool, action: Option<Action>) {
        const MOST: usize = 4;
        self.notices.update(|notices| {
            // Said again, it is said once; but each action is one of its own.
            notices.retain(|notice| notice.text != text || notice.action.is_some());
            let id = notices.iter().map(|notice| notice.id + 1).max().unwrap_or(0);
            notices.push(Notice { id, text, is_trouble, action });
            let extra = notices.len().saturating_sub(MOST);
            notices.drain(..extra);
        });
    }
}

/// How people call a device.
pub(crate) const fn backend_title(backend: Backend) -> &'static str {
    match backend {
        Backend::Cpu => "CPU",
        Backend::WebGpu => "WebGPU",
    }
}
