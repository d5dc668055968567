//! What a person does with runs: start, go on, repeat, queue, use, delete. Each command may touch several stores.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use browser_storage::{Storage, StorageError, Writes, new_id};
use experiments::{Curve, Queue, QueueItem, RunGroup, RunRecord, RunStatus, SweepSpec};
use leptos::prelude::*;
use model_card::ModelCard;
use serde::{Deserialize, Serialize};
use train_config::{DataChoice, LiveChange, StopReason, TrainConfig};
use wasm_bindgen::{JsCast as _, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use worker_client::{EpochResult, Failure, Phase, Preparation, RunUpdate, RunView, SavedState};

use super::models::ACTIVE_MODEL_KEY;
use crate::{
    browser,
    engine::{RunRequest, TrainerShell},
    lab::Lab,
    locks::{self, Asked},
    saved_models::ModelFile,
    state::{
        kept_run::{KeptQueue, KeptRun},
        run_log::RunLog,
        runs::{RUN_PREFIX, RunPlan, lock_name},
    },
    words,
};

/// Least time between two looks at the run under way: a record and a curve are copied for each.
const SHOW_MS: f64 = 500.0;
/// Held by the tab that takes runs out of the queue.
const QUEUE_LOCK: &str = "inkling-queue";
/// How long a deleted run can be brought back before its weights are deleted.
const UNDO_MS: u32 = 60_000;

/// What a tab tells the others.
#[derive(Serialize, Deserialize)]
enum Told {
    /// A run that this tab trains.
    Run {
        record: Box<RunRecord>,
        /// The curve in the storage has grown.
        is_stored: bool,
    },
    /// A run that is gone.
    Gone { id: String },
    /// The queue in the storage has changed.
    Queue,
}

/// What there is of a run that goes on; nothing of one that begins.
#[derive(Default)]
struct Begun {
    curve: Curve,
    /// In how many pieces the curve is stored.
    pieces: u32,
    saved: Option<SavedState>,
}

/// The lock of a run that nobody else knows yet; none where the browser has no locks.
async fn own_lock(id: &str) -> Option<locks::Held> {
    match locks::ask(&lock_name(id)).await {
        Asked::Held(held) => held,
        Asked::Taken => None,
    }
}

impl Lab {
    // ---- the page's life ----

    /// Watches the run under way, the page's visibility and the other tabs.
    pub(crate) fn watch_runs(self) {
        Effect::new(move |before: Option<bool>| {
            let (is_busy, phase) = self.training.view.with(|run| (run.is_busy(), run.phase.clone()));
            if before == Some(true) && !is_busy {
                self.on_run_end(phase);
            }
            is_busy
        });
        let hidden = Closure::<dyn Fn()>::new(move || {
            let is_hidden = browser::window().document().is_some_and(|document| document.hidden());
            if is_hidden {
                // The last event that every browser delivers before a tab is gone.
                self.workers.with_trainer(TrainerShell::save);
            }
        });
        if let Some(document) = browser::window().document() {
            // A page whose visibility cannot be watched still has a checkpoint every few seconds.
            let _ = document
                .add_event_listener_with_callback("visibilitychange", hidden.as_ref().unchecked_ref());
        }
        hidden.forget();
        let channel = locks::Channel::open("inkling-runs", move |text| {
            if let Ok(told) = serde_json::from_str(&text) {
                self.on_told(told);
            }
        });
        self.training.channel.set_value(channel);
    }

    /// Reads the runs and the queue, and offers what was interrupted.
    pub(crate) async fn open_runs(self, storage: &Storage) {
        let loaded = self.runs.load(storage).await;
        self.report_error(self.queue.load(storage).await);
        if self.report_error(loaded).is_none() {
            // Nothing can be said of what is not known, and nothing must be swept up.
            return;
        }
        let open: Vec<RunRecord> =
            self.runs.records.with_untracked(|all| all.iter().filter(|run| run.is_open()).cloned().collect());
        let mut interrupted = Vec::new();
        for record in open {
            if locks::is_held(&lock_name(&record.id)).await {
                self.note_elsewhere(record.id);
            } else if self.runs.live.get_untracked().as_ref() != Some(&record.id) {
                interrupted.push(record);
            }
        }
        if let Some(wanted) = browser::preference(ACTIVE_MODEL_KEY)
            && let Some(id) = wanted.strip_prefix(RUN_PREFIX)
            && self.models.has_only_default()
        {
            self.draw_with_run(id.to_owned()).await;
        }
        let by_hand: Vec<&RunRecord> = interrupted.iter().filter(|record| !record.is_queued).collect();
        match by_hand[..] {
            [] => {}
            [record] => {
                let id = record.id.clone();
                let go_on = Rc::new(move || self.go_on(id.clone()));
                let (steps, name) = (record.saved.map_or(0, |saved| saved.steps_done), &record.name);
                let text = format!("Run {name} was interrupted. You can resume it from step {steps}.");
                self.notify(text, Some(("Resume", go_on)));
            }
            [..] => {
                let text = format!("{} runs were interrupted. Resume them on the Runs page.", by_hand.len());
                self.notify(text, None);
            }
        }
        self.pump_queue();
        self.report_error(self.runs.sweep_up(storage).await);
    }

    /// Notes that another tab trains a run, until that tab is done with it or gone.
    fn note_elsewhere(self, id: String) {
        if self.runs.elsewhere.with_untracked(|ids| ids.contains(&id)) {
            return;
        }
        self.runs.elsewhere.update(|ids| ids.push(id.clone()));
        spawn_local(async move {
            locks::wait_until_free(&lock_name(&id)).await;
            self.runs.elsewhere.update(|ids| ids.retain(|known| *known != id));
            if let Some(storage) = self.kept.storage() {
                self.report_error(self.runs.load_one(&storage, &id).await);
            }
            self.pump_queue();
        });
    }

    fn on_told(self, told: Told) {
        match told {
            Told::Run { record, is_stored } => {
                let id = record.id.clone();
                if self.runs.live.get_untracked().as_ref() == Some(&id) {
                    return;
                }
                if record.is_open() {
                    self.note_elsewhere(id.clone());
                }
                // What this tab knew of it is older.
                self.forget_run(&id);
                if is_stored {
                    // Whoever shows it reads it anew.
                    self.runs.curves.update(|curves| drop(curves.remove(&id)));
                }
                self.runs.show(*record);
            }
            Told::Gone { id } => drop(self.runs.remove(&id)),
            Told::Queue => {
                let Some(storage) = self.kept.storage() else { return };
                spawn_local(async move {
                    self.report_error(self.queue.load(&storage).await);
                    self.pump_queue();
                });
            }
        }
    }

    /// Forgets what this tab had of a run that it trained.
    fn forget_run(self, id: &str) {
        if self.runs.log().is_some_and(|log| log.record().id == id) {
            self.runs.forget_log(id);
            self.training.trained.set_value(None);
            self.training.can_save.set(false);
        }
    }

    fn tell(self, told: &Told) {
        // A record can be written: it is stored in the same form.
        let Ok(text) = serde_json::to_string(told) else { return };
        self.training.channel.with_value(|channel| {
            if let Some(channel) = channel {
                channel.send(&text);
            }
        });
    }

    // ---- starting ----

    /// Starts the run that the form describes.
    pub(crate) fn start_training(self) {
        if self.is_training() {
            // One is being prepared at this moment.
            return;
        }
        match self.planned() {
            Ok(plan) => self.launch(&plan),
            Err(text) => self.workers.with_trainer(|trainer| trainer.reject(text)),
        }
    }

    /// The run that the form describes. The error is for people.
    pub(crate) fn planned(self) -> Result<RunPlan, String> {
        let (config, data) = self.form.read()?;
        let config = self.fitted(config, data)?;
        let device = self.form.device.get_untracked();
        let sessions = self.form.experiment.get_untracked().map_or(1, |experiment| experiment.sessions);
        let workers = self.form.read_workers()?;
        Ok(RunPlan { config, data, device, workers, sessions, group: None, is_queued: false })
    }

    /// A configuration whose network tells as many classes apart as the data set has.
    fn fitted(self, config: TrainConfig, data: DataChoice) -> Result<TrainConfig, String> {
        let DataChoice::Kept(hash) = data else { return Ok(config) };
        let Some(summary) = untrack(|| self.data_sets.get(hash)) else {
            return Err(
                "This data set is no longer saved in this browser. Choose another one, or import it again."
                    .into(),
            );
        };
        let classes = summary.classes();
        if config.network.classes() == classes {
            return Ok(config);
        }
        let network = model_spec::with_classes(&config.network.draft(), classes as u32).check();
        Ok(TrainConfig { network: network.map_err(|error| error.to_string())?, ..config })
    }

    /// What a data set is called.
    pub(crate) fn data_name(self, data: DataChoice) -> String {
        match data {
            DataChoice::Mnist => "MNIST".into(),
            DataChoice::BuiltIn { train_images } => {
                format!("{} built-in digits", metrics::grouped(train_images))
            }
            DataChoice::Kept(hash) => untrack(|| self.data_sets.get(hash))
                .map_or_else(|| "a data set that is not in this browser".into(), |summary| summary.name),
        }
    }

    /// Whether a run is under way or about to be.
    pub(crate) fn is_training(self) -> bool {
        self.training.is_starting.get_untracked() || self.training.view.with_untracked(RunView::is_busy)
    }

    /// Starts a run now, or after those that wait where one is under way.
    pub(crate) fn launch_or_queue(self, plan: RunPlan, title: String) {
        if !self.is_training() {
            return self.launch(&plan);
        }
        self.enqueue(vec![(title, plan)]);
    }

    /// Starts a run now.
    fn launch(self, plan: &RunPlan) {
        let record = self.runs.record_for(plan, self.data_name(plan.data));
        self.training.is_starting.set(true);
        // At once: what the last run says is no longer true.
        let phase = Phase::Preparing(Preparation::ChoosingDevice);
        self.training.view.set(RunView { phase, ..RunView::new(record.config.clone()) });
        spawn_local(async move {
            let held = own_lock(&record.id).await;
            self.training.is_starting.set(false);
            self.train(record, Begun::default(), held);
        });
    }

    /// Trains a run from its beginning, or from where it was. Its lock is held before any other tab hears of it.
    fn train(self, record: RunRecord, begun: Begun, held: Option<locks::Held>) {
        let Begun { curve, pieces, saved } = begun;
        // What can be saved from now on is this run.
        self.training.trained.set_value(None);
        self.training.can_save.set(false);
        self.training.is_unstored.set(false);
        let epochs = record.epochs.iter().map(|epoch| EpochResult {
            epoch: epoch.epoch,
            scores: epoch.scores,
            best_epoch: epoch.best_epoch,
        });
        let points = curve.points().iter().map(|point| (point.step, point.loss, point.accuracy));
        let view = RunView::new(record.config.clone()).with_history(points, epochs.collect());
        let view = RunView { steps: record.steps, ..view };
        let RunRecord { config, data, device, workers, sessions, .. } = record.clone();
        let log = self.runs.begin(record, curve, pieces);
        self.runs.hold(held);
        self.store_run(log);
        let request = RunRequest { config, data, device, workers, sessions, saved, view };
        self.workers.with_trainer(|trainer| trainer.start(request));
    }

    /// Has an interrupted or stopped run go on from its last checkpoint.
    pub(crate) fn go_on(self, id: String) {
        if self.is_training() {
            let text = "Another run is in progress. Stop it or let it finish first.";
            return self.report_trouble(text.into());
        }
        let Some(storage) = self.opened_storage() else { return };
        self.training.is_starting.set(true);
        spawn_local(async move {
            let asked = locks::ask(&lock_name(&id)).await;
            let Asked::Held(held) = asked else {
                self.training.is_starting.set(false);
                return self.report_trouble(
                    "This run is already training in another tab. Stop it there first.".into(),
                );
            };
            let found = self.report_error(self.runs.to_go_on(&storage, &id).await);
            self.training.is_starting.set(false);
            let Some(Some((record, curve, pieces, saved))) = found else {
                drop(held);
                self.give_up(&storage, &id).await;
                return self.report_trouble("This run has no saved checkpoint, so it cannot be resumed. Repeat it exactly to train it again.".into());
            };
            self.train(record, Begun { curve, pieces, saved }, held);
        });
    }

    /// A run of the queue that cannot go on must not hold up those behind it.
    async fn give_up(self, storage: &Storage, id: &str) {
        let why = "its checkpoint is missing";
        let change = |record: &mut RunRecord| {
            if record.is_queued && record.is_open() {
                record.status = RunStatus::Failed(why.into());
            }
        };
        self.report_error(self.runs.change(storage, id, change).await);
        if untrack(|| self.runs.get(id)).is_some_and(|record| record.is_queued) {
            self.pump_queue();
        }
    }

    /// Changes the run under way.
    pub(crate) fn change_run(self, change: LiveChange) -> Result<(), String> {
        let config = self.training.view.with_untracked(|run| run.config.clone());
        let step = config.changes.last().map_or(0, |last| last.step);
        config.changed(LiveChange { step, ..change }).map_err(|error| error.to_string())?;
        self.workers.with_trainer(|trainer| trainer.change(change));
        Ok(())
    }

    // ---- the run under way ----

    pub(crate) fn on_run_update(self, update: RunUpdate) {
        let Some(log) = self.runs.log() else { return };
        log.on_update(&update);
        match update {
            RunUpdate::Snapshot(weights) => {
                if self.training.follows.get_untracked() {
                    let name = format!("{} (being trained)", log.record().name);
                    self.activate(ModelFile { id: None, name, bytes: Arc::new(weights) });
                }
            }
            RunUpdate::Keep(weights, card) => self.keep_trained(&log, Arc::new(weights), *card),
            RunUpdate::Restarted(restart) => {
                self.report_trouble(words::restart(&restart));
                self.runs.show_log(&log);
            }
            RunUpdate::Points(_) => {
                let now_ms = browser::now_ms();
                if now_ms - self.training.shown_ms.get_value() >= SHOW_MS {
                    self.training.shown_ms.set_value(now_ms);
                    self.runs.show_log(&log);
                    self.tell(&Told::Run { record: Box::new(log.record()), is_stored: false });
                }
            }
            RunUpdate::Saved(_) => self.store_run(log),
            RunUpdate::Started { .. } | RunUpdate::Changed(_) | RunUpdate::EpochDone { .. } => {
                self.runs.show_log(&log);
            }
            RunUpdate::Begun | RunUpdate::Device(_) | RunUpdate::Reloaded(_) | RunUpdate::Resumed => {}
        }
    }

    /// Stores what is new of a run. A failure is said once a run: training goes on in memory.
    fn store_run(self, log: RunLog) {
        self.store_run_and_release(log, None);
    }

    /// The same; the run's lock is held until it is done.
    fn store_run_and_release(self, log: RunLog, held: Option<locks::Held>) {
        let Some(storage) = self.kept.storage() else { return };
        spawn_local(async move {
            let stored = log.store(&storage).await;
            drop(held);
            match stored {
                Ok(()) => self.tell(&Told::Run { record: Box::new(log.record()), is_stored: true }),
                Err(error) if !self.training.is_unstored.get_untracked() => {
                    self.training.is_unstored.set(true);
                    self.report_trouble(format!(
                        "{error} The run goes on in memory: save its model or export it before you leave the page."
                    ));
                }
                Err(_) => {}
            }
        });
    }

    fn keep_trained(self, log: &RunLog, weights: Arc<Vec<u8>>, card: ModelCard) {
        let record = log.record();
        if self.training.follows.get_untracked() {
            let id = Some(format!("{RUN_PREFIX}{}", record.id));
            self.activate(ModelFile { id, name: record.name.clone(), bytes: Arc::clone(&weights) });
        }
        self.training.trained.set_value(Some((weights, card)));
        self.training.can_save.set(true);
        if !record.is_open() {
            // The last weights of a run that was stopped come a moment later.
            self.store_run(log.clone());
        }
    }

    fn on_run_end(self, phase: Phase) {
        let Some(log) = self.runs.log().filter(|_| self.runs.live.get_untracked().is_some()) else { return };
        let status = match phase {
            Phase::Done { reason } => RunStatus::Done(reason),
            Phase::Failed(Failure::Rejected(_)) => return,
            Phase::Failed(failure) => RunStatus::Failed(words::failure(&failure)),
            _ if log.record().steps_done == 0 => {
                return self.drop_unbegun(log.record());
            }
            _ => RunStatus::Done(StopReason::Stopped),
        };
        log.update(|record| record.status = status.clone());
        self.runs.show_log(&log);
        let held = self.runs.end();
        self.store_run_and_release(log, held);
        if matches!(status, RunStatus::Done(StopReason::Stopped)) {
            // Whoever stops a run of the queue wants it to stop.
            self.change_queue(|queue| queue.is_paused |= !queue.items.is_empty());
        } else {
            self.pump_queue();
        }
    }

    /// A run that was stopped before its first step: there is nothing to keep. One of the queue waits again.
    fn drop_unbegun(self, record: RunRecord) {
        let held = self.runs.end();
        self.forget_run(&record.id);
        self.runs.remove(&record.id);
        self.tell(&Told::Gone { id: record.id.clone() });
        if let Some(storage) = self.kept.storage() {
            let id = record.id.clone();
            spawn_local(async move {
                self.report_error(self.runs.purge(&storage, &id).await);
                drop(held);
            });
        }
        if record.is_queued {
            let RunRecord { id, config, data, device, workers, sessions, group, name, .. } = record;
            let title = group.as_ref().map_or(name, |group| group.member.clone());
            let item = QueueItem { id, title, config, data, device, workers, sessions, group };
            self.change_queue(move |queue| {
                queue.insert(0, item);
                queue.is_paused = true;
            });
        }
    }

    // ---- the queue ----

    /// Puts runs at the end of the queue.
    pub(crate) fn enqueue(self, plans: Vec<(String, RunPlan)>) {
        let count = plans.len() as u32;
        self.change_queue(move |queue| {
            for (index, (title, plan)) in plans.into_iter().enumerate() {
                let RunPlan { config, data, device, workers, sessions, group, .. } = plan;
                let id = format!("{}-{index}", new_id(js_sys::Date::now()));
                queue.add(QueueItem { id, title, config, data, device, workers, sessions, group });
            }
            queue.is_paused = false;
        });
        self.notify(format!("Added {} to the queue.", metrics::counted(count, "run")), None);
    }

    /// Changes the queue, here, in the storage and in the other tabs; then its next run starts, if none is under way.
    pub(crate) fn change_queue(self, change: impl FnOnce(&mut Queue) + 'static) {
        let Some(storage) = self.opened_storage() else { return };
        spawn_local(async move {
            self.report_error(self.queue.change(&storage, change).await);
            self.tell(&Told::Queue);
            self.pump_queue();
        });
    }

    /// Starts the next run of the queue, if none is under way. One tab does so.
    pub(crate) fn pump_queue(self) {
        let is_empty = self.queue.queue.with_untracked(|queue| queue.items.is_empty());
        let is_paused = self.queue.queue.with_untracked(|queue| queue.is_paused);
        let interrupted = self.runs.records.with_untracked(|all| {
            let elsewhere = self.runs.elsewhere.get_untracked();
            all.iter()
                .rev()
                .find(|record| record.is_queued && record.is_open() && !elsewhere.contains(&record.id))
                .map(|record| record.id.clone())
        });
        if self.is_training() || is_paused || (is_empty && interrupted.is_none()) {
            return;
        }
        let Some(storage) = self.kept.storage() else { return };
        self.training.is_starting.set(true);
        spawn_local(async move {
            let is_held = self.training.queue_lock.with_value(Option::is_some);
            let asked = if is_held { None } else { Some(locks::ask(QUEUE_LOCK).await) };
            match asked {
                // Another tab takes runs out of it.
                Some(Asked::Taken) => return self.training.is_starting.set(false),
                Some(Asked::Held(held)) => self.training.queue_lock.set_value(held),
                None => {}
            }
            if let Some(id) = interrupted {
                self.training.is_starting.set(false);
                return self.go_on(id);
            }
            let started = self.start_next(&storage).await;
            self.training.is_starting.set(false);
            match self.report_error(started).flatten() {
                Some((record, held)) => self.train(record, Begun::default(), held),
                // Nothing waits: another tab may take the next one.
                None => self.training.queue_lock.set_value(None),
            }
        });
    }

    /// Takes the next run out of the queue and stores it.
    async fn start_next(
        self,
        storage: &Storage,
    ) -> Result<Option<(RunRecord, Option<locks::Held>)>, StorageError> {
        self.queue.load(storage).await?;
        let mut queue = self.queue.queue.get_untracked();
        let Some(item) = queue.next() else { return Ok(None) };
        let QueueItem { config, data, device, workers, sessions, group, .. } = item;
        let plan = RunPlan { config, data, device, workers, sessions, group, is_queued: true };
        let record = self.runs.record_for(&plan, self.data_name(plan.data));
        let held = own_lock(&record.id).await;
        // Together, so that a tab which is killed in between neither loses the run nor has it twice.
        let writes = Writes::new().put(&KeptQueue(queue.clone()))?.put(&KeptRun(record.clone()))?;
        storage.write(writes).await?;
        self.queue.queue.set(queue);
        self.tell(&Told::Queue);
        Ok(Some((record, held)))
    }

    /// Puts every trial of a sweep into the queue.
    pub(crate) fn start_sweep(self, spec: &SweepSpec, plan: &RunPlan) -> Result<(), String> {
        let trials = spec.trials().map_err(|error| error.to_string())?;
        let id = new_id(js_sys::Date::now());
        let mut plans = Vec::with_capacity(trials.len());
        for trial in trials {
            let config = TrainConfig { test_every_epoch: true, ..self.fitted(trial.config, plan.data)? };
            let group = RunGroup { id: id.clone(), title: spec.name.clone(), member: trial.title.clone() };
            let sessions = 1;
            plans.push((trial.title, RunPlan { config, sessions, group: Some(group), ..plan.clone() }));
        }
        self.enqueue(plans);
        Ok(())
    }

    /// Trains the same configuration with each of these seeds, as one group.
    pub(crate) fn start_seeds(self, title: &str, plan: &RunPlan, seeds: impl Iterator<Item = u64>) {
        let id = new_id(js_sys::Date::now());
        let one = |seed: u64| {
            let member = format!("seed {seed}");
            let group = RunGroup { id: id.clone(), title: title.to_owned(), member: member.clone() };
            let config = TrainConfig { seed, ..plan.config.clone() };
            (format!("{title}: {member}"), RunPlan { config, group: Some(group), ..plan.clone() })
        };
        self.enqueue(seeds.map(one).collect());
    }

    // ---- a run that is kept ----

    /// Changes what is known of a run.
    pub(crate) fn change_record(self, id: String, change: impl Fn(&mut RunRecord) + 'static) {
        let Some(storage) = self.opened_storage() else { return };
        if self.runs.elsewhere.with_untracked(|ids| ids.contains(&id)) {
            let text = "Another tab is training this run. Change it there, or wait until it is done.";
            return self.report_trouble(text.into());
        }
        spawn_local(async move {
            self.report_error(self.runs.change(&storage, &id, change).await);
        });
    }

    /// The weights of a run: the newest of the one under way, the best of another. What is wrong is reported.
    pub(crate) async fn run_weights(self, id: &str) -> Option<Arc<Vec<u8>>> {
        let is_live = self.runs.live.get_untracked().as_deref() == Some(id);
        if is_live && let Some((weights, _)) = self.training.trained.get_value() {
            return Some(weights);
        }
        let storage = self.opened_storage()?;
        let weights = self.report_error(self.runs.weights(&storage, id).await)?;
        if weights.is_none() {
            let text = "This run has no weights yet. They are saved at the end of each epoch: wait for the first one.";
            self.report_trouble(text.into());
        }
        weights.map(Arc::new)
    }

    /// Draws, reads and evaluates with a run's weights, now and after a reload.
    pub(crate) async fn draw_with_run(self, id: String) {
        let Some(record) = untrack(|| self.runs.get(&id)) else { return };
        let Some(bytes) = self.run_weights(&id).await else { return };
        self.use_model(ModelFile { id: Some(format!("{RUN_PREFIX}{id}")), name: record.name, bytes });
    }

    /// Saves a run's weights among the models.
    pub(crate) fn save_run(self, id: String) {
        spawn_local(async move {
            let Some(bytes) = self.run_weights(&id).await else { return };
            let Some(record) = untrack(|| self.runs.get(&id)) else { return };
            match self.inspect(Arc::clone(&bytes)).await {
                Ok(found) => {
                    let card = found.content.card;
                    self.save_as_model(format!("{}: {}", record.name, card.short()), card, bytes);
                }
                Err(error) => self.report_trouble(words::job_error(&error)),
            }
        });
    }

    /// Deletes runs; the notice brings them back.
    pub(crate) fn delete_runs(self, ids: Vec<String>) {
        let Some(storage) = self.opened_storage() else { return };
        spawn_local(async move {
            let live = self.runs.live.get_untracked();
            let elsewhere = self.runs.elsewhere.get_untracked();
            let can_go = |id: &String| live.as_ref() != Some(id) && !elsewhere.contains(id);
            let removed: Vec<RunRecord> =
                ids.iter().filter(|id| can_go(id)).filter_map(|id| self.runs.remove(id)).collect();
            if removed.is_empty() {
                return self.report_trouble("A run in progress cannot be deleted. Stop it first.".into());
            }
            // The rows go at once, so that a reload does not bring them back; curves and weights wait for the undo.
            let rows = removed
                .iter()
                .fold(Writes::new(), |writes, record| writes.delete(browser_storage::RUNS, &record.id));
            if self.report_error(storage.write(rows).await).is_none() {
                return removed.into_iter().for_each(|record| self.runs.show(record));
            }
            let held = Rc::new(RefCell::new(Vec::new()));
            for record in &removed {
                self.forget_run(&record.id);
                self.tell(&Told::Gone { id: record.id.clone() });
                // Another tab must not sweep up what can still be brought back.
                let own = own_lock(&record.id).await;
                held.borrow_mut().push(own);
            }
            let is_undone = Rc::new(Cell::new(false));
            let text = match &removed[..] {
                [one] => format!("Deleted the run {}.", one.name),
                many => format!("Deleted {} runs.", many.len()),
            };
            let undo = {
                let (storage, removed, is_undone) = (storage.clone(), removed.clone(), Rc::clone(&is_undone));
                let held = Rc::clone(&held);
                Rc::new(move || {
                    if is_undone.replace(true) {
                        return;
                    }
                    held.borrow_mut().clear();
                    let (storage, removed) = (storage.clone(), removed.clone());
                    spawn_local(async move {
                        for record in removed {
                            self.report_error(storage.put(&KeptRun(record.clone())).await);
                            self.runs.show(record);
                        }
                    });
                })
            };
            self.notify(text, Some(("Undo delete", undo)));
            browser::sleep(UNDO_MS).await;
            // From here on it is too late: the notice does nothing any more.
            if !is_undone.replace(true) {
                for record in removed {
                    // A backup may have brought it back.
                    if untrack(|| self.runs.get(&record.id)).is_none() {
                        self.report_error(self.runs.purge(&storage, &record.id).await);
                    }
                }
            }
            held.borrow_mut().clear();
        });
    }
}
