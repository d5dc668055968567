//! My hand: the drawings that are kept, and a model that learns from them.

use std::sync::Arc;

use leptos::prelude::*;
use port::Packet;
use protocol::{Change, ExportFormat, FromWorker, HandOrder, HandReport, ToWorker};
use recipe::ModelCard;
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser,
    collection::Collected,
    engine::{Errand, RunView, errand},
    lesson::{Lesson, LessonView},
    library::Kept,
    parts::seen::Thumbnail,
    session::{Given, Session, labelled, usual_data},
};

/// Fewer drawings than this teach nothing that lasts.
const LEAST: usize = 5;

/// The My hand page.
#[component]
pub(crate) fn HandPage() -> impl IntoView {
    let session = expect_context::<Session>();
    let count = Memo::new(move |_| session.drawings.with(Vec::len));
    let save = move |format: ExportFormat, name: &'static str| {
        spawn_local(async move {
            match session.exported(format).await {
                Ok(file) => browser::download(name, &file),
                Err(text) => session.trouble(text),
            }
        });
    };
    let is_empty = move || count.get() == 0;
    let of_digit = move |digit: u8| {
        let own = move || {
            session.drawings.with(|drawings| {
                drawings.iter().filter(|drawing| drawing.label == digit).cloned().collect::<Vec<_>>()
            })
        };
        view! {
            <Show when=move || !own().is_empty()>
                <section aria-label=format!("Drawings of {digit}")>
                    <h2>{digit}</h2>
                    <ul class="drawings">
                        <For each=own key=|drawing| drawing.id.clone() let:drawing>
                            <Drawing drawing />
                        </For>
                    </ul>
                </section>
            </Show>
        }
    };
    view! {
        <div class="models hand">
            <h1>"My hand"</h1>
            <p class="quiet">
                "Draw a digit and say what it is, with a click below the bars or the key of the digit. It is kept here, in this browser, until you delete it."
            </p>
            <Learn />
            <section class="card" aria-label="Drawings">
                <p role="status" aria-label="Number of drawings">{move || gauge::counted(count.get() as u32, "drawing")}</p>
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
fn Drawing(drawing: Collected) -> impl IntoView {
    let session = expect_context::<Session>();
    let Collected { id, label, read, image, .. } = drawing;
    let was = if read == label { String::new() } else { format!(", read as {read}") };
    view! {
        <li class:misread=read != label>
            <Thumbnail image=Box::new(image) label=format!("A {label}{was}") />
            <button aria-label=format!("Delete this {label}") on:click=move |_| session.discard(id.clone())>"×"</button>
        </li>
    }
}

#[component]
fn Learn() -> impl IntoView {
    let session = expect_context::<Session>();
    let LessonView { doing: busy, failed, done: lesson } = session.lesson;
    let too_few = move || session.drawings.with(Vec::len) < LEAST;
    let press = move |_| {
        if busy.with_untracked(Option::is_some) || too_few() {
            return;
        }
        if session.run.with_untracked(RunView::is_busy) {
            return failed.set(
                "A run is training now, and its weights would take the place of yours. Stop it first.".into(),
            );
        }
        failed.set(String::new());
        busy.set(Some("Starting".into()));
        spawn_local(async move {
            let before = session.given();
            match learn(&session, &before, busy).await {
                Ok((report, card, file)) => {
                    let model = Kept::new(format!("My hand, from {}", before.name), card, Arc::new(file));
                    if session.keep(&model).await {
                        session.use_model(&model);
                        lesson.set(Some(Lesson { report, model, before }));
                    }
                }
                Err(text) => failed.set(text),
            }
            busy.set(None);
        });
    };
    let undo = move |_| {
        let Some(Lesson { model, before, .. }) = lesson.get_untracked() else { return };
        lesson.set(None);
        session.give_again(before);
        spawn_local(async move {
            session.forget(&model.id).await;
        });
    };
    let hint = move || {
        if too_few() {
            format!("At least {LEAST} drawings are needed; twenty with the digits that are misread do well.")
        } else {
            "A few seconds, with other digits rehearsed in between, so that nothing is forgotten.".into()
        }
    };
    let result = move || {
        lesson.get().map(|Lesson { report, model, .. }| {
            let HandReport { learned, held_back, known, known_name } = report;
            let rows = [
                ("Your drawings, learned from".to_owned(), learned),
                ("Your drawings, held back".to_owned(), held_back),
                (known_name, known),
            ];
            let rows = rows.into_iter().filter(|(_, change)| change.after.total > 0).map(row).collect_view();
            view! {
                <table aria-label="Before and after">
                    <thead><tr><th></th><th>"before"</th><th>"after"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
                <p>{format!("In use now, and kept as \"{}\".", model.name)}</p>
                <div class="buttons"><button on:click=undo>"Undo learning"</button></div>
            }
        })
    };
    view! {
        <section class="card learn" aria-label="Learn my hand">
            <div class="buttons">
                <button class="primary" disabled=too_few aria-disabled=move || busy.with(Option::is_some).to_string()
                    on:click=press>"Learn my hand"</button>
            </div>
            <p class="hint">{hint}</p>
            <p role="status" aria-label="Learning">{move || busy.get().map(|doing| format!("{doing} …"))}</p>
            <p class="trouble-text" role="alert">{failed}</p>
            {result}
        </section>
    }
}

fn row((name, Change { before, after }): (String, Change)) -> impl IntoView {
    let said = |accuracy: recipe::Accuracy| {
        format!(
            "{:.2} % ({} of {})",
            100.0 * accuracy.share(),
            gauge::grouped(accuracy.correct),
            gauge::grouped(accuracy.total)
        )
    };
    view! { <tr><th>{name}</th><td>{said(before)}</td><td>{said(after)}</td></tr> }
}

/// Has a worker learn from all drawings but those that are held back; the error is for people.
async fn learn(
    session: &Session,
    given: &Given,
    busy: RwSignal<Option<String>>,
) -> Result<(HandReport, ModelCard, Vec<u8>), String> {
    if given.file.is_empty() {
        return Err("The model is still loading. Try again in a moment.".into());
    }
    let drawings = session.drawings.get_untracked();
    let (held_back, own): (Vec<_>, Vec<_>) = drawings.iter().rev().partition(|drawing| drawing.is_held_back);
    let buffers = [vec![given.file.to_vec()], labelled(own.into_iter()), labelled(held_back.into_iter())];
    let order = HandOrder { known: usual_data(session), is_shipped: given.is_shipped() };
    let doing = StoredValue::new(String::new());
    let progress = move |step: Errand| match step {
        Errand::Doing(text) => {
            busy.set(Some(text.clone()));
            doing.set_value(text);
        }
        Errand::Done(done, total) => {
            busy.set(Some(format!("{}: step {done} of {total}", doing.get_value())));
        }
    };
    match errand(ToWorker::LearnHand(1, order), buffers.concat(), progress).await? {
        Packet { message: FromWorker::HandLearned(_, report, card), buffers } => {
            let file = buffers.into_iter().next().ok_or("The weights did not arrive.")?;
            Ok((*report, *card, file))
        }
        _ => Err("The worker gave no answer.".into()),
    }
}
