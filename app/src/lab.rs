//! Everything that the page holds for as long as it is open: a store for each noun, and the commands of `commands` on them.

use std::rc::Rc;

use leptos::prelude::*;
use protocol::data::DataSource;
use train_config::DataChoice;
use wasm_bindgen_futures::spawn_local;
use worker_client::Recognizer;

use crate::{
    browser,
    commands::{PEN_KEY, data_source},
    drawing_state::DrawingState,
    engine::{BrowserHost, Site, TrainerShell},
    first,
    form::Form,
    personalization::Personalization,
    state::{
        announcer::Announcer, data_sets::DataSets, drawings::Drawings, kept::Kept, models::Models,
        notifications::Notifications, offers::Offers, queue::QueueStore, runs::Runs, site_copy::SiteCopy,
        training::Training, turns::Turns, workers::Workers,
    },
};

/// The stores. Copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Lab {
    pub(crate) form: Form,
    pub(crate) drawing: DrawingState,
    pub(crate) models: Models,
    pub(crate) drawings: Drawings,
    pub(crate) data_sets: DataSets,
    /// Every run, the one under way included.
    pub(crate) runs: Runs,
    /// The run under way.
    pub(crate) training: Training,
    /// What is to be trained next.
    pub(crate) queue: QueueStore,
    pub(crate) personalization: Personalization,
    pub(crate) notifications: Notifications,
    /// What assistive software is told.
    pub(crate) announcer: Announcer,
    /// A model that was brought and not kept yet.
    pub(crate) offers: Offers,
    pub(crate) site: RwSignal<Option<Site>>,
    /// The copy of the site that the browser keeps.
    pub(crate) site_copy: SiteCopy,
    pub(crate) kept: Kept,
    pub(crate) workers: Workers,
    /// The parts of the page that are built while it starts.
    pub(crate) turns: Turns,
}

impl Lab {
    /// Starts the workers and opens the storage.
    pub(crate) fn begin() -> Self {
        let lab = Self {
            form: Form::new(),
            drawing: DrawingState::new(),
            models: Models::new(),
            drawings: Drawings::new(),
            data_sets: DataSets::new(),
            runs: Runs::new(),
            training: Training::new(),
            queue: QueueStore::new(),
            personalization: Personalization::new(),
            notifications: Notifications::new(),
            announcer: Announcer::new(),
            offers: Offers::new(),
            site: RwSignal::new(None),
            site_copy: SiteCopy::new(),
            kept: Kept::new(),
            workers: Workers::new(),
            turns: Turns::new(),
        };
        let host = Rc::new(BrowserHost);
        let recognizer =
            Recognizer::start(Rc::clone(&host), first::reader(), move |event| lab.on_recognizer_event(event));
        let view = lab.training.view;
        let trainer = TrainerShell::new(Rc::clone(&host), recognizer.clone(), view, move |update| {
            lab.on_run_update(update);
        });
        lab.workers.start(host, recognizer, trainer);
        if let Some(radius) = browser::preference(PEN_KEY).and_then(|radius| radius.parse().ok()) {
            lab.set_pen_radius(radius);
        }
        lab.watch_runs();
        lab.watch_for_new_versions();
        spawn_local(async move {
            browser::next_task().await;
            lab.read_site().await;
        });
        spawn_local(async move {
            browser::next_task().await;
            lab.open_storage().await;
        });
        lab.open_fragment();
        lab.open_site_model();
        // A link that is pasted into the address of the open page.
        browser::on_fragment(move || lab.open_fragment());
        lab
    }

    /// Gives every part of the page its turn, and puts the whole in the place of what stood in the HTML.
    pub(crate) async fn build_page(self) {
        // What a part builds waits behind it, in the same task at the latest.
        loop {
            browser::next_task().await;
            if !self.turns.give_next() {
                break;
            }
        }
        let strokes = first::take_over().await;
        if !strokes.is_empty() {
            self.set_drawing(strokes);
        }
        self.turns.are_over.set(true);
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

/// The data set at hand: MNIST, if the site has it.
pub(crate) fn default_data(lab: &Lab) -> DataSource {
    let has_mnist = lab.site.with_untracked(|site| site.as_ref().is_some_and(|site| site.mnist));
    data_source(if has_mnist { DataChoice::Mnist } else { DataChoice::BuiltIn { train_images: 6_000 } })
}
