//! Every run that is kept: a table of what differs, their curves together, what a run can be used for, sweeps and the queue.

mod actions;
mod charts;
mod coordinates;
pub(crate) mod lines;
mod queue;
pub(crate) mod shared;
mod summary;
mod sweep;
mod table;

use std::collections::BTreeMap;

use experiments::{Listing, ListingQuery, RunRecord, SortKey, filtered};
use leptos::prelude::*;

use self::{
    actions::RunCard, charts::RunCharts, coordinates::Coordinates, queue::QueueCard, shared::SharedCard,
    summary::Summary, sweep::SweepCard, table::RunTable,
};
use crate::lab::Lab;

/// Runs that are compared until others are chosen.
const USUALLY_COMPARED: usize = 5;

/// What is chosen on the page.
#[derive(Clone, Copy)]
struct Choice {
    /// The runs that are compared, in the order of their rows.
    compared: Memo<Vec<String>>,
    /// What a person ticked, by run; the others are compared as usual.
    ticked: RwSignal<BTreeMap<String, bool>>,
    /// The run whose card is open.
    open: RwSignal<Option<String>>,
    filter: RwSignal<String>,
    with_hidden: RwSignal<bool>,
    sort: RwSignal<(SortKey, bool)>,
    listing: Memo<Listing>,
}

impl Choice {
    fn new(lab: &Lab) -> Self {
        let lab = *lab;
        let ticked = RwSignal::new(BTreeMap::<String, bool>::new());
        let filter = RwSignal::new(String::new());
        let with_hidden = RwSignal::new(false);
        let sort = RwSignal::new((SortKey::Begun, true));
        let compared = Memo::new(move |_| {
            lab.runs.records.with(|records| {
                let all = filter.with(|words| filtered(records, words, with_hidden.get()));
                let usual = usually_compared(&all);
                let is_ticked = |id: &String| ticked.with(|ticked| ticked.get(id).copied());
                let ids = all.into_iter().map(|record| record.id.clone());
                ids.filter(|id| is_ticked(id).unwrap_or_else(|| usual.contains(id))).collect::<Vec<String>>()
            })
        });
        let listing = Memo::new(move |_| {
            let (words, (key, is_descending)) = (filter.get(), sort.get());
            let chosen = compared.get();
            lab.runs.records.with(|records| {
                let with_hidden = with_hidden.get();
                Listing::of(
                    records,
                    &ListingQuery { filter: &words, with_hidden, sort: &key, is_descending, chosen: &chosen },
                )
            })
        });
        Self { compared, ticked, open: RwSignal::new(None), filter, with_hidden, sort, listing }
    }

    /// The records of the runs that are compared.
    fn records(self, lab: &Lab) -> Vec<RunRecord> {
        let ids = self.compared.get();
        lab.runs.records.with(|all| {
            ids.iter().filter_map(|id| all.iter().find(|record| record.id == *id).cloned()).collect()
        })
    }

    fn is_compared(self, id: &str) -> bool {
        self.compared.with(|compared| compared.iter().any(|own| own == id))
    }
}

/// The newest runs; the whole group where the newest belongs to one.
fn usually_compared(records: &[&RunRecord]) -> Vec<String> {
    let group = records.first().and_then(|newest| newest.group.as_ref());
    match group {
        Some(group) => records
            .iter()
            .filter(|record| record.group.as_ref().is_some_and(|own| own.id == group.id))
            .map(|record| record.id.clone())
            .collect(),
        None => records.iter().take(USUALLY_COMPARED).map(|record| record.id.clone()).collect(),
    }
}

/// The page Runs.
#[component]
pub(crate) fn RunsPage() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let choice = Choice::new(&lab);
    let is_empty = Memo::new(move |_| lab.runs.records.with(Vec::is_empty));
    let has_several = Memo::new(move |_| choice.compared.with(|compared| compared.len() > 1));
    let none = move || {
        is_empty.get().then(|| {
            view! {
                <p class="quiet">
                    "No runs yet. Start one on the Train page, or start a sweep below. Every run is saved from its first step."
                </p>
            }
        })
    };
    view! {
        <div class="runs">
            <h1>"Runs"</h1>
            <SharedCard />
            {none}
            <QueueCard />
            <Show when=move || !is_empty.get()>
                <RunTable choice />
                <RunCard choice />
                <RunCharts choice />
                <Show when=move || has_several.get()>
                    <Summary choice />
                    <Coordinates choice />
                </Show>
            </Show>
            <SweepCard />
        </div>
    }
}

/// When a run began, for a cell.
fn begun_text(begun_ms: f64) -> String {
    let options = js_sys::Object::new();
    for part in ["dateStyle", "timeStyle"] {
        // A plain object accepts any property.
        let _ = js_sys::Reflect::set(&options, &part.into(), &"short".into());
    }
    js_sys::Date::new(&begun_ms.into()).to_locale_string("default", &options).into()
}

/// What the study trains on: MNIST, where the site has it.
fn study_data(lab: &Lab) -> train_config::DataChoice {
    crate::lab::default_data(lab).choice
}
