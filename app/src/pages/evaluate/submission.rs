//! Answers for images without labels: shown one by one, and as the file that Kaggle wants.

use leptos::prelude::*;
use protocol::data::{Listed, Order, PartName};
use train_config::DataChoice;
use wasm_bindgen_futures::spawn_local;

use super::run::{Answered, Answerer, answer};
use crate::{
    browser,
    lab::Lab,
    parts::image_grid::{ImageGrid, Shown},
    words,
};

/// Images that are shown with their answers.
const MOST_SHOWN: u32 = 64;

/// Buttons that answer a data set's images without labels; nothing where it has none.
#[component]
pub(crate) fn Submission(choice: DataChoice, answerer: Answerer) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let status = RwSignal::new(String::new());
    let shown = RwSignal::new(Vec::<Shown>::new());
    let is_unlabelled = move || match choice {
        DataChoice::Kept(hash) => lab.data_sets.get(hash).is_some_and(|summary| summary.unlabelled > 0),
        _ => false,
    };
    let ask = move |then: fn(&Lab, DataChoice, &Answered, RwSignal<Vec<Shown>>)| {
        status.set("Reading the images …".into());
        spawn_local(async move {
            match answer(&lab, answerer, choice, status).await {
                Ok(answered) => {
                    let count = metrics::grouped(answered.answers.len() as u32);
                    status.try_set(format!("{count} images are answered. {}", answered.expected));
                    then(&lab, choice, &answered, shown);
                }
                Err(failure) => drop(status.try_set(words::job_error(&failure))),
            }
        });
    };
    let names = move || answerer(&lab).map(|(_, card)| card.class_names).unwrap_or_default();
    view! {
        <Show when=is_unlabelled>
            <div class="submission">
                <p class="hint">"This data set has images without labels. The model can read them."</p>
                <div class="buttons">
                    <button on:click=move |_| ask(save)>"Download submission.csv"</button>
                    <button on:click=move |_| ask(show)>"Show the answers"</button>
                </div>
                <p role="status" aria-label="Submission">{status}</p>
                {move || view! { <ImageGrid images=shown.get() names=names() on_open=None /> }}
            </div>
        </Show>
    }
}

fn save(_: &Lab, _: DataChoice, answered: &Answered, _: RwSignal<Vec<Shown>>) {
    browser::download("submission.csv", &answered.file);
}

/// The first images, each with what was read in it.
fn show(lab: &Lab, choice: DataChoice, answered: &Answered, shown: RwSignal<Vec<Shown>>) {
    let (lab, answers) = (*lab, std::sync::Arc::clone(&answered.answers));
    let part = PartName::Unlabelled;
    let listed = Listed::Stretch { part, class: None, order: Order::Number, offset: 0, count: MOST_SHOWN };
    spawn_local(async move {
        match lab.look(choice, listed).await {
            Ok((_, images)) => {
                let one = |(image, &[class, _]): (Shown, &[u8; 2])| Shown { label: Some(class), ..image };
                shown.try_set(images.into_iter().zip(answers.iter()).map(one).collect());
            }
            Err(error) => lab.report_trouble(words::job_error(&error)),
        }
    });
}
