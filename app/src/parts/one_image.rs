//! One image of a data set, large: what it shows, and what the pipeline and augmentation make of it.

use leptos::prelude::*;
use protocol::data::{DataSummary, PartName, Relabel};
use train_config::DataChoice;
use wasm_bindgen_futures::spawn_local;

use crate::{
    lab::Lab,
    parts::{image_grid::Shown, network_input::Thumbnail},
    words,
};

/// An image that was opened. `on_relabel` is told the data set that takes the place of the old one.
#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
#[component]
pub(crate) fn OneImage(
    choice: DataChoice,
    part: PartName,
    summary: DataSummary,
    shown: Shown,
    on_relabel: Callback<DataSummary>,
    on_close: Callback<()>,
) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let number = shown.number;
    let seed = RwSignal::new(1_u32);
    let changes = RwSignal::new(Vec::<(String, Shown)>::new());
    Effect::new(move |_| {
        let seed = seed.get();
        spawn_local(async move {
            match lab.changed(choice, part, number, seed).await {
                Ok(found) => drop(changes.try_set(found)),
                Err(error) => lab.report_trouble(words::job_error(&error)),
            }
        });
    });
    let title = shown.title(&summary.class_names);
    let label = shown.label;
    let relabel = move |hash, event| {
        let Ok(label) = event_target_value(&event).parse() else { return };
        spawn_local(async move {
            match lab.relabel(Relabel { hash, part, number, label }).await {
                Ok(summary) => on_relabel.run(summary),
                Err(error) => lab.report_trouble(words::job_error(&error)),
            }
        });
    };
    let correct = match (choice, label) {
        (DataChoice::Kept(hash), Some(label)) => {
            let option = |class: usize| {
                view! { <option value=class.to_string() selected=class == usize::from(label)>{summary.class_name(class)}</option> }
            };
            let options = (0..summary.classes().min(254)).map(option).collect_view();
            Some(view! {
                <label class="field"><span>"It shows"</span>
                    <select on:change=move |event| relabel(hash, event)>{options}</select></label>
            })
        }
        _ => None,
    };
    let images = move || {
        let one = |(name, shown): (String, Shown)| {
            view! { <li><Thumbnail image=shown.image label=name.clone() /><span>{name}</span></li> }
        };
        changes.get().into_iter().map(one).collect_view()
    };
    view! {
        <div class="large-image" role="group" aria-label="One image">
            <Thumbnail image=shown.image label=title.clone() />
            <p>{title}</p>
            {correct}
            <p class="hint">"What the ink pipeline makes of it, and each kind of augmentation:"</p>
            <ul class="image-grid" aria-label="Changed images">{images}</ul>
            <div class="buttons">
                <button on:click=move |_| seed.update(|seed| *seed += 1)>"Change it again"</button>
                <button on:click=move |_| on_close.run(())>"Close"</button>
            </div>
        </div>
    }
}
