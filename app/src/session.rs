//! The page's state, shared by its parts for as long as it is open.

use std::{rc::Rc, sync::Arc};

use browser_storage::{KeptDataSet, MODEL_FILES, MODELS, Record, Storage, StorageError, Writes};
use ink::{Drawing, Point};
use leptos::prelude::*;
use model_card::ModelCard;
use protocol::{
    Blobs, Call, Delivery, JobError,
    data::DataSource,
    files::{Export, ExportFormat, RoundToHalf, Written},
    inspect::{Inspect, Inspected},
};
use train_config::{DataChoice, TrainConfig};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;
use worker_client::{Pool, Recognizer, RecognizerEvent, RunView};

use crate::{
    browser,
    data_sets::data_source,
    drawing_state::{DrawingState, PictureInput},
    engine::{BrowserHost, Site, TrainerShell},
    form::Form,
    labelled_drawings::{self, LabelledDrawing, holds_back},
    personalization::Personalization,
    pictures::{self, Decoded},
    run_commands::RunTies,
    saved_models::{ActiveModel, ModelBytes, ModelFile, SavedModel},
    state::{queue::QueueStore, runs::Runs},
    words,
};

/// A model that comes with the site.
struct Shipped {
    id: &'static str,
    name: &'static str,
    path: &'static str,
}

/// The first is used until another is chosen.
const SHIPPED: [Shipped; 2] = [
    Shipped { id: "shipped", name: "Shipped model", path: "models/reader-cnn.safetensors" },
    Shipped { id: "shipped-small", name: "Small shipped model", path: "models/small-cnn.safetensors" },
];
/// The largest file of weights that is read. The worker, which knows every architecture, allows less.
const MAX_WEIGHTS_MIB: u32 = 64;
/// The most workers for jobs beside drawing and training. Each takes memory for a data set.
const MAX_POOL_WORKERS: usize = 2;
/// Preference: the id of the active model.
pub(crate) const ACTIVE_MODEL_KEY: &str = "inkling.model";
/// Preference: the pen's radius.
const PEN_KEY: &str = "inkling.pen";
/// What a call is told before the page has started its workers.
const STARTING: &str = "The page is still starting. Try again in a moment.";

/// The name of what can be done about something, and how.
pub(crate) type Action = (&'static str, Rc<dyn Fn()>);

/// Weights as safetensors, and their card.
pub(crate) type TrainedWeights = (Arc<Vec<u8>>, ModelCard);

/// A message to the user, until it is dismissed.
#[derive(Clone)]
pub(crate) struct Notice {
    pub(crate) id: u32,
    pub(crate) text: String,
    /// Whether something went wrong.
    pub(crate) is_trouble: bool,
    /// What can be done about it.
    pub(crate) action: Option<Action>,
}

/// Signals and handles; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) form: Form,
    pub(crate) drawing: DrawingState,
    /// The model that is used for drawing; none before the first one is loaded.
    pub(crate) active_model: RwSignal<Option<ActiveModel>>,
    pub(crate) run: RwSignal<RunView>,
    pub(crate) site: RwSignal<Option<Site>>,
    pub(crate) models: RwSignal<Vec<SavedModel>, LocalStorage>,
    /// The newest first.
    pub(crate) drawings: RwSignal<Vec<LabelledDrawing>, LocalStorage>,
    /// What is known of the kept data sets, the newest first.
    pub(crate) data_sets: RwSignal<Vec<KeptDataSet>>,
    /// The models that came with the site, once they have arrived.
    pub(crate) shipped: RwSignal<Vec<SavedModel>, LocalStorage>,
    /// Whether models survive the page; unknown at first.
    pub(crate) storage_lasts: RwSignal<Option<bool>>,
    pub(crate) notices: RwSignal<Vec<Notice>, LocalStorage>,
    /// Every run, the one under way included.
    pub(crate) runs: Runs,
    /// What is to be trained next.
    pub(crate) queue: QueueStore,
    /// What the effects of the run under way share.
    pub(crate) ties: RunTies,
    /// Whether the run under way is drawn with, while it learns.
    pub(crate) follows_run: RwSignal<bool>,
    /// Whether there are trained weights that can be saved.
    pub(crate) can_save: RwSignal<bool>,
    pub(crate) personalization: Personalization,
    /// The model that the recognizer was asked to load last.
    requested_model: StoredValue<Option<ModelFile>, LocalStorage>,
    /// The newest weights of the run, with their card.
    pub(crate) trained: StoredValue<Option<TrainedWeights>, LocalStorage>,
    recognizer: StoredValue<Option<Recognizer<BrowserHost, ModelFile>>, LocalStorage>,
    pool: StoredValue<Option<Pool<BrowserHost>>, LocalStorage>,
    trainer: StoredValue<Option<TrainerShell>, LocalStorage>,
    storage: StoredValue<Option<Storage>, LocalStorage>,
}

