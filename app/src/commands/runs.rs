//! What a person does with runs: start, go on, repeat, queue, use, delete. Each command may touch several stores.

use std::{cell::Cell, rc::Rc, sync::Arc};

use browser_storage::{Storage, Writes, new_id};
use experiments::{Curve, QueueItem, RunGroup, RunRecord, RunStatus, SweepSpec};
use leptos::prelude::*;
use model_card::ModelCard;
use serde::{Deserialize, Serialize};
use train_config::{DataChoice, LiveChange, StopReason, TrainConfig};
use wasm_bindgen::{JsCast as _, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use worker_client::{EpochResult, Failure, Phase, RunUpdate, RunView, SavedState};

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

/// What a tab that trains tells the others.
#[derive(Serialize, Deserialize)]
struct Told {
    record: RunRecord,
    /// The curve in the storage has grown.
    is_stored: bool,
    /// The run has ended here, or is gone.
    is_over: bool,
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
        self.report_error(self.runs.load(storage).await);
        self.report_error(self.queue.load(storage).await);
        let open: Vec<RunRecord> =
            self.runs.records.with_untracked(|all| all.iter().filter(|run| run.is_open()).cloned().collect());
        let mut interrupted = Vec::new();
        for record in open {
            if locks::is_held(&lock_name(&record.id)).await {
                self.runs.elsewhere.update(|ids| ids.push(record.id.clone()));
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
                let text = format!("The run {name} was interrupted. It can go on from step {steps}.");
                self.notify(text, Some(("Go on", go_on)));
            }
            [..] => {
                let text = format!("{} runs were interrupted. The page Runs has them go on.", by_hand.len());
                self.notify(text, None);
            }
        }
        self.pump_queue();
        self.report_error(self.runs.sweep_up(storage).await);
    }

    fn on_told(self, told: Told) {
        let id = told.record.id.clone();
        if self.runs.live.get_untracked().as_ref() == Some(&id) {
            return;
        }
        self.runs.elsewhere.update(|ids| {
            ids.retain(|known| *known != id);
            if !told.is_over {
                ids.push(id.clone());
            }
        });
        if told.is_stored {
            // Whoever shows it reads it anew.
            self.runs.curves.update(|curves| drop(curves.remove(&id)));
        }
        self.runs.show(told.record);
    }

    fn tell(self, record: RunRecord, is_stored: bool, is_over: bool) {
        // A record can be written: it is stored in the same form.
        let Ok(text) = serde_json::to_string(&Told { record, is_stored, is_over }) else { return };
        self.training.channel.with_value(|channel| {
            if let Some(channel) = channel {
                channel.send(&text);
            }
        });
    }

    // ---- starting ----

    /// Starts the run that the form describes.
    pub(crate) fn start_training(self) {
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
            return Err("This data set is no longer kept. Choose another one.".into());
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
                .map_or_else(|| "a data set that is not kept here".into(), |summary| summary.name),
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
        self.train(record, Curve::default(), 0, None);
    }

    /// Trains a run from its beginning, or from where it was.
    fn train(self, record: RunRecord, curve: Curve, pieces: u32, saved: Option<SavedState>) {
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
        let lock = lock_name(&record.id);
        let log = self.runs.begin(record, curve, pieces);
        spawn_local(async move {
            // Nobody else can hold the lock of a run that has just begun; that of an older one was asked for already.
            if let Asked::Held(held @ Some(_)) = locks::ask(&lock).await {
                self.runs.hold(held);
            }
        });
        self.store_run(log);
        let request = RunRequest { config, data, device, workers, sessions, saved, view };
        self.workers.with_trainer(|trainer| trainer.start(request));
    }

    /// Has an interrupted or stopped run go on from its last checkpoint.
    pub(crate) fn go_on(self, id: String) {
        if self.is_training() {
            let text = "Another run is under way. Pause or stop it first, or let it finish.";
            return self.report_trouble(text.into());
        }
        let Some(storage) = self.opened_storage() else { return };
        self.training.is_starting.set(true);
        spawn_local(async move {
            let asked = locks::ask(&lock_name(&id)).await;
            let Asked::Held(held) = asked else {
                self.training.is_starting.set(false);
                return self.report_trouble("This run is being trained in another tab.".into());
            };
            let found = self.report_error(self.runs.to_go_on(&storage, &id).await);
            self.training.is_starting.set(false);
            let Some(Some((record, curve, pieces, saved))) = found else {
                drop(held);
                return self.report_trouble("Nothing is stored from which this run could go on.".into());
            };
            self.train(record, curve, pieces, saved);
            self.runs.hold(held);
        });
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
                    self.tell(log.record(), false, false);
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
        let Some(storage) = self.kept.storage() else { return };
        spawn_local(async move {
            match log.store(&storage).await {
                Ok(()) => self.tell(log.record(), true, !log.record().is_open()),
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
        let id = log.record().id;
        let status = match phase {
            Phase::Done { reason } => RunStatus::Done(reason),
            Phase::Failed(Failure::Rejected(_)) => return,
            Phase::Failed(failure) => RunStatus::Failed(words::failure(&failure)),
            _ if log.record().steps_done == 0 => {
                // Stopped before its first step: there is nothing to keep.
                self.runs.end();
                self.runs.remove(&id);
                if let Some(storage) = self.kept.storage() {
                    spawn_local(async move {
                        self.report_error(self.runs.purge(&storage, &id).await);
                    });
                }
                return self.pump_queue();
            }
            _ => RunStatus::Done(StopReason::Stopped),
        };
        log.update(|record| record.status = status.clone());
        self.runs.show_log(&log);
        self.runs.end();
        self.store_run(log);
        if matches!(status, RunStatus::Done(StopReason::Stopped)) {
            // Whoever stops a run of the queue wants it to stop.
            self.queue.queue.update(|queue| queue.is_paused |= !queue.items.is_empty());
            self.store_queue();
        }
        self.pump_queue();
    }

    // ---- the queue ----

    /// Puts runs at the end of the queue.
    pub(crate) fn enqueue(self, plans: Vec<(String, RunPlan)>) {
        let count = plans.len() as u32;
        self.queue.queue.update(|queue| {
            for (index, (title, plan)) in plans.into_iter().enumerate() {
                let RunPlan { config, data, device, workers, sessions, group, .. } = plan;
                let id = format!("{}-{index}", new_id(js_sys::Date::now()));
                queue.add(QueueItem { id, title, config, data, device, workers, sessions, group });
            }
            queue.is_paused = false;
        });
        self.store_queue();
        self.notify(format!("{} wait in the queue.", metrics::counted(count, "run")), None);
        self.pump_queue();
    }

    /// Stores the queue.
    pub(crate) fn store_queue(self) {
        let Some(storage) = self.kept.storage() else { return };
        spawn_local(async move {
            self.report_error(self.queue.store(&storage).await);
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
            self.training.is_starting.set(false);
            match asked {
                Some(Asked::Taken) => return,
                Some(Asked::Held(held)) => self.training.queue_lock.set_value(held),
                None => {}
            }
            if self.is_training() {
                return;
            }
            if let Some(id) = interrupted {
                return self.go_on(id);
            }
            let mut next = None;
            self.queue.queue.update(|queue| next = queue.next());
            let Some(item) = next else { return };
            let QueueItem { config, data, device, workers, sessions, group, .. } = item;
            let plan = RunPlan { config, data, device, workers, sessions, group, is_queued: true };
            let record = self.runs.record_for(&plan, self.data_name(plan.data));
            // Together, so that a tab which is killed in between neither loses the run nor has it twice.
            let queue = KeptQueue(self.queue.queue.get_untracked());
            let stored =
                async { storage.write(Writes::new().put(&queue)?.put(&KeptRun(record.clone()))?).await };
            self.report_error(stored.await);
            self.train(record, Curve::default(), 0, None);
        });
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
        spawn_local(async move {
            self.report_error(self.runs.change(&storage, &id, change).await);
        });
    }

    /// The weights of a run: the newest of the one under way, the best of another. What is wrong is reported.
    pub(crate) async fn run_weights(self, id: &str) -> Option<Arc<Vec<u8>>> {
        let is_newest = self.runs.log().is_some_and(|log| log.record().id == id);
        if is_newest && let Some((weights, _)) = self.training.trained.get_value() {
            return Some(weights);
        }
        let storage = self.opened_storage()?;
        let weights = self.report_error(self.runs.weights(&storage, id).await)?;
        if weights.is_none() {
            let text = "This run has no weights yet: they are kept at the end of an epoch.";
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
                return self
                    .report_trouble("A run that is under way cannot be deleted. Stop it first.".into());
            }
            // The rows go at once, so that a reload does not bring them back; curves and weights wait for the undo.
            let rows = removed
                .iter()
                .fold(Writes::new(), |writes, record| writes.delete(browser_storage::RUNS, &record.id));
            if self.report_error(storage.write(rows).await).is_none() {
                return removed.into_iter().for_each(|record| self.runs.show(record));
            }
            let is_undone = Rc::new(Cell::new(false));
            let text = match &removed[..] {
                [one] => format!("Deleted the run {}.", one.name),
                many => format!("Deleted {} runs.", many.len()),
            };
            let undo = {
                let (storage, removed, is_undone) = (storage.clone(), removed.clone(), Rc::clone(&is_undone));
                Rc::new(move || {
                    if is_undone.replace(true) {
                        return;
                    }
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
                    self.report_error(self.runs.purge(&storage, &record.id).await);
                }
            }
        });
    }
}
