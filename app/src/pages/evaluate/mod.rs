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
use model_card::ModelCard;
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
    let finish = move |result: Result<Tested, JobError>| {
        // The card may have gone with its page.
        match result {
            Ok(found) => {
                let seen = if has_learned_from(&lab, found.source) {
                    " It has learned from most of these images: new ones it reads less well."
                } else {
                    ""
                };
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
            let active = lab.models.active.get_untracked();
            let result = match active {
                Some(active) => match unfit(&lab, source.get_untracked(), &active.card) {
                    Some(why) => Err(JobError::BadInput(why)),
                    None => {
                        evaluate(&lab, source.get_untracked(), &active.file.name, active.file.bytes, status)
                            .await
                    }
                },
                None => Err(JobError::BadInput("The model is still loading. Try again in a moment.".into())),
            };
            finish(result);
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

/// Why a model cannot be tested on these images, for people: answers are compared by the numbers of classes.
fn unfit(lab: &Lab, source: Source, card: &ModelCard) -> Option<String> {
    let names = match source {
        Source::Data(DataChoice::Kept(hash)) => {
            let summary = lab.data_sets.get(hash)?;
            (0..summary.classes()).map(|class| summary.class_name(class)).collect()
        }
        Source::Data(_) | Source::Drawings => (0..10).map(|digit| digit.to_string()).collect::<Vec<_>>(),
    };
    let own: Vec<String> = (0..card.network.classes()).map(|class| card.class_name(class)).collect();
    (!own.starts_with(&names)).then(|| {
        format!(
            "The model tells these classes apart: {}. The images are of others: {}. Choose images of its own classes.",
            own.join(", "),
            names.join(", ")
        )
    })
}

/// Whether the model in use was trained on this data set, which has no test images of its own.
fn has_learned_from(lab: &Lab, source: Source) -> bool {
    let Source::Data(DataChoice::Kept(hash)) = source else { return false };
    let summary = untrack(|| lab.data_sets.get(hash));
    summary.is_some_and(|summary| {
        summary.images(PartName::Test) == 0
            && lab.models.active.with_untracked(|active| {
                active.as_ref().is_some_and(|active| active.card.trained_on == summary.name)
            })
    })
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
