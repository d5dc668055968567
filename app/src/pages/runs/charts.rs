//! The curves of the runs that are compared, in one set of axes.

use std::{collections::BTreeMap, rc::Rc};

use experiments::{Curve, RunRecord};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{
    Choice,
    lines::{Over, PARTS, Shown, of_epochs, of_steps, together},
};
use crate::{
    lab::Lab,
    parts::{
        plot::{Plot, PlotLine},
        term::TermButton,
    },
    words,
};

/// Weight of what came before in the smoothed curve, until another is chosen.
const USUAL_SMOOTHING: f64 = 0.9;

/// How the curves are shown.
#[derive(Clone, Copy)]
struct Settings {
    over: RwSignal<Over>,
    smoothing: RwSignal<f64>,
    is_grouped: RwSignal<bool>,
    has_steps: RwSignal<bool>,
}

/// A line of steps, with what it was made of.
struct MadeLine {
    curve: Rc<Curve>,
    over: Over,
    smoothing: f64,
    changes: usize,
    line: PlotLine,
}

/// Lines of steps by run and chart: only what has changed is made anew.
type MadeLines = StoredValue<BTreeMap<(String, u8), MadeLine>, LocalStorage>;

/// The charts with their settings.
#[component]
pub(super) fn RunCharts(choice: Choice) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let settings = Settings {
        over: RwSignal::new(Over::Steps),
        smoothing: RwSignal::new(USUAL_SMOOTHING),
        is_grouped: RwSignal::new(true),
        has_steps: RwSignal::new(true),
    };
    let (cursor, window) = (RwSignal::new(None), RwSignal::new(None));
    read_compared(lab, choice);
    let made = StoredValue::new_local(BTreeMap::new());
    let lines = move |shown: Shown| Signal::derive_local(move || lines(&lab, choice, settings, made, shown));
    let x_name = Signal::derive(move || settings.over.get().title().to_owned());
    Effect::new(move |_| {
        settings.over.track();
        window.set(None);
        cursor.set(None);
    });
    view! {
        <section class="card" aria-label="Curves">
            <ChartSettings settings />
            <div class="charts">
                <Plot name="Loss" unit="cross-entropy, nats" x_name lines=lines(Shown::Loss) text=|value| format!("{value:.4}") cursor window has_log=true />
                <Plot name="Accuracy" unit="%" x_name lines=lines(Shown::Accuracy) text=|value| format!("{value:.2} %") cursor window />
                <Plot name="Learning rate" unit="per step" x_name lines=lines(Shown::LearningRate) text=words::learning_rate cursor window has_log=true />
                <Plot name="Speed" unit="images/s" x_name lines=lines(Shown::Speed) text=|value| metrics::grouped(value.round() as u32) cursor window />
            </div>
        </section>
    }
}

/// Reads curves when they are compared, and forgets them when they are not.
#[expect(clippy::large_types_passed_by_value, reason = "signals of the page are copied into closures")]
fn read_compared(lab: Lab, choice: Choice) {
    Effect::new(move |_| {
        let ids = choice.compared.get();
        let missing: Vec<String> = lab
            .runs
            .curves
            .with(|curves| ids.iter().filter(|id| !curves.contains_key(*id)).cloned().collect());
        lab.runs.keep_curves_of(&ids);
        let Some(storage) = lab.kept.storage() else { return };
        spawn_local(async move {
            for id in missing {
                lab.report_error(lab.runs.curve(&storage, &id).await);
            }
        });
    });
}

/// The lines of a chart.
fn lines(lab: &Lab, choice: Choice, settings: Settings, made: MadeLines, shown: Shown) -> Vec<PlotLine> {
    let records = choice.records(lab);
    let is_grouped = settings.is_grouped.get();
    let all_of = |line: &dyn Fn(&RunRecord) -> Option<PlotLine>| {
        if is_grouped { together(&records, line) } else { records.iter().filter_map(line).collect() }
    };
    let is_measured = matches!(shown, Shown::Loss | Shown::Accuracy);
    let mut all = Vec::new();
    if !is_measured || settings.has_steps.get() {
        all.extend(all_of(&|record| of_steps_if_new(lab, record, settings, made, shown)));
    }
    if is_measured {
        // The parts that the network does not learn from.
        for part in &PARTS[1..] {
            all.extend(all_of(&|record| of_epochs(record, *part, shown, settings.over.get())));
        }
    }
    all
}

fn of_steps_if_new(
    lab: &Lab,
    record: &RunRecord,
    settings: Settings,
    made: MadeLines,
    shown: Shown,
) -> Option<PlotLine> {
    let curve = lab.runs.curves.with(|curves| curves.get(&record.id).cloned())?;
    let (over, smoothing) = (settings.over.get(), settings.smoothing.get());
    let changes = record.config.changes.len();
    let key = (record.id.clone(), shown as u8);
    let known = made.with_value(|made| {
        let is_same = |own: &&MadeLine| {
            Rc::ptr_eq(&own.curve, &curve)
                && (own.over, own.smoothing, own.changes) == (over, smoothing, changes)
                && own.line.name == record.name
        };
        made.get(&key).filter(is_same).map(|own| own.line.clone())
    });
    let line = known.unwrap_or_else(|| {
        let line = of_steps(record, &curve, shown, over, smoothing);
        let own = MadeLine { curve, over, smoothing, changes, line: line.clone() };
        made.update_value(|made| drop(made.insert(key, own)));
        line
    });
    (!line.xs.is_empty()).then_some(line)
}

/// What the charts are drawn over, and how.
#[component]
fn ChartSettings(settings: Settings) -> impl IntoView {
    let Settings { over, smoothing, is_grouped, has_steps } = settings;
    let options = Over::ALL.map(|own| {
        view! { <option value=own.id() prop:selected=move || over.get() == own>{own.id()}</option> }
    });
    let choose = move |event| {
        let chosen = event_target_value(&event);
        if let Some(own) = Over::ALL.into_iter().find(|own| own.id() == chosen) {
            over.set(own);
        }
    };
    let smooth = move |event| {
        if let Ok(weight @ 0.0..=0.999) = event_target_value(&event).parse() {
            smoothing.set(weight);
        }
    };
    view! {
        <div class="settings">
            <div class="setting"><span>"X axis"</span>
                <select aria-label="X axis" on:change=choose>{options.into_iter().collect_view()}</select></div>
            <div class="setting"><TermButton id="smoothing" />
                <input type="range" aria-label="Smoothing" min="0" max="0.999" step="0.001" prop:value=move || smoothing.get().to_string() on:input=smooth />
                <span>{move || format!("{:.3}", smoothing.get())}</span></div>
            <label class="check"><input type="checkbox" prop:checked=is_grouped
                on:change=move |event| is_grouped.set(event_target_checked(&event)) />"Average over seeds, with range"</label>
            <label class="check"><input type="checkbox" prop:checked=has_steps
                on:change=move |event| has_steps.set(event_target_checked(&event)) />"Show every step"</label>
        </div>
    }
}
