//! A run as it is kept.

use evaluation::{EpochScores, Score};
use serde::{Deserialize, Serialize};
use train_config::{DataChoice, DeviceChoice, StopReason, TrainConfig};

/// A run: what it was to do, what became of it, and what a person says about it. Its curves and weights are kept beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own: none follows from the others")]
pub struct RunRecord {
    /// Unique and lasting.
    pub id: String,
    /// Given by itself at first.
    pub name: String,
    /// Milliseconds since 1970.
    pub begun_ms: f64,
    /// How it trains, with what was changed while it ran: a repeat does the same.
    pub config: TrainConfig,
    /// What it trains on.
    pub data: DataChoice,
    /// What that is called.
    pub data_name: String,
    /// Where it was to compute.
    pub device: DeviceChoice,
    /// Where it computes; empty before it has begun.
    #[serde(default)]
    pub computed_on: String,
    /// CPU workers that share every step.
    pub workers: u32,
    /// Parts between which it is written to a checkpoint and read back.
    pub sessions: u32,
    /// The seeds or the sweep that it belongs to.
    #[serde(default)]
    pub group: Option<RunGroup>,
    /// Whether it came out of the queue: it goes on by itself after a reload, unless the queue is paused.
    #[serde(default)]
    pub is_queued: bool,
    /// Number of its colour and dash, the same wherever it is shown.
    pub style: u32,
    /// Whether it is shown before the others.
    #[serde(default)]
    pub is_starred: bool,
    /// Whether it is left out of table and charts.
    #[serde(default)]
    pub is_hidden: bool,
    /// What a person wrote about it.
    #[serde(default)]
    pub note: String,
    /// Where it is.
    pub status: RunStatus,
    /// Images that it learns from.
    #[serde(default)]
    pub train_images: u32,
    /// Images that are held back.
    #[serde(default)]
    pub validation_images: u32,
    /// Steps completed.
    #[serde(default)]
    pub steps_done: u32,
    /// Steps of the whole run; 0 before it has begun.
    #[serde(default)]
    pub steps: u32,
    /// Milliseconds of training, pauses and interruptions left out.
    #[serde(default)]
    pub trained_ms: f64,
    /// What was measured after each epoch.
    #[serde(default)]
    pub epochs: Vec<EpochRecord>,
    /// Whether nothing that happened to it can have changed a bit of its result.
    #[serde(default = "yes")]
    pub is_exact: bool,
    /// How often it went on after its tab or worker was gone.
    #[serde(default)]
    pub interruptions: u32,
    /// The state to go on from.
    #[serde(default)]
    pub saved: Option<SavedStep>,
}

const fn yes() -> bool {
    true
}

/// What several runs belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunGroup {
    /// Unique and lasting.
    pub id: String,
    /// What they have in common, for people.
    pub title: String,
    /// What this one is among them, for people.
    pub member: String,
}

/// A checkpoint of a run and the slot it lies in: two take turns, so that one is whole at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedStep {
    /// 0 or 1.
    pub slot: u32,
    /// Steps completed.
    pub steps_done: u32,
    /// Epochs completed.
    pub epochs_done: u32,
}

impl SavedStep {
    /// Where the next checkpoint goes.
    pub fn next_slot(saved: Option<Self>) -> u32 {
        saved.map_or(0, |saved| 1 - saved.slot.min(1))
    }
}

/// The end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epochs completed.
    pub epoch: u32,
    /// Steps completed.
    pub step: u32,
    /// Milliseconds of training so far.
    pub elapsed_ms: f64,
    /// Loss and accuracy of the parts of the data.
    pub scores: EpochScores,
    /// The earlier epoch that early stopping went back to.
    #[serde(default)]
    pub best_epoch: Option<u32>,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Under way, or its tab was closed.
    Open,
    /// It has ended.
    Done(StopReason),
    /// It could not go on; the text is for people.
    Failed(String),
}

