//! What the page knows, shared by its parts for as long as it is open.

use std::{rc::Rc, sync::Arc};

use ink::{Drawing, Point};
use leptos::prelude::*;
use protocol::{Backend, DataSource, ExportFormat, ToWorker};
use recipe::{DataChoice, ModelCard};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::{
    browser,
    collection::{Collected, holds_back},
    desk::{Desk, Shot},
    engine::{Reader, ReaderEvent, RunView, Site, Trainer, TrainerEvent},
    form::Form,
    lesson::LessonView,
    library::Kept,
    pictures::{self, Decoded},
    storage::{Record, Storage, StorageError},
};

/// Weights that the project ships.
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
/// Largest file of weights that is read; the worker, which knows every architecture, holds it to less.
const MAX_WEIGHTS_MIB: u32 = 64;
/// Identifier of the model that is kept by itself after every epoch.
const LAST_RUN_ID: &str = "last-run";
/// Preference: the model that was in use last.
const IN_USE_KEY: &str = "inkling.model";
/// Preference: the pen's radius.
const PEN_KEY: &str = "inkling.pen";

/// The model that Draw uses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InUse {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) card: ModelCard,
}

/// Weights that the reader was given.
#[derive(Clone, Default)]
pub(crate) struct Given {
    /// Of a kept model.
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    /// Empty before the first ones have come.
    pub(crate) file: Arc<Vec<u8>>,
}

impl Given {
    /// Whether it came with the site.
    pub(crate) fn is_shipped(&self) -> bool {
        SHIPPED.iter().any(|shipped| self.id.as_deref() == Some(shipped.id))
    }
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
    pub(crate) desk: Desk,
    pub(crate) in_use: RwSignal<Option<InUse>>,
    pub(crate) run: RwSignal<RunView>,
    pub(crate) site: RwSignal<Option<Site>>,
    pub(crate) models: RwSignal<Vec<Kept>, LocalStorage>,
    /// The drawings that are kept, the newest first.
    pub(crate) drawings: RwSignal<Vec<Collected>, LocalStorage>,
    /// The models that the site came with, once they are here.
    pub(crate) shipped: RwSignal<Vec<Kept>, LocalStorage>,
    /// Whether models survive the page; unknown at first.
    pub(crate) storage_lasts: RwSignal<Option<bool>>,
    pub(crate) notices: RwSignal<Vec<Notice>, LocalStorage>,
    /// Whether there are trained weights that can be saved.
    pub(crate) can_save: RwSignal<bool>,
    pub(crate) lesson: LessonView,
    /// The weights that the reader was given last.
    given: StoredValue<Given, LocalStorage>,
    trained: StoredValue<Option<Trained>, LocalStorage>,
    reader: StoredValue<Option<Reader>, LocalStorage>,
    trainer: StoredValue<Option<Trainer>, LocalStorage>,
    storage: StoredValue<Option<Storage>, LocalStorage>,
}

impl Session {
    /// Starts the workers and opens the storage.
    pub(crate) fn begin() -> Self {
        let session = Self {
            form: Form::new(),
            desk: Desk::new(),
            in_use: RwSignal::new(None),
            run: RwSignal::new(RunView::idle()),
            site: RwSignal::new(None),
            models: RwSignal::new_local(Vec::new()),
            drawings: RwSignal::new_local(Vec::new()),
            shipped: RwSignal::new_local(Vec::new()),
            storage_lasts: RwSignal::new(None),
            notices: RwSignal::new_local(Vec::new()),
            can_save: RwSignal::new(false),
            lesson: LessonView::new(),
            given: StoredValue::new_local(Given::default()),
            trained: StoredValue::new_local(None),
            reader: StoredValue::new_local(None),
            trainer: StoredValue::new_local(None),
            storage: StoredValue::new_local(None),
        };
        let reader = Reader::start(move |event| session.hear_reader(event));
        let trainer = Trainer::new(reader.clone(), session.run, move |event| session.hear_trainer(event));
        session.reader.set_value(Some(reader));
        session.trainer.set_value(Some(trainer));
        if let Some(radius) = browser::preference(PEN_KEY).and_then(|radius| radius.parse().ok()) {
            session.draw(None, |drawing| drawing.set_pen_radius(radius));
        }
        spawn_local(session.look_at_site());
        spawn_local(session.open_storage());
        session
    }

    async fn look_at_site(self) {
        match Site::fetch().await {
            Ok(site) => {
                if !site.mnist && self.form.data.get_untracked() == DataChoice::Mnist {
                    self.form.set_data(DataChoice::BuiltIn { train_images: 20_000 });
                }
                self.site.set(Some(site));
            }
            Err(text) => self.trouble(text),
        }
    }

