//! The runs: what is known of each, and the curves that were asked for.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use browser_storage::{
    RUN_CHECKPOINTS, RUN_POINTS, RUN_WEIGHTS, RUNS, Storage, StorageError, Writes, new_id,
};
use experiments::{Curve, RunGroup, RunRecord, RunStatus, memorable_name};
use leptos::prelude::*;
use train_config::{DataChoice, DeviceChoice, TrainConfig};
use worker_client::SavedState;

use super::{kept_run::KeptRun, run_log::RunLog};
use crate::locks::{self, Held};

/// The prefix of the names of runs' weights among models.
pub(crate) const RUN_PREFIX: &str = "run:";

/// A run that is to begin.
#[derive(Clone)]
pub(crate) struct RunPlan {
    pub(crate) config: TrainConfig,
    pub(crate) data: DataChoice,
    pub(crate) device: DeviceChoice,
    pub(crate) workers: u32,
    pub(crate) sessions: u32,
    pub(crate) group: Option<RunGroup>,
    pub(crate) is_queued: bool,
}

impl RunPlan {
    /// The plan that a run followed: carried out again, it is the same run.
    pub(crate) fn of(record: &RunRecord) -> Self {
        Self {
            config: record.config.clone(),
            data: record.data,
            device: record.device,
            workers: record.workers,
            sessions: record.sessions,
            group: None,
            is_queued: false,
        }
    }
}

/// What is stored of a run as it stands.
pub(crate) struct RunFiles {
    pub(crate) name: String,
    /// Safetensors with a card.
    pub(crate) weights: Vec<u8>,
    pub(crate) checkpoint: Vec<u8>,
}

/// The runs; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Runs {
    /// The newest first.
    pub(crate) records: RwSignal<Vec<RunRecord>, LocalStorage>,
    /// By run; those that were asked for.
    pub(crate) curves: RwSignal<BTreeMap<String, Rc<Curve>>, LocalStorage>,
    /// The run that this tab trains.
    pub(crate) live: RwSignal<Option<String>>,
    /// Runs that other tabs train.
    pub(crate) elsewhere: RwSignal<Vec<String>>,
    log: StoredValue<Option<RunLog>, LocalStorage>,
    lock: StoredValue<Option<Held>, LocalStorage>,
}

/// The name of the lock that whoever trains a run holds.
pub(crate) fn lock_name(id: &str) -> String {
    format!("inkling-run-{id}")
}

impl Runs {
    pub(crate) fn new() -> Self {
        Self {
            records: RwSignal::new_local(Vec::new()),
            curves: RwSignal::new_local(BTreeMap::new()),
            live: RwSignal::new(None),
            elsewhere: RwSignal::new(Vec::new()),
            log: StoredValue::new_local(None),
            lock: StoredValue::new_local(None),
        }
    }

    /// Reads what is known of the runs; no curves, no weights.
    pub(crate) async fn load(self, storage: &Storage) -> Result<(), StorageError> {
        let kept: Vec<KeptRun> = storage.all().await?;
        // A run may have begun while the database was opened.
        let own = self.records.get_untracked();
        let mut all: Vec<RunRecord> = kept.into_iter().map(|KeptRun(record)| record).collect();
        all.retain(|record| own.iter().all(|known| known.id != record.id));
        let mut records: Vec<RunRecord> = own.into_iter().chain(all).collect();
        records.sort_by(|a, b| b.begun_ms.total_cmp(&a.begun_ms));
        self.records.set(records);
        Ok(())
    }

    /// Reads a run anew.
    pub(crate) async fn load_one(self, storage: &Storage, id: &str) -> Result<(), StorageError> {
        match storage.get(id).await? {
            Some(KeptRun(record)) => self.show(record),
            None => drop(self.remove(id)),
        }
        Ok(())
    }

    /// What is known of a run.
    pub(crate) fn get(self, id: &str) -> Option<RunRecord> {
        self.records.with(|all| all.iter().find(|record| record.id == id).cloned())
    }

    /// The run under way in this tab.
    pub(crate) fn log(self) -> Option<RunLog> {
        self.log.get_value()
    }

