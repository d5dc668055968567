//! Starting a run, having one go on, and what the run under way reports.

use std::sync::Arc;

use browser_storage::Storage;
use experiments::{Curve, QueueItem, RunRecord, RunStatus};
use leptos::prelude::*;
use model_card::ModelCard;
use network_editor::Edit;
use protocol::JobError;
use train_config::{DataChoice, LiveChange, StopReason, TrainConfig};
use wasm_bindgen_futures::spawn_local;
use worker_client::{EpochResult, Failure, Phase, Preparation, RunUpdate, RunView, SavedState};

use super::tabs::Told;
use crate::{
    browser,
    engine::RunRequest,
    lab::Lab,
    locks::{self, Asked},
    saved_models::ModelFile,
    state::{
        run_log::RunLog,
        runs::{RUN_PREFIX, RunPlan, lock_name},
    },
    words,
};

/// Least time between two looks at the run under way: a record and a curve are copied for each.
const SHOW_MS: f64 = 500.0;

/// What there is of a run that goes on; nothing of one that begins.
#[derive(Default)]
pub(super) struct Begun {
    curve: Curve,
    /// In how many pieces the curve is stored.
    pieces: u32,
    saved: Option<SavedState>,
}

/// The lock of a run that nobody else knows yet; none where the browser has no locks.
pub(super) async fn own_lock(id: &str) -> Option<locks::Held> {
    match locks::ask(&lock_name(id)).await {
        Asked::Held(held) => held,
        Asked::Taken => None,
    }
}

impl Lab {
    /// Starts the run that the form describes.
    pub(crate) fn start_training(self) {
        if self.is_training() {
            // One is being prepared at this moment.
            return;
        }
        match self.planned() {
            Ok(plan) => {
                self.launch(&plan);
                // The button may stand far below the run.
                browser::scroll_up_to(".card.progress");
            }
            Err(text) => {
                self.workers.with_trainer(|trainer| trainer.reject(text));
                // The button may be far from what is wrong.
                browser::bring_into_sight(
                    "[aria-invalid='true'], .network .problem, .progress .trouble-text",
                );
            }
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
    pub(super) fn fitted(self, config: TrainConfig, data: DataChoice) -> Result<TrainConfig, String> {
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

    /// Gives the form's network an output for each class of the data that are chosen, where that is not so.
    pub(crate) fn fit_network(self) {
        let classes = match self.form.data.get() {
            DataChoice::Kept(hash) => self.data_sets.get(hash).map(|set| set.classes()),
            _ => None,
        };
        let Ok(network) = untrack(|| self.form.read_network()) else { return };
        // Networks with more outputs than digits can learn these, too.
        let wanted = classes.unwrap_or_else(|| network.classes().max(10));
        if wanted != network.classes() {
            self.form.edit(Edit::Load(model_spec::with_classes(&network.draft(), wanted as u32)));
        }
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
    pub(super) fn train(self, record: RunRecord, begun: Begun, held: Option<locks::Held>) {
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
            let Some(found) = found else {
                // What cannot be read now may be read later.
                return drop(held);
            };
            let Some((record, curve, pieces, saved)) = found else {
                drop(held);
                self.give_up(&storage, &id).await;
                return self.report_trouble("This run has no saved checkpoint, so it cannot be resumed. Repeat it exactly to train it again.".into());
            };
            if !record.is_queued {
                // What the form shows while it cannot be changed is taken for what is trained.
                self.form.take(&record.config, record.data);
            }
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
        // Where its row is gone, so is the run.
        self.report_error(self.runs.load_one(storage, id).await);
        if untrack(|| self.runs.get(id)).is_none_or(|record| !record.is_open()) {
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
            RunUpdate::Started(_) | RunUpdate::Changed(_) | RunUpdate::EpochDone { .. } => {
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

    pub(super) fn on_run_end(self, phase: Phase) {
        let Some(log) = self.runs.log().filter(|_| self.runs.live.get_untracked().is_some()) else { return };
        // With any other reason the next run would fail as well.
        let is_own_failure = matches!(phase, Phase::Failed(Failure::Job(JobError::Diverged { .. })));
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
        let is_queued = log.record().is_queued;
        let held = self.runs.end();
        self.store_run_and_release(log, held);
        match status {
            // Whoever stops a run of the queue wants it to stop.
            RunStatus::Done(StopReason::Stopped) if is_queued => self.pause_queue(None),
            RunStatus::Failed(why) if is_queued && !is_own_failure => self.pause_queue(Some(why)),
            _ => self.pump_queue(),
        }
    }

    /// Hands out no run any more, and says so where a run has failed.
    fn pause_queue(self, why: Option<String>) {
        let is_empty = self.queue.queue.with_untracked(|queue| queue.items.is_empty());
        self.change_queue(|queue| queue.is_paused |= !queue.items.is_empty());
        if let Some(why) = why.filter(|_| !is_empty) {
            self.report_trouble(format!(
                "The queue is paused, for its next run would most likely end the same way. {why} Resume the queue on the Runs page."
            ));
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
        } else {
            self.pump_queue();
        }
    }
}
