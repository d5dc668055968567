//! The run under way, written down as it goes: what is stored can always be gone on from.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use browser_storage::{RUN_CHECKPOINTS, RUN_POINTS, RUN_WEIGHTS, Storage, StorageError, Writes};
use experiments::{Curve, CurvePoint, EpochRecord, RunRecord, SavedStep};
use model_card::ModelCard;
use protocol::Backend;
use worker_client::{RunUpdate, SavedState};

use super::kept_run::KeptRun;

/// Weights as safetensors.
type Weights = Arc<Vec<u8>>;

/// What is written and what is not yet.
struct State {
    record: RunRecord,
    curve: Curve,
    /// Milliseconds of training before the worker that trains now was called.
    base_ms: f64,
    /// The newest state to go on from, if it is not stored yet.
    saved: Option<SavedState>,
    /// The newest weights and, where they are the best so far, the best: what is not stored yet.
    last: Option<Weights>,
    best: Option<Weights>,
    best_accuracy: Option<f64>,
    /// The step up to which points are stored, and how many pieces they lie in.
    points_stored_to: u32,
    pieces: u32,
    is_writing: bool,
    is_dirty: bool,
}

/// The run under way. Clones share it.
#[derive(Clone)]
pub(crate) struct RunLog(Rc<RefCell<State>>);

/// What one transaction takes along.
struct Batch {
    writes: Writes,
    points_to: u32,
    saved: Option<SavedState>,
    pointer: Option<SavedStep>,
    last: Option<Weights>,
    best: Option<Weights>,
}

impl RunLog {
    /// A run that begins, or that goes on with these points, which are stored in so many pieces.
    pub(crate) fn new(record: RunRecord, curve: Curve, pieces: u32) -> Self {
        let points_stored_to = curve.points().last().map_or(0, |point| point.step);
        let best_accuracy =
            record.epochs.iter().filter_map(|epoch| accuracy(&record, epoch)).reduce(f64::max);
        let base_ms = record.trained_ms;
        Self(Rc::new(RefCell::new(State {
            record,
            curve,
            base_ms,
            saved: None,
            last: None,
            best: None,
            best_accuracy,
            points_stored_to,
            pieces,
            is_writing: false,
            is_dirty: false,
        })))
    }

    /// The record as it is now.
    pub(crate) fn record(&self) -> RunRecord {
        self.0.borrow().record.clone()
    }

    /// Changes the record.
    pub(crate) fn update(&self, change: impl FnOnce(&mut RunRecord)) {
        change(&mut self.0.borrow_mut().record);
    }

    /// The curve as it is now.
    pub(crate) fn curve(&self) -> Curve {
        self.0.borrow().curve.clone()
    }

    /// Takes what the run reports.
    pub(crate) fn on_update(&self, update: &RunUpdate) {
        let mut guard = self.0.borrow_mut();
        let state = &mut *guard;
        let record = &mut state.record;
        match update {
            RunUpdate::Device(device) => {
                let now = crate::words::backend(device.backend);
                // Another device rounds otherwise, and a GPU adds up in no fixed order.
                let is_resumed = record.steps_done > 0;
                record.is_exact &=
                    !is_resumed || (record.computed_on == now && device.backend == Backend::Cpu);
                record.computed_on = now.into();
            }
            RunUpdate::Started(start) => {
                // A group of another size adds up in another order.
                record.is_exact &=
                    start.is_exact && (start.workers == record.workers || record.steps_done == 0);
                record.workers = start.workers;
                (record.train_images, record.validation_images) =
                    (start.train_images, start.validation_images);
                record.steps = start.steps;
                record.config.changes.clone_from(&start.changes);
            }
            RunUpdate::Points(points) => {
                for point in points {
                    state.curve.push(CurvePoint {
                        step: point.step,
                        loss: point.loss,
                        accuracy: point.accuracy,
                        learning_rate: point.learning_rate,
                        elapsed_ms: state.base_ms + point.elapsed_ms,
                    });
                    record.steps_done = point.step;
                    record.trained_ms = state.base_ms + point.elapsed_ms;
                }
            }
            RunUpdate::Changed(changes) => record.config.changes.clone_from(changes),
            RunUpdate::EpochDone(result) => {
                let epoch = EpochRecord {
                    epoch: result.epoch,
                    step: record.steps_done,
                    elapsed_ms: record.trained_ms,
                    scores: result.scores,
                    best_epoch: result.best_epoch,
                };
                record.epochs.retain(|before| before.epoch < epoch.epoch);
                record.epochs.push(epoch);
            }
            RunUpdate::Keep(weights, card) => state.keep(weights, card),
            RunUpdate::Saved(saved) => state.saved = Some(saved.clone()),
            RunUpdate::Restarted(restart) => {
                record.interruptions += 1;
                record.go_back_to(restart.steps_done, restart.epochs_done);
                state.curve.forget_after(restart.steps_done);
                let elapsed_ms = state.curve.points().last().map_or(0.0, |point| point.elapsed_ms);
                (state.base_ms, record.trained_ms) = (elapsed_ms, elapsed_ms);
            }
            RunUpdate::Begun | RunUpdate::Reloaded(_) | RunUpdate::Snapshot(_) | RunUpdate::Resumed => {}
        }
    }