impl Session {
    /// Starts the workers and opens the storage.
    pub(crate) fn begin() -> Self {
        let form = Form::new();
        let session = Self {
            form,
            drawing: DrawingState::new(),
            active_model: RwSignal::new(None),
            run: RwSignal::new(RunView::new(TrainConfig::default())),
            site: RwSignal::new(None),
            models: RwSignal::new_local(Vec::new()),
            drawings: RwSignal::new_local(Vec::new()),
            data_sets: RwSignal::new(Vec::new()),
            shipped: RwSignal::new_local(Vec::new()),
            storage_lasts: RwSignal::new(None),
            notices: RwSignal::new_local(Vec::new()),
            runs: Runs::new(),
            queue: QueueStore::new(),
            ties: RunTies::new(),
            follows_run: RwSignal::new(false),
            can_save: RwSignal::new(false),
            personalization: Personalization::new(),
            requested_model: StoredValue::new_local(None),
            trained: StoredValue::new_local(None),
            recognizer: StoredValue::new_local(None),
            pool: StoredValue::new_local(None),
            trainer: StoredValue::new_local(None),
            storage: StoredValue::new_local(None),
        };
        let host = Rc::new(BrowserHost);
        let recognizer = Recognizer::start(Rc::clone(&host), move |event| session.on_recognizer_event(event));
        let trainer = TrainerShell::new(Rc::clone(&host), recognizer.clone(), session.run, move |update| {
            session.on_run_update(update);
        });
        session.recognizer.set_value(Some(recognizer));
        session.trainer.set_value(Some(trainer));
        session.pool.set_value(Some(Pool::new(host, MAX_POOL_WORKERS)));
        if let Some(radius) = browser::preference(PEN_KEY).and_then(|radius| radius.parse().ok()) {
            session.draw(None, |drawing| drawing.set_pen_radius(radius));
        }
        session.watch_runs();
        spawn_local(session.read_site());
        spawn_local(session.open_storage());
        session
    }

    async fn read_site(self) {
        match Site::fetch().await {
            Ok(site) => {
                if !site.mnist && self.form.data.get_untracked() == DataChoice::Mnist {
                    self.form.set_data(DataChoice::BuiltIn { train_images: 20_000 });
                }
                self.site.set(Some(site));
            }
            Err(text) => self.report_trouble(text),
        }
    }

    async fn open_storage(self) {
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
        .await;
        self.storage_lasts.set(Some(storage.is_lasting()));
        if let Some(sets) = self.report_error(storage.all().await) {
            self.data_sets.set(sets);
        }
        if let Some(drawings) = self.report_error(storage.all().await) {
            self.drawings.set(drawings);
        }
        if let Some(models) = self.report_error(storage.all::<SavedModel>().await) {
            let wanted = browser::preference(ACTIVE_MODEL_KEY);
            let model = models.iter().find(|model| wanted.as_ref() == Some(&model.id)).cloned();
            self.models.set(models);
            self.storage.set_value(Some(storage.clone()));
            if let (Some(model), true) = (model, self.has_only_default_model()) {
                self.activate_saved(&model).await;
            }
        }
        self.storage.set_value(Some(storage.clone()));
        self.open_runs(&storage).await;
    }