impl RunRecord {
    /// A run that is about to begin.
    pub fn new(id: String, name: String, begun_ms: f64, config: TrainConfig, data: DataChoice) -> Self {
        Self {
            id,
            name,
            begun_ms,
            config,
            data,
            data_name: String::new(),
            device: DeviceChoice::Cpu,
            computed_on: String::new(),
            workers: 1,
            sessions: 1,
            group: None,
            is_queued: false,
            style: 0,
            is_starred: false,
            is_hidden: false,
            note: String::new(),
            status: RunStatus::Open,
            train_images: 0,
            validation_images: 0,
            steps_done: 0,
            steps: 0,
            trained_ms: 0.0,
            epochs: Vec::new(),
            is_exact: true,
            interruptions: 0,
            saved: None,
        }
    }

    /// Whether it has neither ended nor failed.
    pub fn is_open(&self) -> bool {
        self.status == RunStatus::Open
    }

    /// Whether it can go on: from its last checkpoint, or, where it was interrupted before the first, from its beginning.
    pub fn can_go_on(&self) -> bool {
        match &self.status {
            RunStatus::Open => true,
            RunStatus::Done(reason) => *reason == StopReason::Stopped && self.saved.is_some(),
            RunStatus::Failed(_) => self.saved.is_some(),
        }
    }

    /// The figures of the last epoch.
    pub fn last_scores(&self) -> Option<EpochScores> {
        self.epochs.last().map(|epoch| epoch.scores)
    }

    /// Accuracy on the test images at the end, 0 to 1.
    pub fn test_accuracy(&self) -> Option<f64> {
        self.last_scores()?.test.map(share)
    }

    /// Accuracy on the validation part at the end, 0 to 1.
    pub fn validation_accuracy(&self) -> Option<f64> {
        self.last_scores()?.validation.map(share)
    }

    /// Accuracy by which runs are compared: of the validation part, else of the test images, else of the training part.
    pub fn deciding_accuracy(&self) -> Option<f64> {
        let scores = self.last_scores()?;
        Some(share(scores.validation.or(scores.test).unwrap_or(scores.train)))
    }

    /// Steps of an epoch; 0 before it has begun.
    pub fn steps_per_epoch(&self) -> u32 {
        self.steps / self.config.epochs.max(1)
    }

    /// Goes back to a state: what came after it is forgotten. Changes stay: a repeat has some that are yet to come.
    pub fn go_back_to(&mut self, steps_done: u32, epochs_done: u32) {
        self.steps_done = steps_done;
        self.epochs.retain(|epoch| epoch.epoch <= epochs_done);
    }
}

fn share(score: Score) -> f64 {
    score.accuracy.share()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use train_config::LiveChange;

    use super::*;

    fn record() -> RunRecord {
        RunRecord::new("1".into(), "quiet-heron".into(), 1.0, TrainConfig::default(), DataChoice::Mnist)
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        let mut record = record();
        record.status = RunStatus::Done(StopReason::EarlyStopping);
        record.group = Some(RunGroup { id: "g".into(), title: "five seeds".into(), member: "seed 3".into() });
        record.config.changes = vec![LiveChange { step: 4, dropout: Some(0.2), ..LiveChange::default() }];
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<RunRecord>(&json).unwrap(), record);
    }

    #[track_caller]
    fn check(status: RunStatus, has_state: bool, can_go_on: bool) {
        let saved = has_state.then_some(SavedStep { slot: 1, steps_done: 5, epochs_done: 0 });
        let record = RunRecord { status, saved, ..record() };
        assert_eq!(record.can_go_on(), can_go_on, "{record:?}");
    }

    #[test]
    fn what_is_not_at_its_end_can_go_on() {
        check(RunStatus::Open, true, true);
        check(RunStatus::Open, false, true);
        check(RunStatus::Failed("memory".into()), false, false);
        check(RunStatus::Done(StopReason::Stopped), true, true);
        check(RunStatus::Done(StopReason::Epochs), true, false);
        check(RunStatus::Failed("memory".into()), true, true);
    }

    #[test]
    fn slots_take_turns() {
        assert_eq!(SavedStep::next_slot(None), 0);
        let at = |slot| Some(SavedStep { slot, steps_done: 0, epochs_done: 0 });
        assert_eq!((SavedStep::next_slot(at(0)), SavedStep::next_slot(at(1))), (1, 0));
    }
}
