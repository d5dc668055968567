//! A test of the active model on labelled images: accuracy, reliability, confusion, each mistake, and another model beside it.

mod answered;
mod compared;
mod confusion;
mod per_class;
mod reliability;
pub(crate) mod run;
pub(crate) mod submission;
mod tested;

use browser_storage::KeptDataSet;
use evaluation::ClassificationReport;
use leptos::prelude::*;
use protocol::{
    JobError,
    data::{DataSummary, PartName},
};
use train_config::DataChoice;
use wasm_bindgen_futures::spawn_local;

use self::{
    compared::Compare,
    confusion::Confusion,
    per_class::PerClass,
    reliability::Reliability,
    run::{evaluate, in_use},
    submission::Submission,
    tested::{Source, Tested},
};
use crate::{
    lab::Lab,
    parts::{bring_data::BringData, data_select::BUILT_IN},
    saved_models::ActiveModel,
    words,
};

/// A test of the active model.
#[component]
pub(crate) fn EvaluateCard() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let source = RwSignal::new(Source::Data(DataChoice::Mnist));
    let status = RwSignal::new(String::new());
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let tested = RwSignal::new(None::<Tested>);
    let has_mnist = move || lab.site.with(|site| site.as_ref().is_some_and(|site| site.mnist));
    Effect::new(move |_| {
        let is_missing = lab.site.with(Option::is_some) && !has_mnist();
        if is_missing && source.get_untracked() == Source::Data(DataChoice::Mnist) {
            source.set(Source::Data(BUILT_IN));
        }
    });
    let finish = move |result: Result<Tested, JobError>, seen: &str| {
        // The card may have gone with its page.
        match result {
            Ok(found) => {
                status.try_set(in_words(&found.report, &found.model, &found.images) + seen);
                tested.try_set(Some(found));
            }
            Err(failure) => {
                status.try_set(String::new());
                error.try_set(words::job_error(&failure));
            }
        }
        busy.try_set(false);
    };
    let begin = move || {
        if busy.get_untracked() {
            return false;
        }
        busy.set(true);
        error.set(String::new());
        status.set("Reading the images …".into());
        true
    };
    let press = move |_| {
        if !begin() {
            return;
        }
        tested.set(None);
        spawn_local(async move {
            let Some(ActiveModel { file, card, .. }) = lab.models.active.get_untracked() else {
                let text = "The model is still loading. Try again in a moment.";
                return finish(Err(JobError::BadInput(text.into())), "");
            };
            let source = source.get_untracked();
            let has_learned = match source {
                Source::Data(DataChoice::Kept(hash)) => {
                    untrack(|| lab.data_sets.get(hash)).is_some_and(|summary| {
                        summary.images(PartName::Test) == 0 && card.trained_on == summary.name
                    })
                }
                Source::Data(_) | Source::Drawings => false,
            };
            let result = evaluate(&lab, source, &file.name, file.bytes, status).await;
            let seen = " It has learned from most of these images: it may read new ones less well.";
            finish(result, if has_learned { seen } else { "" });
        });
    };
    let kept = move || {
        let option = |set: KeptDataSet| {
            let own = Source::Data(DataChoice::Kept(set.summary.hash));
            view! { <option value=own.id() prop:selected=move || source.get() == own>{set.summary.name}</option> }
        };
        lab.data_sets.all.get().into_iter().map(option).collect_view()
    };
    let use_it = move |summary: DataSummary| source.set(Source::Data(DataChoice::Kept(summary.hash)));
    view! {
        <section class="card evaluate" aria-label="Evaluate">
            <h2>"Evaluate the model in use"</h2>
            <div class="pair">
                <label class="field"><span>"Test on"</span>
                    <select on:change=move |event| source.set(Source::of_id(&event_target_value(&event)))>
                        <option value="mnist" disabled=move || !has_mnist() prop:selected=move || source.get() == Source::Data(DataChoice::Mnist)>
                            "MNIST test images"</option>
                        <option value="built-in" prop:selected=move || source.get() == Source::Data(BUILT_IN)>"Built-in digits"</option>
                        <option value="drawings" prop:selected=move || source.get() == Source::Drawings>"My drawings"</option>
                        {kept}
                    </select></label>
                <div class="buttons"><button class="primary" aria-disabled=move || busy.get().to_string() on:click=press>"Evaluate"</button></div>
            </div>
            <details class="bring-fold">
                <summary>"Bring files to test on"</summary>
                <BringData on_keep=use_it />
            </details>
            {move || if let Source::Data(choice) = source.get() { Some(view! { <Submission choice answerer=in_use /> }) } else { None }}
            <p class="checked" role="status" aria-label="Evaluation">{status}</p>
            <p class="trouble-text" role="alert">{error}</p>
            {move || tested.get().map(|tested| view! {
                <div class="report-figures">
                    <Reliability report=tested.report.clone() />
                    <Confusion tested=tested.clone() />
                </div>
                <PerClass tested=tested.clone() />
                <Compare tested />
            })}
        </section>
    }
}

/// A report in two sentences.
fn in_words(report: &ClassificationReport, model: &str, images: &str) -> String {
    let accuracy = report.accuracy();
    format!(
        "{model} on {images}: {} of {} right, {}. Expected calibration error {:.2} %; taken for no digit: {:.2} %.",
        metrics::grouped(accuracy.correct),
        metrics::counted(accuracy.total, "image"),
        accuracy.with_interval(),
        100.0 * report.expected_calibration_error(),
        100.0 * report.rejected_share()
    )
}