    /// Whether no model was requested yet, or only the one that is used until another is chosen.
    pub(crate) fn has_only_default_model(self) -> bool {
        self.requested_model.with_value(|requested| {
            requested.as_ref().is_none_or(|model| model.id.as_deref() == Some(SHIPPED[0].id))
        })
    }

    /// Uses a shipped model until another is chosen, or because the user chose it before, and finds out what it is.
    async fn add_shipped(self, Shipped { id, name, .. }: &Shipped, file: Arc<Vec<u8>>) {
        let is_wanted = browser::preference(ACTIVE_MODEL_KEY).as_deref() == Some(id) || *id == SHIPPED[0].id;
        if is_wanted && self.has_only_default_model() {
            let bytes = Arc::clone(&file);
            self.activate(ModelFile { id: Some((*id).into()), name: (*name).into(), bytes });
        }
        match self.inspect(Arc::clone(&file)).await {
            Ok(inspected) => self.shipped.update(|all| {
                let card = inspected.content.card;
                let (id, name) = ((*id).into(), (*name).into());
                all.push(SavedModel { id, name, saved_ms: 0.0, card, bytes: ModelBytes::Here(file) });
            }),
            Err(error) => self.report_trouble(words::job_error(&error)),
        }
    }

    // ---- ink ----

    /// Puts the pen down. `event_ms` is the time of the pointer event.
    pub(crate) fn pen_down(self, point: Point, event_ms: f64) {
        self.draw(Some(event_ms), |drawing| drawing.pen_down(point));
    }

    /// Moves the pen through points. `event_ms` is the time of the last one.
    pub(crate) fn pen_move(self, points: &[Point], event_ms: f64) {
        self.draw(Some(event_ms), |drawing| points.iter().for_each(|&point| drawing.pen_move(point)));
    }

    /// Changes the pen, now and after a reload.
    pub(crate) fn set_pen_radius(self, radius: f32) {
        self.draw(None, |drawing| drawing.set_pen_radius(radius));
        browser::set_preference(PEN_KEY, &radius.to_string());
    }

    /// Undoes the last stroke.
    pub(crate) fn undo(self) {
        // The drawing under a picture is left alone.
        if self.drawing.picture.with_untracked(Option::is_some) {
            return;
        }
        self.draw(None, |drawing| {
            drawing.undo();
        });
    }

    /// Clears the drawing, or closes the picture.
    pub(crate) fn clear(self) {
        if self.drawing.picture.with_untracked(Option::is_some) {
            return self.show(None);
        }
        self.draw(None, |drawing| {
            drawing.clear();
        });
    }

    fn draw(self, event_ms: Option<f64>, change: impl FnOnce(&mut Drawing)) {
        self.with_recognizer(|recognizer| self.drawing.draw(recognizer, event_ms, change));
    }

    /// Shows a picture, or the drawing again.
    pub(crate) fn show(self, picture: Option<PictureInput>) {
        self.with_recognizer(|recognizer| self.drawing.show(recognizer, picture));
    }

    /// Shows a picture file, if it is one.
    pub(crate) fn open_picture(self, file: File) {
        spawn_local(async move {
            match pictures::decode(&file).await {
                Ok(Decoded { picture, is_first_of_several }) => {
                    if is_first_of_several {
                        self.notify(format!("{} moves: its first picture is read.", file.name()), None);
                    }
                    self.show(Some(PictureInput::new(picture)));
                }
                Err(text) => self.report_trouble(text),
            }
        });
    }

    // ---- labelled drawings ----

