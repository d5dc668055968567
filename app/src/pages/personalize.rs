//! My handwriting: the labelled drawings, and a model that is fine-tuned on them.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::A;
use model_card::ModelCard;
use protocol::{
    Blobs, Delivery, JobError,
    files::ExportFormat,
    personalize::{Change, PersonalizationReport, Personalize, PersonalizeProgress, PersonalizeStage},
};
use wasm_bindgen_futures::spawn_local;
use worker_client::RunView;

use crate::{
    browser,
    lab::{Lab, default_data},
    labelled_drawings::{self, LabelledDrawing},
    parts::network_input::Thumbnail,
    personalization::{Personalization, PersonalizedModel},
    saved_models::ActiveModel,
    state::models::is_shipped,
    words,
};

/// Fine-tuning on fewer drawings has no lasting effect.
const MIN_DRAWINGS: usize = 5;

/// A loss on other hands that no good drawing causes, as a share.
const MOST_FORGOTTEN: f64 = 0.01;

/// The My hand page.
#[component]
pub(crate) fn MyHandwritingPage() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let count = Memo::new(move |_| lab.drawings.all.with(Vec::len));
    let save = move |format: ExportFormat, name: &'static str| {
        spawn_local(async move {
            match lab.export_drawings(format).await {
                Ok(file) => browser::download(name, &file),
                Err(error) => lab.report_trouble(words::job_error(&error)),
            }
        });
    };
    let is_empty = move || count.get() == 0;
    let of_digit = move |digit: u8| {
        let own = move || {
            lab.drawings.all.with(|drawings| {
                drawings.iter().filter(|drawing| drawing.label == digit).cloned().collect::<Vec<_>>()
            })
        };
        view! {
            <Show when=move || !own().is_empty()>
                <section aria-label=format!("Drawings of {digit}")>
                    <h2>{digit}</h2>
                    <ul class="drawings">
                        <For each=own key=|drawing| drawing.id.clone() let:drawing>
                            <DrawingItem drawing />
                        </For>
                    </ul>
                </section>
            </Show>
        }
    };
    view! {
        <div class="models handwriting">
            <h1>"My hand"</h1>
            <p class="quiet">
                "Draw a digit on the " <A href=format!("{}/", browser::base_path())>"Draw page"</A> " and say what it is, with a click below its bars or the key of the digit. It is kept here, in this browser, until you delete it."
            </p>
            <PersonalizeCard />
            <section class="card" aria-label="Drawings">
                <p role="status" aria-label="Number of drawings">{move || metrics::counted(count.get() as u32, "drawing")}</p>
                {(0..10).map(of_digit).collect_view()}
                <div class="buttons">
                    <button disabled=is_empty on:click=move |_| save(ExportFormat::Idx, "drawings-idx.zip")>"Export as IDX"</button>
                    <button disabled=is_empty on:click=move |_| save(ExportFormat::Pictures, "drawings-png.zip")>"Export as PNG"</button>
                </div>
            </section>
        </div>
    }
}

#[component]
fn DrawingItem(drawing: LabelledDrawing) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let LabelledDrawing { id, label, predicted, image, .. } = drawing;
    let was = if predicted == label { String::new() } else { format!(", read as {predicted}") };
    view! {
        <li class:misread=predicted != label>
            <Thumbnail image=Box::new(image) label=format!("A {label}{was}") />
            <button aria-label=format!("Delete this {label}") on:click=move |_| lab.delete_drawing(id.clone())>"×"</button>
        </li>
    }
}