    async fn open_storage(self) {
        // The shipped weights come while the database opens.
        spawn_local(async move {
            for shipped in &SHIPPED {
                match browser::fetch(shipped.path, false).await {
                    Ok(file) => self.take_shipped(shipped, file).await,
                    Err(text) => self.trouble(text),
                }
            }
        });
        let storage = Storage::open(move || {
            self.trouble(
                "Close Inkling's other tabs: an older one keeps your models and drawings to itself.".into(),
            );
        })
        .await;
        self.storage_lasts.set(Some(storage.is_lasting()));
        if let Some(drawings) = self.told(storage.all().await) {
            self.drawings.set(drawings);
        }
        if let Some(models) = self.told(storage.all::<Kept>().await) {
            let wanted = browser::preference(IN_USE_KEY);
            let model = models.iter().find(|model| wanted.as_ref() == Some(&model.id));
            if let (Some(model), true) = (model, self.is_given_nothing_better()) {
                self.give(Some(model.id.clone()), model.name.clone(), Arc::clone(&model.file));
            }
            self.models.set(models);
        }
        self.storage.set_value(Some(storage));
    }

    /// Whether no weights are in use yet, or the shipped ones.
    fn is_given_nothing_better(self) -> bool {
        self.given.with_value(|given| given.file.is_empty() || given.id.as_deref() == Some(SHIPPED[0].id))
    }

    /// Uses shipped weights until others are chosen, or where these were, and finds out what they are.
    async fn take_shipped(self, Shipped { id, name, .. }: &Shipped, file: Vec<u8>) {
        let is_wanted = browser::preference(IN_USE_KEY).as_deref() == Some(id) || *id == SHIPPED[0].id;
        if is_wanted && self.is_given_nothing_better() {
            self.give(Some((*id).into()), (*name).into(), Arc::new(file.clone()));
        }
        let Some(reader) = self.reader.get_value() else { return };
        match reader.inspect(file).await {
            Ok((file, card)) => self.shipped.update(|all| {
                let (id, name) = ((*id).into(), (*name).into());
                all.push(Kept { id, name, saved_ms: 0.0, card, file: Arc::new(file) });
            }),
            Err(text) => self.trouble(text),
        }
    }

    // ---- ink ----

    /// Puts the pen down at a time of the clock of events.
    pub(crate) fn pen_down(self, point: Point, event_ms: f64) {
        self.draw(Some(event_ms), |drawing| drawing.pen_down(point));
    }

    /// Moves the pen through points, the last of them at this time.
    pub(crate) fn pen_move(self, points: &[Point], event_ms: f64) {
        self.draw(Some(event_ms), |drawing| points.iter().for_each(|&point| drawing.pen_move(point)));
    }

    /// Takes another pen, now and after a reload.
    pub(crate) fn set_pen_radius(self, radius: f32) {
        self.draw(None, |drawing| drawing.set_pen_radius(radius));
        browser::set_preference(PEN_KEY, &radius.to_string());
    }

    /// Takes back the last stroke.
    pub(crate) fn undo(self) {
        // The drawing under a picture is left alone.
        if self.desk.shot.with_untracked(Option::is_some) {
            return;
        }
        self.draw(None, |drawing| {
            drawing.undo();
        });
    }

    /// Takes back everything, or the picture.
    pub(crate) fn clear(self) {
        if self.desk.shot.with_untracked(Option::is_some) {
            return self.show(None);
        }
        self.draw(None, |drawing| {
            drawing.clear();
        });
    }

    fn draw(self, event_ms: Option<f64>, change: impl FnOnce(&mut Drawing)) {
        self.with_reader(|reader| self.desk.draw(reader, event_ms, change));
    }

    /// Puts a picture on the desk, or takes it off.
    pub(crate) fn show(self, shot: Option<Shot>) {
        self.with_reader(|reader| self.desk.show(reader, shot));
    }

    /// Puts a picture file on the desk, where it is one.
    pub(crate) fn open_picture(self, file: File) {
        spawn_local(async move {
            match pictures::decode(&file).await {
                Ok(Decoded { picture, is_first_of_several }) => {
                    if is_first_of_several {
                        self.notice(format!("{} moves: its first picture is read.", file.name()), None);
                    }
                    self.show(Some(Shot::new(picture)));
                }
                Err(text) => self.trouble(text),
            }
        });
    }

    // ---- drawings ----

    /// Keeps the chosen digit as what its person says it is.
    pub(crate) fn collect(self, label: u8) {
        let Some(digit) = self.desk.settled_digit() else { return };
        let strokes = self.desk.strokes_of_one_digit();
        let is_whole = !strokes.is_empty();
        let version = self.desk.ink_version.get_untracked();
        let is_held_back = self.drawings.with_untracked(|drawings| holds_back(drawings, label));
        let drawing = Collected::new((label, digit.reading.digit), &digit.image, strokes, is_held_back);
        spawn_local(async move {
            if !self.put(&drawing).await {
                return;
            }
            let id = drawing.id.clone();
            self.drawings.update(|drawings| drawings.insert(0, drawing));
            let count = self.drawings.with_untracked(Vec::len);
            let undo = Rc::new(move || self.discard(id.clone()));
            // One after the other would cover the page.
            self.notices.update(|notices| notices.retain(|notice| !notice.text.starts_with("Kept as")));
            let text =
                format!("Kept as {label}: {} in \"My hand\".", gauge::counted(count as u32, "drawing"));
            self.notice(text, Some(("Undo", undo)));
            // The paper is free for the next one, where that has not been begun.
            if is_whole && self.desk.ink_version.get_untracked() == version {
                self.clear();
            }
        });
    }

