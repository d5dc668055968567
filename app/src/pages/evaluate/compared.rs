//! Two models on the same images.

use std::sync::Arc;

use evaluation::Comparison;
use experiments::RunRecord;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{
    answered::Answered,
    run::evaluate,
    tested::{OneAnswer, Tested},
};
use crate::{lab::Lab, saved_models::SavedModel, state::runs::RUN_PREFIX, words};

/// Choosing another model, and what comes of it.
#[component]
pub(super) fn Compare(tested: Tested) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let other = RwSignal::new(String::new());
    let status = RwSignal::new(String::new());
    let compared = RwSignal::new(None::<Tested>);
    let first = StoredValue::new(tested);
    let press = move |_| {
        let id = other.get_untracked();
        if id.is_empty() {
            return status.set("Choose a model first.".into());
        }
        compared.set(None);
        spawn_local(async move {
            let Some((name, file)) = weights_of(&lab, &id).await else { return };
            match evaluate(&lab, first.with_value(|first| first.source), &name, file, status).await {
                Ok(found) => {
                    status.try_set(String::new());
                    compared.try_set(Some(found));
                }
                Err(failure) => drop(status.try_set(words::job_error(&failure))),
            }
        });
    };
    let others = move || {
        let all = lab.models.shipped.get().into_iter().chain(lab.models.saved.get());
        let option = |model: SavedModel| view! { <option value=model.id.clone()>{model.name}</option> };
        let runs = lab.runs.records.with(|all| {
            let has_weights = |record: &&RunRecord| !record.epochs.is_empty();
            let option = |record: &RunRecord| {
                let id = format!("{RUN_PREFIX}{}", record.id);
                view! { <option value=id>{format!("Run {}", record.name)}</option> }
            };
            all.iter().filter(has_weights).map(option).collect_view()
        });
        view! { {all.map(option).collect_view()}{runs} }
    };
    view! {
        <div class="pair">
            <label class="field"><span>"Compare with"</span>
                <select on:change=move |event| other.set(event_target_value(&event))>
                    <option value="">"Choose a model"</option>{others}</select></label>
            <div class="buttons"><button on:click=press>"Compare"</button></div>
        </div>
        <p role="status" aria-label="Comparing">{status}</p>
        {move || compared.get().map(|second| view! { <Compared first=first.get_value() second /> })}
    }
}

/// Name and weights of a saved model or of a run. What is wrong is reported.
async fn weights_of(lab: &Lab, id: &str) -> Option<(String, Arc<Vec<u8>>)> {
    if let Some(run) = id.strip_prefix(RUN_PREFIX) {
        let name = untrack(|| lab.runs.get(run))?.name;
        return Some((name, lab.run_weights(run).await?));
    }
    let mut all = lab.models.shipped.get_untracked().into_iter().chain(lab.models.saved.get_untracked());
    let model = all.find(|model| model.id == id)?;
    let bytes = lab.bytes_of(&model).await?;
    Some((model.name, bytes))
}

/// Two models on the same images.
#[component]
fn Compared(first: Tested, second: Tested) -> impl IntoView {
    let is_right = |answer: &OneAnswer| answer.label == answer.class;
    let found = Comparison::of(first.answers.iter().map(is_right), second.answers.iter().map(is_right));
    let verdict = if found.p_value < 0.05 { "more than chance explains" } else { "which may be chance" };
    let p_value =
        if found.p_value < 0.001 { "< 0.001".to_owned() } else { format!("= {:.3}", found.p_value) };
    let text = format!(
        "{} reads {} correctly that {} does not, and {} the other way round: McNemar's test gives p {p_value}, {verdict}.",
        first.model,
        metrics::counted(found.only_first, "image"),
        second.model,
        metrics::grouped(found.only_second)
    );
    let differ = first.answers.iter().zip(second.answers.iter()).enumerate();
    let numbers: Vec<u32> = differ
        .filter(|(_, (one, other))| one.class != other.class)
        .map(|(number, _)| number as u32)
        .collect();
    let title = format!(
        "Images that they read differently ({}), as {} reads them",
        metrics::grouped(numbers.len() as u32),
        second.model
    );
    let accuracy = |tested: &Tested| tested.report.accuracy().with_interval();
    let rows = [&first, &second].map(
        |tested| view! { <tr><th scope="row">{tested.model.clone()}</th><td>{accuracy(tested)}</td></tr> },
    );
    view! {
        <div class="compared" role="group" aria-label="Comparison">
            <table aria-label="Two models">
                <thead><tr><th scope="col">"Model"</th><th scope="col">"Accuracy"</th></tr></thead><tbody>{rows}</tbody>
            </table>
            <p>{text}</p>
            {(!numbers.is_empty()).then(|| view! { <Answered tested=second numbers title /> })}
        </div>
    }
}
