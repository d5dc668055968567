//! The start of the page, in many short tasks: ink and keys find time between them.

use std::rc::Rc;

use leptos::prelude::*;
use train_config::DataChoice;
use wasm_bindgen_futures::spawn_local;
use worker_client::Recognizer;

use super::ink::PEN_KEY;
use crate::{
    browser,
    engine::{BrowserHost, Site, TrainerShell},
    first,
    lab::Lab,
};

impl Lab {
    /// Starts the workers, opens the storage, builds the page part by part, and puts it in the place of what stood in the HTML.
    pub(crate) async fn start(self) {
        browser::next_task().await;
        self.start_workers();
        browser::next_task().await;
        self.watch_runs();
        self.watch_for_new_versions();
        self.form.remember();
        spawn_local(self.read_site());
        browser::next_task().await;
        spawn_local(self.open_storage());
        browser::next_task().await;
        self.open_fragment();
        self.open_site_model();
        // A link that is pasted into the address of the open page.
        browser::on_fragment(move || self.open_fragment());
        // The parts of a part have joined the queue when the next task begins.
        while self.turns.give_next() {
            browser::next_task().await;
        }
        let strokes = first::take_over().await;
        if !strokes.is_empty() {
            self.set_drawing(strokes);
        }
        self.turns.are_over.set(true);
    }

    fn start_workers(self) {
        let host = Rc::new(BrowserHost);
        let recognizer = Recognizer::start(Rc::clone(&host), first::reader(), move |event| {
            self.on_recognizer_event(event);
        });
        let trainer =
            TrainerShell::new(Rc::clone(&host), recognizer.clone(), self.training.view, move |update| {
                self.on_run_update(update);
            });
        self.workers.start(host, recognizer, trainer);
        if let Some(radius) = browser::preference(PEN_KEY).and_then(|radius| radius.parse().ok()) {
            self.set_pen_radius(radius);
        }
    }

    async fn read_site(self) {
        match Site::fetch().await {
            Ok(site) => {
                if !site.mnist && self.form.data.get_untracked() == DataChoice::Mnist {
                    self.form.set_data(DataChoice::BuiltIn { train_images: 20_000 });
                }
                self.site.set(Some(site));
            }
            Err(text) => self.report_trouble(text),
        }
    }
}
