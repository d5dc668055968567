//! A sweep: many runs that differ in chosen settings.

use experiments::{Shared, SweepAxis, SweepKind, SweepSpec, encode, parse_values, sweep_settings};
use leptos::prelude::*;

use super::study_data;
use crate::{lab::Lab, parts::term::TermButton, state::runs::RunPlan};

/// The most combinations that are drawn by chance.
const MAX_DRAWN: u32 = 200;

/// An axis as it is typed.
#[derive(Clone, PartialEq)]
struct TypedAxis {
    number: u32,
    field: &'static str,
    values: String,
}

/// A sweep as it is typed.
#[derive(Clone, Copy)]
struct TypedSweep {
    axes: RwSignal<Vec<TypedAxis>>,
    seeds: RwSignal<String>,
    /// Combinations drawn by chance; empty for all.
    drawn: RwSignal<String>,
}

impl TypedSweep {
    fn new() -> Self {
        let first = TypedAxis { number: 0, field: "Learning rate", values: String::new() };
        let seeds = RwSignal::new("1".to_owned());
        Self { axes: RwSignal::new(vec![first]), seeds, drawn: RwSignal::new(String::new()) }
    }

    fn add(self) {
        self.axes.update(|axes| {
            let number = axes.iter().map(|axis| axis.number + 1).max().unwrap_or(0);
            axes.push(TypedAxis { number, field: "Batch size", values: String::new() });
        });
    }

    fn change(self, number: u32, change: impl FnOnce(&mut TypedAxis)) {
        self.axes.update(|axes| {
            if let Some(axis) = axes.iter_mut().find(|axis| axis.number == number) {
                change(axis);
            }
        });
    }

    /// The sweep, around what the page Train describes. The error is for people.
    fn read(self, lab: &Lab) -> Result<(SweepSpec, RunPlan), String> {
        let plan = lab.planned()?;
        let mut base = plan.config.clone();
        base.changes.clear();
        let typed = self.axes.get_untracked().into_iter().filter(|axis| !axis.values.trim().is_empty());
        let axes: Vec<SweepAxis> = typed
            .map(|axis| SweepAxis { field: axis.field.into(), values: parse_values(&axis.values) })
            .collect();
        let number = |text: &String| text.trim().parse::<u64>();
        let seeds: Result<Vec<u64>, _> =
            parse_values(&self.seeds.get_untracked()).iter().map(number).collect();
        let seeds = seeds.map_err(|_| "Seeds are whole numbers, such as 1, 2, 3 or 1..5.".to_owned())?;
        let drawn = self.drawn.get_untracked();
        let kind = if drawn.trim().is_empty() {
            SweepKind::Grid
        } else if let Ok(trials @ 1..=MAX_DRAWN) = drawn.trim().parse() {
            SweepKind::Random { trials, seed: base.seed }
        } else {
            return Err(format!("Choose 1 to {MAX_DRAWN} combinations, or leave the field empty."));
        };
        let names: Vec<String> = axes.iter().map(|axis| axis.field.to_lowercase()).collect();
        let varied = if names.is_empty() { "seeds".to_owned() } else { names.join(", ") };
        let spec = SweepSpec { name: format!("Sweep over {varied}"), base, axes, kind, seeds };
        spec.trials().map_err(|error| error.to_string())?;
        Ok((spec, plan))
    }
}

/// The form of a sweep, and the study's.
#[component]
pub(super) fn SweepCard() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let typed = TypedSweep::new();
    let TypedSweep { axes, seeds, drawn } = typed;
    let error = RwSignal::new(String::new());
    let start = move |_| {
        let started = typed.read(&lab).and_then(|(spec, plan)| lab.start_sweep(&spec, &plan));
        error.set(started.err().unwrap_or_default());
    };
    let study = move |_| {
        let started = lab.planned().and_then(|plan| {
            let spec = SweepSpec::of_experiments("The study's ten trials", "study-");
            lab.start_sweep(&spec, &RunPlan { data: study_data(&lab), ..plan })
        });
        error.set(started.err().unwrap_or_default());
    };
    let link = move |_| {
        let linked = typed.read(&lab).and_then(|(spec, plan)| {
            let fragment =
                encode(&Shared::Sweep { spec, data: plan.data }).map_err(|error| error.to_string())?;
            Ok((fragment, plan.data))
        });
        match linked {
            Ok((fragment, data)) => lab.offer_link("runs", &fragment, Some(data)),
            Err(text) => error.set(text),
        }
    };
    view! {
        <section class="card sweep" aria-label="Sweep">
            <h2><TermButton id="sweep" /></h2>
            <p class="hint">
                "Trains the configuration from the Train page once for every combination of these values, one run after another. The results appear above. Values are a list such as 0.1, 0.01 or a range: 1..5, or 0.001..0.1 x3 for three values evenly spaced on a log scale. Hidden units are those of each hidden layer: 100-50, 30-5."
            </p>
            <For each=move || axes.get() key=|axis| axis.number let:axis><Axis typed axis /></For>
            <div class="pair">
                <label class="field"><span>"Seeds, such as 1, 2, 3 or 1..5"</span>
                    <input type="text" prop:value=seeds on:input=move |event| seeds.set(event_target_value(&event)) /></label>
                <label class="field"><span>"Random combinations (leave empty for all)"</span>
                    <input type="number" min="1" max="200" prop:value=drawn on:input=move |event| drawn.set(event_target_value(&event)) /></label>
            </div>
            <p class="trouble-text" role="alert">{error}</p>
            <div class="buttons">
                <button on:click=move |_| typed.add()>"Add a setting"</button>
                <button class="primary" on:click=start>"Start sweep"</button>
                <button on:click=link>"Copy link to sweep"</button>
                <button on:click=study>"Run the university study: ten trials"</button>
            </div>
        </section>
    }
}

/// A setting and the values that it takes.
#[component]
fn Axis(typed: TypedSweep, axis: TypedAxis) -> impl IntoView {
    let number = axis.number;
    let options =
        sweep_settings().map(|name| view! { <option value=name selected=name == axis.field>{name}</option> });
    let choose = move |event| {
        let name = event_target_value(&event);
        if let Some(name) = sweep_settings().find(|own| *own == name) {
            typed.change(number, |axis| axis.field = name);
        }
    };
    let remove = move |_| typed.axes.update(|axes| axes.retain(|axis| axis.number != number));
    view! {
        <div class="axis">
            <label class="field"><span>"Setting"</span><select on:change=choose>{options.collect_view()}</select></label>
            <label class="field"><span>"Values"</span>
                <input type="text" placeholder="0.1, 0.01 or 0.001..0.1 x3" prop:value=axis.values
                    on:input=move |event| typed.change(number, |axis| axis.values = event_target_value(&event)) /></label>
            <button aria-label="Remove this setting" on:click=remove>"×"</button>
        </div>
    }
}
