//! The tutorials' experiments as cards.

use leptos::prelude::*;
use train_config::{EXPERIMENTS, Experiment, differences};
use worker_client::{Phase, RunView};

use crate::lab::Lab;

/// A card for each experiment: what it teaches, what the tutorial and PyTorch reach, and what changed from the one before.
#[component]
pub(crate) fn Experiments() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let is_idle = Memo::new(move |_| lab.training.view.with(|run| run.phase == Phase::Idle));
    let cards = EXPERIMENTS.iter().enumerate().map(|(index, experiment)| {
        let before = index.checked_sub(1).map(|before| &EXPERIMENTS[before]);
        view! { <Card experiment before /> }
    });
    view! {
        <details class="experiments" prop:open=is_idle>
            <summary><h2>"Experiments"</h2></summary>
            <p class="hint">"Each is a starting point: choose one, start it, change something, and compare. Study is a university's study of MLPs; it names no batch size, and 512 is the one at which PyTorch, too, comes closest to its figures."</p>
            <ol>{cards.collect_view()}</ol>
        </details>
    }
}

/// Whether two experiments are neighbours of one study, so that their difference is the point.
fn is_of_one_study(a: &Experiment, b: &Experiment) -> bool {
    let study = |experiment: &Experiment| experiment.id.split('-').next().unwrap_or_default().to_owned();
    study(a) == study(b)
}

#[component]
fn Card(experiment: &'static Experiment, before: Option<&'static Experiment>) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let is_busy = Memo::new(move |_| lab.training.view.with(RunView::is_busy));
    let is_chosen = Memo::new(move |_| lab.form.experiment.get() == Some(experiment));
    let changed = before.filter(|before| is_of_one_study(before, experiment)).map(|before| {
        let all = differences(&before.config(), &experiment.config());
        let text = |one: &train_config::Difference| format!("{}: {} → {}", one.name, one.before, one.after);
        let list: Vec<_> = all.iter().map(text).collect();
        view! { <p class="hint">"Changed from the previous experiment: "{list.join("; ")}</p> }
    });
    let figure = |name: &'static str, value: Option<String>| {
        value.map(|value| view! { <dt>{name}</dt><dd>{value}</dd> })
    };
    let published = experiment.published.map(|published| format!("{:.2} %", 100.0 * published.validation));
    let reached = experiment.reached().map(|reached| {
        let what = if reached.is_validation { "validation" } else { "test" };
        format!(
            "{:.2} ± {:.2} %, {what}, {} seeds",
            100.0 * reached.mean,
            100.0 * reached.deviation,
            reached.seeds
        )
    });
    let choose = move |_| lab.form.choose(experiment);
    view! {
        <li class="card experiment" class:chosen=is_chosen>
            <h3>{experiment.title}</h3>
            <p>{experiment.teaches}</p>
            <dl>
                {figure("Published, validation", published)}
                {figure("Reached here", reached)}
            </dl>
            {changed}
            <button type="button" disabled=is_busy aria-pressed=move || is_chosen.get().to_string() on:click=choose
                aria-label=format!("Choose {}", experiment.title)>
                "Choose"
            </button>
        </li>
    }
}
