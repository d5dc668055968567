//! The queue: runs that wait, sweeps and repeats over seeds that fill it.

use browser_storage::{Storage, StorageError, new_id};
use experiments::{Queue, QueueItem, RunGroup, RunRecord, SweepSpec};
use leptos::prelude::*;
use train_config::TrainConfig;
use wasm_bindgen_futures::spawn_local;

use super::{
    runs::{Begun, own_lock},
    tabs::Told,
};
use crate::{
    lab::Lab,
    locks::{self, Asked},
    state::runs::RunPlan,
};

/// Held by the tab that takes runs out of the queue.
const QUEUE_LOCK: &str = "inkling-queue";

/// Boxed, or each change would be compiled with all that follows it.
type ChangeOfQueue = Box<dyn FnOnce(&mut Queue)>;

impl Lab {
    /// Puts runs at the end of the queue.
    pub(crate) fn enqueue(self, plans: Vec<(String, RunPlan)>) {
        let count = plans.len() as u32;
        let change = Box::new(move |queue: &mut Queue| {
            for (index, (title, plan)) in plans.into_iter().enumerate() {
                let RunPlan { config, data, device, workers, sessions, group, .. } = plan;
                let id = format!("{}-{index}", new_id(js_sys::Date::now()));
                queue.add(QueueItem { id, title, config, data, device, workers, sessions, group });
            }
            queue.is_paused = false;
        });
        spawn_local(async move {
            if self.queue_changed(change).await {
                self.notify(format!("Added {} to the queue.", metrics::counted(count, "run")), None);
            }
        });
    }

    /// Changes the queue, here, in the storage and in the other tabs; then its next run starts, if none is under way.
    pub(crate) fn change_queue(self, change: impl FnOnce(&mut Queue) + 'static) {
        self.change_queue_so(Box::new(change));
    }

    fn change_queue_so(self, change: ChangeOfQueue) {
        spawn_local(async move {
            self.queue_changed(change).await;
        });
    }

    /// Does so; `false`, and the reason is reported, where nothing could be changed.
    async fn queue_changed(self, change: ChangeOfQueue) -> bool {
        let Some(storage) = self.opened_storage() else { return false };
        let is_changed = self.report_error(self.queue.change(&storage, change).await).is_some();
        if is_changed {
            self.tell(&Told::Queue);
        }
        self.pump_queue();
        is_changed
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
        loop {
            self.queue.load(storage).await?;
            let Some(item) = self.queue.queue.get_untracked().next() else { return Ok(None) };
            let QueueItem { config, data, device, workers, sessions, group, .. } = item.clone();
            let plan = RunPlan { config, data, device, workers, sessions, group, is_queued: true };
            let record = self.runs.record_for(&plan, self.data_name(plan.data));
            let held = own_lock(&record.id).await;
            if self.queue.take(storage, &item, &record).await? {
                self.tell(&Told::Queue);
                return Ok(Some((record, held)));
            }
            // Another tab has changed the queue meanwhile.
        }
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
}
