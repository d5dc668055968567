//! Images with what was read in them.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::tested::{Tested, images_of};
use crate::{
    lab::Lab,
    labelled_drawings::LabelledDrawing,
    parts::image_grid::{Caption, ImageGrid, Shown, class_name},
    words,
};

/// Mistakes that are shown at once.
const MOST_SHOWN: usize = 64;

/// Images with what was read in them; one can be kept as a drawing with the right label.
#[component]
pub(super) fn Answered(tested: Tested, numbers: Vec<u32>, title: String) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let shown = RwSignal::new(Vec::<Shown>::new());
    let opened = RwSignal::new(None::<Shown>);
    let shown_numbers: Vec<u32> = numbers.into_iter().take(MOST_SHOWN).collect();
    let (source, answers, names) = (tested.source, Arc::clone(&tested.answers), tested.class_names.clone());
    Effect::new(move |_| {
        let numbers = shown_numbers.clone();
        spawn_local(async move {
            match images_of(&lab, source, &numbers).await {
                Ok(images) => drop(shown.try_set(images)),
                Err(error) => lab.report_trouble(words::job_error(&error)),
            }
        });
    });
    let keep_names = names.clone();
    let captions = Arc::clone(&answers);
    let caption = move |shown: &Shown| {
        captions.get(shown.number as usize).map_or_else(String::new, |answer| {
            format!(
                "Image {}: shows {}, read as {}, {:.0} % sure",
                shown.number + 1,
                class_name(&names, answer.label),
                class_name(&names, answer.class),
                f64::from(answer.sureness) / 2.55
            )
        })
    };
    let short_names = tested.class_names.clone();
    let short_answers = Arc::clone(&answers);
    let long = caption.clone();
    let in_short = Caption::new(move |shown: Shown| {
        let name = |class| class_name(&short_names, class);
        let short = short_answers
            .get(shown.number as usize)
            .map_or_else(String::new, |answer| format!("{} → {}", name(answer.label), name(answer.class)));
        (short, long(&shown))
    });
    let one = move || {
        opened.get().map(|shown: Shown| {
            let text = caption(&shown);
            let answer = answers.get(shown.number as usize).copied();
            let keep = move |label: u8| {
                let predicted = answer.map_or(label, |answer| answer.class);
                lab.keep_drawing(LabelledDrawing::new(label, predicted, &shown.image, Vec::new(), false));
                opened.set(None);
            };
            let keep = StoredValue::new_local(keep);
            let digits = (0..10_u8).map(|digit| {
                view! { <button aria-label=format!("Keep as {digit}") on:click=move |_| keep.with_value(|keep| keep(digit))>{digit}</button> }
            });
            let digits = keep_names.is_empty().then(|| {
                view! { <p class="hint">"Add it to My drawings as:"</p><div class="buttons">{digits.collect_view()}</div> }
            });
            view! { <div class="one-answer" role="group" aria-label="One answer"><p>{text}</p>{digits}</div> }
        })
    };
    let names = tested.class_names;
    let heading = title.clone();
    view! {
        <div class="answered" role="group" aria-label=title>
            <p>{heading}</p>
            {one}
            {move || {
                let open = Callback::new(move |shown: Shown| opened.set(Some(shown)));
                view! { <ImageGrid images=shown.get() names=names.clone() on_open=Some(open) caption=in_short /> }
            }}
        </div>
    }
}
