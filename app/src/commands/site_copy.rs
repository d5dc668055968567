//! New versions of the page: offered, never forced, never in the midst of a run.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use worker_client::RunView;

use crate::{
    browser,
    engine::TrainerShell,
    lab::Lab,
    offline::{self, CopyEvent},
};

/// For this tab alone: the run that goes on by itself after the page was loaded anew.
const RESUME_KEY: &str = "inkling.resume";
/// Time after the model has loaded before the copy is made: whoever has just come draws.
const CALM_MS: u32 = 2_000;
/// Time for a checkpoint to be written.
const CHECKPOINT_MS: u32 = 1_500;

/// The run that goes on without being asked, once: the page was loaded anew for a new version.
pub(super) fn take_resuming_run() -> Option<String> {
    browser::take_session_preference(RESUME_KEY)
}

impl Lab {
    /// Has the browser keep a copy of the site. Called once, when the page has nothing else to load.
    pub(crate) fn keep_site_copy(self) {
        spawn_local(async move {
            browser::sleep(CALM_MS).await;
            offline::keep_copy(move |event| self.on_copy_event(event)).await;
        });
    }

    fn on_copy_event(self, event: CopyEvent) {
        match event {
            CopyEvent::Ready => self.site_copy.is_ready.set(true),
            CopyEvent::NewVersion(version) => self.site_copy.new_version.set(Some(version)),
            CopyEvent::TakenOver if self.site_copy.is_accepted.get_untracked() => browser::reload(),
            CopyEvent::TakenOver => {
                let text = "Inkling was updated in another tab. Reload this one when it suits you.";
                self.notify(text.into(), Some(("Reload", Rc::new(move || self.reload()))));
            }
        }
    }

    /// Offers a new version once it is there. While a run trains the offer waits.
    pub(crate) fn watch_for_new_versions(self) {
        Effect::new(move |was_offered: Option<bool>| {
            let is_busy = self.training.view.with(RunView::is_busy);
            let is_waiting = self.site_copy.new_version.with(Option::is_some);
            let is_offered = was_offered == Some(true) || (is_waiting && !is_busy);
            if is_offered && was_offered != Some(true) {
                let accept = Rc::new(move || self.accept_new_version());
                self.notify("A new version of Inkling is ready.".into(), Some(("Use it", accept)));
            }
            is_offered
        });
    }

    /// Loads the page anew with the build that waits. A run is saved before, and goes on after.
    pub(crate) fn accept_new_version(self) {
        let Some(version) = self.site_copy.new_version.get_untracked() else { return };
        spawn_local(async move {
            self.save_for_reload().await;
            self.site_copy.is_accepted.set(true);
            version.accept();
        });
    }

    fn reload(self) {
        spawn_local(async move {
            self.save_for_reload().await;
            browser::reload();
        });
    }

    async fn save_for_reload(self) {
        if let Some(id) = self.runs.live.get_untracked().filter(|_| self.is_training()) {
            browser::set_session_preference(RESUME_KEY, &id);
            self.workers.with_trainer(TrainerShell::save);
            browser::sleep(CHECKPOINT_MS).await;
        }
    }

    /// The files that are kept only once they are used: MNIST's and those of the WebGPU worker, below the site's root; none while it
    /// is not known which the site has.
    pub(crate) fn files_for_later(self) -> Option<Vec<String>> {
        let site = self.site.get()?;
        let mnist = data_files::mnist::FILES.iter().map(|file| format!("data/mnist/{}", file.name));
        let mut files: Vec<String> = mnist.filter(|_| site.mnist).collect();
        files.extend(site.gpu_files());
        Some(files)
    }
}