#[component]
fn PersonalizeCard() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let Personalization { activity, error, result } = lab.personalization;
    let too_few = move || lab.drawings.all.with(Vec::len) < MIN_DRAWINGS;
    let press = move |_| {
        if activity.with_untracked(Option::is_some) || too_few() {
            return;
        }
        if lab.training.view.with_untracked(RunView::is_busy) {
            return error.set(
                "A run is training now, and its weights would take the place of yours. Stop it first.".into(),
            );
        }
        error.set(String::new());
        activity.set(Some("Starting".into()));
        spawn_local(async move {
            if let Err(failure) = personalize_and_use(&lab).await {
                error.set(words::job_error(&failure));
            }
            activity.set(None);
        });
    };
    let undo = move |_| {
        let Some(PersonalizedModel { model, before, .. }) = result.get_untracked() else { return };
        result.set(None);
        lab.use_model(before.file);
        spawn_local(async move {
            lab.delete_saved(&model.id).await;
        });
    };
    let hint = move || {
        if too_few() {
            format!(
                "You need at least {MIN_DRAWINGS} drawings. Twenty of the digits that are misread work well."
            )
        } else {
            "A few seconds, with other digits rehearsed in between, so that little is forgotten.".into()
        }
    };
    let table = move || {
        result.get().map(|PersonalizedModel { report, model, .. }| {
            let PersonalizationReport { learned, held_back, rehearsed, rehearsed_name } = report;
            let lost = rehearsed.before.share() - rehearsed.after.share();
            let caution = (lost > MOST_FORGOTTEN).then(|| {
                view! { <p class="trouble-text">{format!(
                    "It has forgotten other hands: {:.1} points fewer of {rehearsed_name}. Are some drawings labelled wrongly? Undo it, look \
                     at them below, and try again.",
                    100.0 * lost
                )}</p> }
            });
            let rows = [
                ("Your drawings, learned from".to_owned(), learned),
                ("Your drawings, held back".to_owned(), held_back),
                (rehearsed_name, rehearsed),
            ];
            let rows = rows.into_iter().filter(|(_, change)| change.after.total > 0).map(row).collect_view();
            view! {
                <table aria-label="Before and after">
                    <thead><tr><th></th><th>"before"</th><th>"after"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
                {caution}
                <p>{format!("In use now, and kept as \"{}\".", model.name)}</p>
                <div class="buttons"><button on:click=undo>"Undo learning"</button></div>
            }
        })
    };
    view! {
        <section class="card personalize" aria-label="Learn my hand">
            <div class="buttons">
                <button class="primary" disabled=too_few aria-disabled=move || activity.with(Option::is_some).to_string()
                    on:click=press>"Learn my hand"</button>
            </div>
            <p class="hint">{hint}</p>
            <p role="status" aria-label="Learning">{move || activity.get().map(|activity| format!("{activity} …"))}</p>
            <p class="trouble-text" role="alert">{error}</p>
            {table}
        </section>
    }
}

fn row((name, Change { before, after }): (String, Change)) -> impl IntoView {
    let in_words = |accuracy: evaluation::Accuracy| {
        format!(
            "{:.2} % ({} of {})",
            100.0 * accuracy.share(),
            metrics::grouped(accuracy.correct),
            metrics::grouped(accuracy.total)
        )
    };
    view! { <tr><th>{name}</th><td>{in_words(before)}</td><td>{in_words(after)}</td></tr> }
}

/// Fine-tunes the active model, saves the result and uses it.
async fn personalize_and_use(lab: &Lab) -> Result<(), JobError> {
    let Some(before) = lab.models.active.get_untracked() else {
        return Err(JobError::BadInput("The model is still loading. Try again in a moment.".into()));
    };
    let (report, card, weights) = personalize(lab, &before).await?;
    let weights = Arc::new(weights);
    let name = format!("My hand, from {}", before.file.name);
    let model = lab.models.new_model(name, card, Arc::clone(&weights));
    // If it cannot be saved, that is reported already.
    if lab.save(&model).await {
        lab.use_model(model.to_file(weights));
        lab.personalization.result.set(Some(PersonalizedModel { report, model, before }));
    }
    Ok(())
}

/// Fine-tunes a model on all drawings but those held back.
async fn personalize(
    lab: &Lab,
    before: &ActiveModel,
) -> Result<(PersonalizationReport, ModelCard, Vec<u8>), JobError> {
    let activity = lab.personalization.activity;
    let drawings = lab.drawings.all.get_untracked();
    let (held_back, learn): (Vec<_>, Vec<_>) =
        drawings.iter().rev().partition(|drawing| drawing.is_held_back);
    let mut blobs = Blobs::new();
    let content = Personalize {
        model: blobs.add(Arc::clone(&before.file.bytes)),
        learn: labelled_drawings::attach(learn.into_iter(), &mut blobs),
        held_back: labelled_drawings::attach(held_back.into_iter(), &mut blobs),
        rehearsal: default_data(lab),
        name: before.file.name.clone(),
        is_shipped: before.file.id.as_deref().is_some_and(is_shipped),
    };
    let progress = move |progress: Delivery<PersonalizeProgress>| {
        activity.set(Some(match progress.content {
            PersonalizeProgress::Stage(stage) => words::personalize_stage(stage).to_owned(),
            PersonalizeProgress::Steps { done, total } => {
                let stage = words::personalize_stage(PersonalizeStage::FineTuning);
                format!("{stage}: step {done} of {total}")
            }
        }));
    };
    let mut reply = lab.workers.pool()?.call(Delivery { content, blobs }, progress).await?;
    let weights = reply.content.weights;
    let weights = reply.take(weights)?;
    Ok((reply.content.report, reply.content.card, weights))
}