    /// Deletes a drawing.
    pub(crate) fn discard(self, id: String) {
        spawn_local(async move {
            let Some(storage) = self.opened() else { return };
            if self.told(storage.delete::<Collected>(&id).await).is_some() {
                self.drawings.update(|drawings| drawings.retain(|drawing| drawing.id != id));
            }
        });
    }

    // ---- models ----

    /// Uses weights for drawing.
    fn give(self, id: Option<String>, name: String, file: Arc<Vec<u8>>) {
        self.with_reader(|reader| reader.load(Arc::clone(&file)));
        self.given.set_value(Given { id, name, file });
    }

    /// The weights that drawings are read with.
    pub(crate) fn given(self) -> Given {
        self.given.get_value()
    }

    /// Goes back to weights that were in use before.
    pub(crate) fn give_again(self, given: Given) {
        browser::set_preference(IN_USE_KEY, given.id.as_deref().unwrap_or_default());
        self.give(given.id, given.name, given.file);
    }

    /// A file of weights with 16 bits to a weight; the error is for people.
    pub(crate) async fn halved(self, file: Vec<u8>) -> Result<Vec<u8>, String> {
        self.written(ToWorker::Halve, vec![file]).await
    }

    /// Kept drawings as a file; the error is for people.
    pub(crate) async fn exported(self, format: ExportFormat) -> Result<Vec<u8>, String> {
        let buffers = self.drawings.with_untracked(|drawings| labelled(drawings.iter().rev()));
        self.written(|job| ToWorker::Export(job, format), buffers).await
    }

    async fn written(
        self,
        message: impl FnOnce(u32) -> ToWorker,
        buffers: Vec<Vec<u8>>,
    ) -> Result<Vec<u8>, String> {
        let reader = self.reader.get_value().ok_or("The page is still starting. Try again in a moment.")?;
        reader.write(message, buffers).await
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
        if !self.put(model).await {
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

    /// The storage; where it is still opening, that is said.
    fn opened(self) -> Option<Storage> {
        let storage = self.storage.get_value();
        if storage.is_none() {
            self.trouble("The browser's storage is still opening. Try again in a moment.".into());
        }
        storage
    }

    async fn put<R: Record>(self, record: &R) -> bool {
        let Some(storage) = self.opened() else { return false };
        self.told(storage.put(record).await).is_some()
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
    pub(crate) async fn forget(self, id: &str) -> bool {
        let Some(storage) = self.opened() else { return false };
        if self.told(storage.delete::<Kept>(id).await).is_none() {
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

    fn told<T>(self, result: Result<T, StorageError>) -> Option<T> {
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
            ReaderEvent::Read { number, readings } => {
                self.with_reader(|reader| self.desk.take(reader, number, &readings));
            }
            ReaderEvent::Loaded(card) => {
                let Given { id, name, .. } = self.given.get_value();
                self.in_use.set(Some(InUse { id, name, card: *card }));
                self.with_reader(|reader| self.desk.read(reader));
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

/// The data that the page has at hand: MNIST, where the site holds it.
pub(crate) fn usual_data(session: &Session) -> DataSource {
    let has_mnist = session.site.with_untracked(|site| site.as_ref().is_some_and(|site| site.mnist));
    let choice = if has_mnist { DataChoice::Mnist } else { DataChoice::BuiltIn { train_images: 6_000 } };
    DataSource { choice, mnist_url: browser::site_url("data/mnist/"), file_names: Vec::new() }
}

/// Drawings as a worker takes them: grey levels, then labels.
pub(crate) fn labelled<'a>(drawings: impl Iterator<Item = &'a Collected> + Clone) -> Vec<Vec<u8>> {
    let levels = drawings.clone().flat_map(|drawing| drawing.image).collect();
    vec![levels, drawings.map(|drawing| drawing.label).collect()]
}

/// Whether a model came with the site: it can be neither renamed nor deleted.
pub(crate) fn is_shipped(model: &Kept) -> bool {
    SHIPPED.iter().any(|shipped| shipped.id == model.id)
}

/// How people call a device.
pub(crate) const fn backend_title(backend: Backend) -> &'static str {
    match backend {
        Backend::Cpu => "CPU",
        Backend::WebGpu => "WebGPU",
    }
}