    /// Stores what is not stored yet, everything in one transaction; what comes meanwhile is stored after it.
    ///
    /// # Errors
    /// [`StorageError`] where the storage fails or is full. What was not stored is tried again with the next call.
    pub(crate) async fn store(&self, storage: &Storage) -> Result<(), StorageError> {
        if core::mem::replace(&mut self.0.borrow_mut().is_writing, true) {
            self.0.borrow_mut().is_dirty = true;
            return Ok(());
        }
        let mut has_failed = false;
        let result = loop {
            self.0.borrow_mut().is_dirty = false;
            let batch = match self.0.borrow_mut().batch() {
                Ok(batch) => batch,
                Err(error) => break Err(error),
            };
            let Batch { writes, points_to, saved, pointer, last, best } = batch;
            let result = storage.write(writes).await;
            let mut state = self.0.borrow_mut();
            if let Err(error) = result {
                // Newer ones may have come meanwhile.
                state.saved = state.saved.take().or(saved);
                state.last = state.last.take().or(last);
                state.best = state.best.take().or(best);
                if core::mem::take(&mut state.is_dirty) && !has_failed {
                    // What came meanwhile, the end of the run perhaps, may still fit.
                    has_failed = true;
                    continue;
                }
                break Err(error);
            }
            if points_to > state.points_stored_to {
                state.pieces += 1;
                state.points_stored_to = points_to;
            }
            if pointer.is_some() {
                state.record.saved = pointer;
            }
            if !state.is_dirty {
                break Ok(());
            }
        };
        self.0.borrow_mut().is_writing = false;
        result
    }
}

/// The accuracy that decides which weights are the best.
fn accuracy(record: &RunRecord, epoch: &EpochRecord) -> Option<f64> {
    RunRecord { epochs: vec![*epoch], ..record.clone() }.deciding_accuracy()
}

impl State {
    fn keep(&mut self, weights: &[u8], card: &ModelCard) {
        let weights = Arc::new(weights.to_vec());
        self.last = Some(Arc::clone(&weights));
        // A run that was stopped within an epoch has weights that nobody measured.
        let is_measured = card.test.is_some() || card.validation.is_some();
        let now = self.record.epochs.last().and_then(|epoch| accuracy(&self.record, epoch));
        if is_measured && now.is_some_and(|now| self.best_accuracy.is_none_or(|best| now >= best)) {
            self.best_accuracy = now;
            self.best = Some(weights);
        }
    }

    /// What is not stored yet.
    fn batch(&mut self) -> Result<Batch, StorageError> {
        let id = self.record.id.clone();
        // What is stored of a run that is under way ends where it can be gone on from: it then has no point twice.
        let newest = self.curve.points().last().map_or(0, |point| point.step);
        let points_to = match &self.saved {
            _ if !self.record.is_open() => newest,
            Some(saved) => saved.steps_done.min(newest),
            None => self.points_stored_to,
        };
        let (saved, last, best) = (self.saved.take(), self.last.take(), self.best.take());
        let mut record = self.record.clone();
        let mut writes = Writes::new();
        let mut pointer = None;
        if let Some(saved) = &saved {
            let slot = SavedStep::next_slot(record.saved);
            let SavedState { steps_done, epochs_done, bytes } = saved;
            pointer = Some(SavedStep { slot, steps_done: *steps_done, epochs_done: *epochs_done });
            record.saved = pointer;
            writes = writes.put_bytes(RUN_CHECKPOINTS, &format!("{id}/{slot}"), bytes)?;
        }
        if points_to > self.points_stored_to {
            let mut stored = self.curve.clone();
            stored.forget_after(points_to);
            let piece = stored.bytes_after(self.points_stored_to);
            writes = writes.put_bytes(RUN_POINTS, &format!("{id}/{:06}", self.pieces), &piece)?;
        }
        for (name, weights) in [("last", &last), ("best", &best)] {
            if let Some(weights) = weights {
                writes = writes.put_bytes(RUN_WEIGHTS, &format!("{id}/{name}"), weights)?;
            }
        }
        let writes = writes.put(&KeptRun(record))?;
        Ok(Batch { writes, points_to, saved, pointer, last, best })
    }
}