    /// A record for a run that begins now.
    pub(crate) fn record_for(self, plan: &RunPlan, data_name: String) -> RunRecord {
        let now_ms = js_sys::Date::now();
        let id = new_id(now_ms);
        // A clock that was set back must not put a new run below older ones.
        let newest_ms = self.records.with_untracked(|all| all.first().map_or(0.0, |record| record.begun_ms));
        let seed = (js_sys::Math::random() * 2_f64.powi(53)) as u64;
        self.records.with_untracked(|all| {
            let name = memorable_name(seed, &|name| all.iter().any(|record| record.name == name));
            let begun_ms = now_ms.max(newest_ms + 1.0);
            let style = all.iter().map(|record| record.style + 1).max().unwrap_or(0);
            RunRecord {
                data_name,
                device: plan.device,
                workers: plan.workers,
                sessions: plan.sessions,
                group: plan.group.clone(),
                is_queued: plan.is_queued,
                style,
                ..RunRecord::new(id, name, begun_ms, plan.config.clone(), plan.data)
            }
        })
    }

    /// Makes a run the one that this tab trains.
    pub(crate) fn begin(self, record: RunRecord, curve: Curve, pieces: u32) -> RunLog {
        self.curves.update(|curves| drop(curves.insert(record.id.clone(), Rc::new(curve.clone()))));
        self.live.set(Some(record.id.clone()));
        self.elsewhere.update(|ids| ids.retain(|id| *id != record.id));
        self.show(record.clone());
        let log = RunLog::new(record, curve, pieces);
        self.log.set_value(Some(log.clone()));
        log
    }

    /// Keeps the lock of the run under way.
    pub(crate) fn hold(self, lock: Option<Held>) {
        self.lock.set_value(lock);
    }

    /// No run is under way in this tab any more. Its log stays: its last weights may still come. Whoever stores its end holds the lock
    /// until then.
    pub(crate) fn end(self) -> Option<Held> {
        self.live.set(None);
        let mut held = None;
        self.lock.update_value(|lock| held = lock.take());
        held
    }

    /// Forgets the log of a run that is deleted, or that another tab went on with.
    pub(crate) fn forget_log(self, id: &str) {
        self.log.update_value(|log| {
            if log.as_ref().is_some_and(|log| log.record().id == id) {
                *log = None;
            }
        });
    }

    /// Shows a record in place of what was known before.
    pub(crate) fn show(self, record: RunRecord) {
        self.records.update(|all| {
            if let Some(known) = all.iter_mut().find(|known| known.id == record.id) {
                *known = record;
            } else {
                let place = all.partition_point(|known| known.begun_ms > record.begun_ms);
                all.insert(place, record);
            }
        });
    }

    /// Shows what the log has by now.
    pub(crate) fn show_log(self, log: &RunLog) {
        let record = log.record();
        let curve = Rc::new(log.curve());
        self.curves.update(|curves| drop(curves.insert(record.id.clone(), curve)));
        self.show(record);
    }

    /// Changes what is known of a run, here and in the storage.
    pub(crate) async fn change(
        self,
        storage: &Storage,
        id: &str,
        change: impl Fn(&mut RunRecord),
    ) -> Result<(), StorageError> {
        if let Some(log) = self.log().filter(|log| log.record().id == id) {
            log.update(change);
            self.show(log.record());
            return log.store(storage).await;
        }
        // What is stored counts: another tab may have gone on with it.
        let stored = |run: Option<KeptRun>| {
            let Some(KeptRun(mut record)) = run else { return Ok((Writes::new(), None)) };
            change(&mut record);
            Ok((Writes::new().put(&KeptRun(record.clone()))?, Some(record)))
        };
        if let Some(record) = storage.change(id, &[], stored).await? {
            self.show(record);
        }
        Ok(())
    }

    /// A run's curve, from the storage if need be.
    pub(crate) async fn curve(self, storage: &Storage, id: &str) -> Result<Rc<Curve>, StorageError> {
        if let Some(curve) = self.curves.with_untracked(|curves| curves.get(id).cloned()) {
            return Ok(curve);
        }
        let (curve, _) = read_curve(storage, id).await?;
        let curve = Rc::new(curve);
        self.curves.update(|curves| drop(curves.insert(id.to_owned(), Rc::clone(&curve))));
        Ok(curve)
    }

    /// Forgets curves that are not shown: memory does not grow with what was looked at.
    pub(crate) fn keep_curves_of(self, ids: &[String]) {
        let live = self.live.get_untracked();
        // Whoever watches the curves is told only where one goes.
        self.curves.maybe_update(|curves| {
            let before = curves.len();
            curves.retain(|id, _| ids.contains(id) || live.as_ref() == Some(id));
            curves.len() < before
        });
    }

