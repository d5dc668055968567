//! A page that may be gone at any moment: what is saved before, and what is offered after.

use std::rc::Rc;

use browser_storage::Storage;
use experiments::RunRecord;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, closure::Closure};

use super::{models::first_model, site_copy::take_resuming_run};
use crate::{
    browser,
    engine::TrainerShell,
    lab::Lab,
    locks,
    state::runs::{RUN_PREFIX, lock_name},
};

impl Lab {
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
        self.listen_to_tabs();
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
        if let Some(wanted) = first_model()
            && let Some(id) = wanted.strip_prefix(RUN_PREFIX)
            && self.models.has_only_default()
        {
            self.draw_with_run(id.to_owned()).await;
        }
        let mut by_hand: Vec<&RunRecord> = interrupted.iter().filter(|record| !record.is_queued).collect();
        let resuming = take_resuming_run().filter(|id| by_hand.iter().any(|record| record.id == *id));
        by_hand.retain(|record| resuming.as_ref() != Some(&record.id));
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
                self.inform(text);
            }
        }
        match resuming {
            Some(id) => self.go_on(id),
            None => self.pump_queue(),
        }
        self.report_error(self.runs.sweep_up(storage).await);
    }
}
