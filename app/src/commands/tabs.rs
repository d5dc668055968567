//! Several tabs: what one tells the others of its run and of the queue, and what this one hears.

use experiments::RunRecord;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen_futures::spawn_local;

use crate::{lab::Lab, locks, state::runs::lock_name};

/// What a tab tells the others.
#[derive(Serialize, Deserialize)]
pub(super) enum Told {
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

impl Lab {
    /// Listens to the other tabs.
    pub(super) fn listen_to_tabs(self) {
        let channel = locks::Channel::open("inkling-runs", move |text| {
            if let Ok(told) = serde_json::from_slice(text.as_bytes()) {
                self.on_told(told);
            }
        });
        self.training.channel.set_value(channel);
    }

    /// Notes that another tab trains a run, until that tab is done with it or gone.
    pub(super) fn note_elsewhere(self, id: String) {
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
    pub(super) fn forget_run(self, id: &str) {
        if self.runs.log().is_some_and(|log| log.record().id == id) {
            self.runs.forget_log(id);
            self.training.trained.set_value(None);
            self.training.can_save.set(false);
        }
    }

    pub(super) fn tell(self, told: &Told) {
        // A record can be written: it is stored in the same form.
        let Ok(text) = serde_json::to_string(told) else { return };
        self.training.channel.with_value(|channel| {
            if let Some(channel) = channel {
                channel.send(&text);
            }
        });
    }
}