    /// What a class of the model in use is called.
    pub(crate) fn class_name(self, class: usize) -> String {
        self.active_model.with(|model| {
            model.as_ref().map_or_else(|| class.to_string(), |model| model.card.class_name(class))
        })
    }

    /// Keeps a drawing.
    pub(crate) fn keep_drawing(self, drawing: LabelledDrawing) {
        spawn_local(async move {
            self.add_drawing(drawing).await;
        });
    }

    /// Keeps a drawing and says so, with a way back; whether it could be kept.
    async fn add_drawing(self, drawing: LabelledDrawing) -> bool {
        if !self.put(&drawing).await {
            return false;
        }
        let (id, label) = (drawing.id.clone(), drawing.label);
        self.drawings.update(|drawings| drawings.insert(0, drawing));
        let count = self.drawings.with_untracked(Vec::len);
        let undo = Rc::new(move || self.delete_drawing(id.clone()));
        // Several of these would cover the page.
        self.notices.update(|notices| notices.retain(|notice| !notice.text.starts_with("Kept as")));
        let text = format!("Kept as {label}: {} in \"My hand\".", metrics::counted(count as u32, "drawing"));
        self.notify(text, Some(("Undo", undo)));
        true
    }

    /// Keeps the selected digit with this label.
    pub(crate) fn label_digit(self, label: u8) {
        let Some(digit) = self.drawing.settled_digit() else { return };
        let strokes = self.drawing.strokes_of_one_digit();
        let is_whole_drawing = !strokes.is_empty();
        let version = self.drawing.ink_version.get_untracked();
        let is_held_back = self.drawings.with_untracked(|drawings| holds_back(drawings, label));
        let drawing =
            LabelledDrawing::new(label, digit.prediction.class, &digit.image, strokes, is_held_back);
        spawn_local(async move {
            if !self.add_drawing(drawing).await {
                return;
            }
            // Make room for the next one, unless the user has begun it already.
            if is_whole_drawing && self.drawing.ink_version.get_untracked() == version {
                self.clear();
            }
        });
    }

    /// Deletes a drawing.
    pub(crate) fn delete_drawing(self, id: String) {
        spawn_local(async move {
            let Some(storage) = self.opened_storage() else { return };
            if self.report_error(storage.delete::<LabelledDrawing>(&id).await).is_some() {
                self.drawings.update(|drawings| drawings.retain(|drawing| drawing.id != id));
            }
        });
    }

    // ---- workers ----

    /// Workers for jobs that take a while.
    pub(crate) fn pool(self) -> Result<Pool<BrowserHost>, JobError> {
        self.pool.get_value().ok_or_else(|| JobError::NoWorker(STARTING.into()))
    }

    /// Makes a call that takes a moment.
    async fn call<C: Call>(self, request: Delivery<C>) -> Result<Delivery<C::Reply>, JobError> {
        let recognizer = self.recognizer.get_value();
        let recognizer = recognizer.ok_or_else(|| JobError::NoWorker(STARTING.into()))?;
        recognizer.call(request).await
    }

    pub(crate) async fn inspect(self, file: Arc<Vec<u8>>) -> Result<Delivery<Inspected>, JobError> {
        let mut blobs = Blobs::new();
        let content = Inspect { model: blobs.add(file) };
        self.call(Delivery { content, blobs }).await
    }

    /// A model's file with 16 bits a weight.
    pub(crate) async fn round_to_half(self, file: Arc<Vec<u8>>) -> Result<Vec<u8>, JobError> {
        let mut blobs = Blobs::new();
        let content = RoundToHalf { model: blobs.add(file) };
        self.written(Delivery { content, blobs }).await
    }

    /// The labelled drawings as a file.
    pub(crate) async fn export_drawings(self, format: ExportFormat) -> Result<Vec<u8>, JobError> {
        let mut blobs = Blobs::new();
        let images = self
            .drawings
            .with_untracked(|drawings| labelled_drawings::attach(drawings.iter().rev(), &mut blobs));
        self.written(Delivery { content: Export { format, images }, blobs }).await
    }

