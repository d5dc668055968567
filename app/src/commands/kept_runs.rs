//! A run that is kept: renamed, used, saved among the models, deleted.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use browser_storage::Writes;
use experiments::RunRecord;
use leptos::prelude::*;
use model_card::ModelCard;
use wasm_bindgen_futures::spawn_local;

use super::{runs::own_lock, tabs::Told};
use crate::{
    browser,
    lab::Lab,
    saved_models::ModelFile,
    state::{kept_run::KeptRun, runs::RUN_PREFIX},
    words,
};

pub(super) const NO_WEIGHTS_YET: &str =
    "This run has no weights yet. They are saved at the end of each epoch: wait for the first one.";
/// How long a deleted run can be brought back before its weights are deleted.
const UNDO_MS: u32 = 60_000;

impl Lab {
    /// Changes what is known of a run.
    pub(crate) fn change_record(self, id: String, change: impl Fn(&mut RunRecord) + 'static) {
        self.change_record_so(id, Box::new(change));
    }

    // Boxed, or each change would be compiled with all that follows it.
    fn change_record_so(self, id: String, change: Box<dyn Fn(&mut RunRecord)>) {
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
            self.report_trouble(NO_WEIGHTS_YET.into());
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
                Ok(card) => {
                    let name = format!("{}: {}", record.name, card.short());
                    let card = ModelCard { run: record.name, ..card };
                    match self.with_card(bytes, card.clone()).await {
                        Ok(bytes) => self.save_as_model(name, card, bytes),
                        Err(error) => self.report_trouble(words::job_error(&error)),
                    }
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