    /// All that a run needs to go on: its record as of its checkpoint, its curve so far and in how many pieces that is stored, and the
    /// checkpoint; none of one that has to begin anew.
    pub(crate) async fn to_go_on(
        self,
        storage: &Storage,
        id: &str,
    ) -> Result<Option<(RunRecord, Curve, u32, Option<SavedState>)>, StorageError> {
        // What is stored counts: another tab may have gone on with it.
        let Some(KeptRun(mut record)) = storage.get(id).await? else { return Ok(None) };
        record.status = RunStatus::Open;
        record.interruptions += 1;
        let Some(saved) = record.saved else {
            record.go_back_to(0, 0);
            record.trained_ms = 0.0;
            return Ok(Some((record, Curve::default(), 0, None)));
        };
        let Some(bytes) = storage.bytes(RUN_CHECKPOINTS, &format!("{id}/{}", saved.slot)).await? else {
            return Ok(None);
        };
        let (mut curve, pieces) = read_curve(storage, id).await?;
        curve.forget_after(saved.steps_done);
        record.go_back_to(saved.steps_done, saved.epochs_done);
        record.trained_ms = curve.points().last().map_or(0.0, |point| point.elapsed_ms);
        let (steps_done, epochs_done) = (saved.steps_done, saved.epochs_done);
        let saved = SavedState { epochs_done, steps_done, bytes: Arc::new(bytes) };
        Ok(Some((record, curve, pieces, Some(saved))))
    }

    /// The newest stored weights of a run, and its newest checkpoint; `None` while one is missing.
    pub(crate) async fn as_it_stands(
        self,
        storage: &Storage,
        id: &str,
    ) -> Result<Option<RunFiles>, StorageError> {
        let Some(KeptRun(record)) = storage.get(id).await? else { return Ok(None) };
        let Some(saved) = record.saved else { return Ok(None) };
        let checkpoint = storage.bytes(RUN_CHECKPOINTS, &format!("{id}/{}", saved.slot)).await?;
        let weights = storage.bytes(RUN_WEIGHTS, &format!("{id}/last")).await?;
        Ok(weights.zip(checkpoint).map(|(weights, checkpoint)| RunFiles {
            name: record.name,
            weights,
            checkpoint,
        }))
    }

    /// A run's weights: the best, or the last where none were measured.
    pub(crate) async fn weights(self, storage: &Storage, id: &str) -> Result<Option<Vec<u8>>, StorageError> {
        match storage.bytes(RUN_WEIGHTS, &format!("{id}/best")).await? {
            Some(best) => Ok(Some(best)),
            None => storage.bytes(RUN_WEIGHTS, &format!("{id}/last")).await,
        }
    }

    /// Takes a run out of the list. What is stored of it stays until [`purge`](Self::purge), so that it can be brought back.
    pub(crate) fn remove(self, id: &str) -> Option<RunRecord> {
        let mut removed = None;
        self.records.update(|all| {
            if let Some(place) = all.iter().position(|record| record.id == id) {
                removed = Some(all.remove(place));
            }
        });
        removed
    }

    /// Deletes curves, checkpoints and weights whose runs have no row any more: a tab was closed before it could.
    pub(crate) async fn sweep_up(self, storage: &Storage) -> Result<(), StorageError> {
        let mut found = Vec::new();
        for store in [RUN_POINTS, RUN_CHECKPOINTS, RUN_WEIGHTS] {
            found.extend(storage.ids(store).await?.into_iter().map(|key| (store, key)));
        }
        // Read after them: a row is written before anything that belongs to it.
        let rows = storage.ids(RUNS).await?;
        let mut writes = Writes::new();
        for (store, key) in found {
            let id = key.split('/').next().unwrap_or_default();
            // Held while it is trained, and while its deletion can be undone.
            if !rows.iter().any(|row| row == id) && !locks::is_held(&lock_name(id)).await {
                writes = writes.delete(store, &key);
            }
        }
        storage.write(writes).await
    }

    /// Deletes all that is stored of a run.
    pub(crate) async fn purge(self, storage: &Storage, id: &str) -> Result<(), StorageError> {
        let prefix = format!("{id}/");
        let writes = [RUN_POINTS, RUN_CHECKPOINTS, RUN_WEIGHTS]
            .into_iter()
            .fold(Writes::new().delete(RUNS, id), |writes, store| writes.delete_all(store, &prefix));
        self.curves.update(|curves| drop(curves.remove(id)));
        storage.write(writes).await
    }
}

async fn read_curve(storage: &Storage, id: &str) -> Result<(Curve, u32), StorageError> {
    let pieces = storage.all_bytes(RUN_POINTS, &format!("{id}/")).await?;
    let mut curve = Curve::default();
    for (_, piece) in &pieces {
        curve.extend_from_bytes(piece);
    }
    Ok((curve, pieces.len() as u32))
}