    async fn written<C: Call<Reply = Written>>(self, request: Delivery<C>) -> Result<Vec<u8>, JobError> {
        let mut reply = self.call(request).await?;
        let file = reply.content.file;
        Ok(reply.take(file)?)
    }

    // ---- models ----

    /// Uses a model for drawing. It becomes the active one once the worker has read it.
    pub(crate) fn activate(self, model: ModelFile) {
        self.requested_model.set_value(Some(model.clone()));
        let bytes = Arc::clone(&model.bytes);
        self.with_recognizer(|recognizer| recognizer.load(model, bytes));
    }

    /// Uses a model for drawing, now and after a reload.
    pub(crate) fn use_model(self, model: ModelFile) {
        browser::set_preference(ACTIVE_MODEL_KEY, model.id.as_deref().unwrap_or_default());
        self.activate(model);
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
    async fn activate_saved(self, model: &SavedModel) {
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
        let Some((file, card)) = self.trained.get_value() else { return };
        self.save_as_model(card.short(), card, file);
    }

    /// Saves weights under a name of their own, and uses them.
    pub(crate) fn save_as_model(self, name: String, card: ModelCard, file: Arc<Vec<u8>>) {
        browser::ask_for_persistence();
        let model = SavedModel::new(name, card, Arc::clone(&file));
        spawn_local(async move {
            if self.save(&model).await {
                self.notify(format!("Saved as \"{}\".", model.name), None);
                self.use_model(model.to_file(file));
            }
        });
    }

    /// Saves a model from a file, if it can be used.
    pub(crate) fn import(self, file: File) {
        spawn_local(async move {
            let imported = async {
                let failed = |error: &JobError| format!("{}: {}", file.name(), words::job_error(error));
                let bytes = Arc::new(browser::read_file(&file, MAX_WEIGHTS_MIB).await?);
                let mut found = self.inspect(Arc::clone(&bytes)).await.map_err(|error| failed(&error))?;
                // With its card, where it had none.
                let written = found.content.file.map(|file| found.take(file)).transpose();
                let written = written.map_err(|error| failed(&error.into()))?;
                let Inspected { card, tried, .. } = found.content;
                Ok((written.map_or(bytes, Arc::new), card, tried))
            };
            match imported.await {
                Ok((bytes, card, tried)) => {
                    let found =
                        tried.map_or_else(String::new, |tried| words::tried(&tried, &card.preprocessing));
                    let name = file.name();
                    let name = name.strip_suffix(".safetensors").unwrap_or(&name).to_owned();
                    let model = SavedModel::new(name, card, bytes);
                    if self.save(&model).await {
                        self.notify(format!("Imported \"{}\".{found}", model.name), None);
                    }
                }
                Err::<_, String>(text) => {
                    self.report_trouble(format!("{text} The model in use is unchanged."));
                }
            }
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
        self.models.update(|models| {
            models.retain(|known| known.id != model.id);
            // The newest first, as the storage lists them. Weights are read when they are used.
            let index = models.partition_point(|known| known.saved_ms > model.saved_ms);
            models.insert(index, SavedModel { bytes: ModelBytes::Stored, ..model.clone() });
        });
        true
    }

    /// The storage, once it is open.
    pub(crate) fn storage_if_open(self) -> Option<Storage> {
        self.storage.get_value()
    }

    /// The storage. If it is still opening, that is reported.
    pub(crate) fn opened_storage(self) -> Option<Storage> {
        let storage = self.storage.get_value();
        if storage.is_none() {
            self.report_trouble("The browser's storage is still opening. Try again in a moment.".into());
        }
        storage
    }

    async fn put<R: Record>(self, record: &R) -> bool {
        let Some(storage) = self.opened_storage() else { return false };
        self.report_error(storage.put(record).await).is_some()
    }

    /// Renames a model.
    pub(crate) async fn rename(self, model: &SavedModel, name: String) {
        let renamed = SavedModel { name, ..model.clone() };
        if !self.save(&renamed).await {
            return;
        }
        self.active_model.update(|active| {
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
        self.models.update(|models| models.retain(|known| known.id != id));
        true
    }

    /// Deletes a model; the notice offers to undo that.
    pub(crate) fn delete(self, model: SavedModel) {
        spawn_local(async move {
            // Read before they are gone: the notice brings them back.
            let Some(bytes) = self.bytes_of(&model).await else { return };
            if !self.delete_saved(&model.id).await {
                return;
            }
            let model = SavedModel { bytes: ModelBytes::Here(bytes), ..model };
            let text = format!("Deleted \"{}\".", model.name);
            let undo = Rc::new(move || {
                let model = model.clone();
                spawn_local(async move {
                    self.save(&model).await;
                });
            });
            self.notify(text, Some(("Undo delete", undo)));
        });
    }

    // ---- training ----

    pub(crate) fn with_trainer(self, act: impl FnOnce(&TrainerShell)) {
        // Cloned, because what is done may come back to the session.
        if let Some(trainer) = self.trainer.get_value() {
            act(&trainer);
        }
    }

    fn with_recognizer(self, act: impl FnOnce(&Recognizer<BrowserHost, ModelFile>)) {
        if let Some(recognizer) = self.recognizer.get_value() {
            act(&recognizer);
        }
    }

    // ---- events ----

    fn on_recognizer_event(self, event: RecognizerEvent<ModelFile>) {
        match event {
            RecognizerEvent::Predicted { number, predictions } => {
                self.with_recognizer(|recognizer| {
                    self.drawing.on_predictions(recognizer, number, &predictions);
                });
            }
            RecognizerEvent::Loaded { model, card } => {
                self.active_model.set(Some(ActiveModel { file: model, card: *card }));
                self.with_recognizer(|recognizer| self.drawing.recognize(recognizer));
            }
            RecognizerEvent::LoadFailed { model, error } => {
                self.report_trouble(format!("{}: {}", model.name, words::job_error(&error)));
            }
            RecognizerEvent::PredictFailed(error) => self.report_trouble(words::job_error(&error)),
            RecognizerEvent::GaveUp(error) => self.report_trouble(words::no_recognizer(&error)),
        }
    }

    // ---- notices ----

    /// Tells the user something.
    pub(crate) fn notify(self, text: String, action: Option<Action>) {
        self.push_notice(text, false, action);
    }

    /// Tells the user that something went wrong.
    pub(crate) fn report_trouble(self, text: String) {
        self.push_notice(text, true, None);
    }

    pub(crate) fn report_error<T>(self, result: Result<T, StorageError>) -> Option<T> {
        result.map_err(|error| self.report_trouble(error.to_string())).ok()
    }

    fn push_notice(self, text: String, is_trouble: bool, action: Option<Action>) {
        const MAX_NOTICES: usize = 4;
        self.notices.update(|notices| {
            // The same text is shown once, but each action belongs to its own notice.
            notices.retain(|notice| notice.text != text || notice.action.is_some());
            let id = notices.iter().map(|notice| notice.id + 1).max().unwrap_or(0);
            notices.push(Notice { id, text, is_trouble, action });
            let extra = notices.len().saturating_sub(MAX_NOTICES);
            notices.drain(..extra);
        });
    }
}

/// The data set at hand: MNIST, if the site has it.
pub(crate) fn default_data(session: &Session) -> DataSource {
    let has_mnist = session.site.with_untracked(|site| site.as_ref().is_some_and(|site| site.mnist));
    data_source(if has_mnist { DataChoice::Mnist } else { DataChoice::BuiltIn { train_images: 6_000 } })
}

/// Whether a model came with the site: it can be neither renamed nor deleted.
pub(crate) fn is_shipped(id: &str) -> bool {
    SHIPPED.iter().any(|shipped| shipped.id == id)
}
