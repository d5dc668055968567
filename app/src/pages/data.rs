//! The Data page: what there is to learn from, looked at.

use browser_storage::KeptDataSet;
use leptos::prelude::*;
use protocol::data::{DataSummary, Listed, Look, Order, PartName};
use train_config::DataChoice;
use wasm_bindgen_futures::spawn_local;

use crate::{
    lab::Lab,
    parts::{
        bring_data::{BringData, in_words},
        data_select::DataSelect,
        image_grid::{ImageGrid, Shown, class_name},
        label_bars::LabelBars,
        network_input::Thumbnail,
        one_image::OneImage,
    },
    words,
};

/// Images of one look: 8 x 8.
const IN_GRID: u32 = 64;

/// The Data page.
#[component]
pub(crate) fn DataPage() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let choice = RwSignal::new(lab.form.data.get_untracked());
    let use_it = move |summary: DataSummary| {
        choice.set(DataChoice::Kept(summary.hash));
        lab.form.set_data(DataChoice::Kept(summary.hash));
        lab.notify(format!("{} is chosen on the Train page.", summary.name), None);
    };
    let keep_drawings = move |_| {
        spawn_local(async move {
            match lab.keep_drawings().await {
                Ok(summary) => use_it(summary),
                Err(error) => lab.report_trouble(words::job_error(&error)),
            }
        });
    };
    let has_drawings = move || !lab.drawings.all.with(Vec::is_empty);
    view! {
        <div class="data">
            <h1>"Data"</h1>
            <section class="card" aria-label="Your data">
                <h2>"Bring your own"</h2>
                <BringData takes_all=true on_keep=use_it />
                <Show when=has_drawings>
                    <p>{move || format!("You have kept {}.", metrics::counted(lab.drawings.all.with(Vec::len) as u32, "drawing"))}</p>
                    <div class="buttons"><button on:click=keep_drawings>"Make a data set of my drawings"</button></div>
                </Show>
                <Kept />
            </section>
            <Looked choice />
        </div>
    }
}

/// The kept data sets, each with what it takes and a way to delete it.
#[component]
fn Kept() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let row = move |set: KeptDataSet| {
        let summary = set.summary;
        let hash = summary.hash;
        let size = metrics::size_text(summary.bytes() as f64);
        let name = format!("Delete {}", summary.name);
        view! {
            <li><span>{in_words(&summary)}</span> <span class="quiet">{size}</span>
                <button aria-label=name on:click=move |_| lab.delete_data_set(hash)>"Delete"</button></li>
        }
    };
    move || {
        let sets = lab.data_sets.all.get();
        (!sets.is_empty()).then(|| {
            view! { <h2>"Kept in this browser"</h2><ul class="kept" aria-label="Kept data sets">{sets.into_iter().map(row).collect_view()}</ul> }
        })
    }
}

/// What was found at a look.
#[derive(Clone)]
struct Found {
    summary: DataSummary,
    images: Vec<Shown>,
    total: u32,
}

/// A data set: its labels, its images, what is usual and what is strange in them.
#[component]
fn Looked(choice: RwSignal<DataChoice>) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let part = RwSignal::new(PartName::Train);
    let class = RwSignal::new(None::<u8>);
    let order = RwSignal::new(Order::Shuffled(1));
    let offset = RwSignal::new(0_u32);
    let found = RwSignal::new(None::<Found>);
    let means = RwSignal::new(Vec::<Shown>::new());
    let opened = RwSignal::new(None::<Shown>);
    let error = RwSignal::new(String::new());
    // Answers that come late must not take the place of later ones.
    let asked = StoredValue::new(0_u32);
    Effect::new(move |before: Option<DataChoice>| {
        let choice = choice.get();
        if before.is_some_and(|before| before != choice) {
            part.set(PartName::Train);
            class.set(None);
            offset.set(0);
            opened.set(None);
            // What is shown must be of the data set that is chosen.
            found.set(None);
            means.set(Vec::new());
        }
        choice
    });
    Effect::new(move |_| {
        let (choice, part, class, order, offset) =
            (choice.get(), part.get(), class.get(), order.get(), offset.get());
        asked.update_value(|asked| *asked += 1);
        let number = asked.get_value();
        let listed = Listed::Stretch { part, class, order, offset, count: IN_GRID };
        spawn_local(async move {
            let look = lab.look(choice, listed).await;
            if asked.try_get_value() != Some(number) {
                return;
            }
            match look {
                Ok((Look { summary, total, .. }, mut images)) => {
                    error.set(String::new());
                    if part == PartName::Unlabelled {
                        for shown in &mut images {
                            shown.label = None;
                        }
                    }
                    found.set(Some(Found { summary, images, total }));
                }
                Err(failure) => {
                    found.set(None);
                    error.set(words::job_error(&failure));
                }
            }
        });
    });
    let show_means = move |_| {
        let asked = (choice.get_untracked(), part.get_untracked());
        spawn_local(async move {
            let looked = lab.look(asked.0, Listed::Means { part: asked.1 }).await;
            // Those of another part would stand below the wrong names.
            if choice.try_get_untracked().zip(part.try_get_untracked()) != Some(asked) {
                return;
            }
            match looked {
                Ok((_, images)) => means.set(images),
                Err(failure) => error.set(words::job_error(&failure)),
            }
        });
    };
    let is_large = move || means.with(|means| !means.is_empty());
    let names = move || {
        found.with(|found| found.as_ref().map(|found| found.summary.class_names.clone()).unwrap_or_default())
    };
    let set_part = move |event| {
        let title = event_target_value(&event);
        if let Some(chosen) = PartName::ALL.into_iter().find(|part| part.title() == title) {
            part.set(chosen);
            offset.set(0);
            means.set(Vec::new());
        }
    };
    let set_class = move |event| {
        class.set(event_target_value(&event).parse().ok());
        offset.set(0);
    };
    let set_order = move |event| {
        order.set(match event_target_value(&event).as_str() {
            "number" => Order::Number,
            "nearest" => Order::Nearest,
            "strangest" => Order::Strangest,
            _ => Order::Shuffled(1),
        });
        offset.set(0);
    };
    let go_to = move |event| {
        if let Ok(number) = event_target_value(&event).trim().parse::<u32>() {
            order.set(Order::Number);
            class.set(None);
            offset.set(number.saturating_sub(1));
        }
    };
    let reshuffle = move |_| {
        order.update(|order| {
            *order = if let Order::Shuffled(seed) = order {
                Order::Shuffled(*seed + 1)
            } else {
                Order::Shuffled(1)
            }
        });
        offset.set(0);
    };
    let is_last =
        move || offset.get() + IN_GRID >= found.with(|found| found.as_ref().map_or(0, |found| found.total));
    let move_by = move |by: i64| {
        offset.update(|offset| *offset = u32::try_from(i64::from(*offset) + by).unwrap_or(0));
    };
    let parts = move || {
        let summary = found.with(|found| found.as_ref().map(|found| found.summary.clone()));
        let there = PartName::ALL
            .into_iter()
            .filter(move |&part| summary.as_ref().is_some_and(|summary| summary.images(part) > 0));
        there.map(|name| view! { <option value=name.title() selected=move || part.get() == name>{name.title()}</option> }).collect_view()
    };
    let classes = move || {
        let summary = found.with(|found| found.as_ref().map(|found| found.summary.clone()));
        let count = summary.as_ref().map_or(0, DataSummary::classes).min(254);
        let option = |index: usize| {
            let name = summary.as_ref().map(|summary| summary.class_name(index));
            view! { <option value=index.to_string() selected=move || class.get() == Some(index as u8)>{name}</option> }
        };
        (0..count).map(option).collect_view()
    };
    let grid = move || {
        found.get().map(|Found { images, summary, .. }| {
            let open = Callback::new(move |shown: Shown| opened.set(Some(shown)));
            view! { <ImageGrid images names=summary.class_names on_open=Some(open) /> }
        })
    };
    let relabelled = Callback::new(move |summary: DataSummary| {
        opened.set(None);
        choice.set(DataChoice::Kept(summary.hash));
    });
    let close = Callback::new(move |()| opened.set(None));
    let large = move || {
        let (shown, found) = opened.get().zip(found.get())?;
        let (choice, part) = (choice.get_untracked(), part.get_untracked());
        Some(
            view! { <OneImage choice part summary=found.summary shown on_relabel=relabelled on_close=close /> },
        )
    };
    let mean_rows = move || {
        let names = names();
        means.get().chunks_exact(2).map(|pair| {
            let name = class_name(&names, pair[0].label.unwrap_or(0));
            view! {
                <li><Thumbnail image=pair[0].image.clone() label=format!("Mean image of {name}") />
                    <Thumbnail image=pair[1].image.clone() label=format!("Spread of {name}") /><span>{name}</span></li>
            }
        }).collect_view()
    };
    view! {
        <section class="card" aria-label="Look at data">
            <h2>"Look"</h2>
            <DataSelect label="Data set" choice />
            <p class="trouble-text" role="alert">{error}</p>
            {move || match found.get() {
                Some(found) => view! {
                    <p role="status" aria-label="Data set">{in_words(&found.summary)}</p>
                    <LabelBars summary=found.summary />
                }.into_any(),
                None if error.with(String::is_empty) => {
                    view! { <p class="quiet" role="status" aria-label="Data set">"Reading the images …"</p> }.into_any()
                }
                None => ().into_any(),
            }}
            <div class="pair">
                <label class="field"><span>"Part"</span><select on:change=set_part>{parts}</select></label>
                <label class="field"><span>"Class"</span>
                    <select on:change=set_class><option value="all" selected=move || class.get().is_none()>"All"</option>{classes}</select></label>
                <label class="field"><span>"Order"</span>
                    <select on:change=set_order>
                        <option value="random" selected=move || matches!(order.get(), Order::Shuffled(_))>"Random"</option>
                        <option value="number" selected=move || order.get() == Order::Number>"As in the file"</option>
                        <option value="nearest" selected=move || order.get() == Order::Nearest>"Most like the mean of their class"</option>
                        <option value="strangest" selected=move || order.get() == Order::Strangest>"Strangest first"</option>
                    </select></label>
                <label class="field"><span>"From image number"</span>
                    <input type="number" inputmode="numeric" min="1" on:change=go_to /></label>
            </div>
            <div class="buttons">
                <button on:click=reshuffle>"Other images"</button>
                <button disabled=move || offset.get() == 0 on:click=move |_| move_by(-i64::from(IN_GRID))>"Back"</button>
                <button disabled=is_last on:click=move |_| move_by(i64::from(IN_GRID))>"Next"</button>
                <button on:click=show_means>"Mean images"</button>
            </div>
            <p class="quiet" role="status" aria-label="Shown images">
                {move || found.with(|found| found.as_ref().map(|found| {
                    let from = metrics::grouped(offset.get() + 1);
                    format!("{}, shown from number {from} of this list on", metrics::counted(found.total, "image"))
                }))}
            </p>
            {large}
            {grid}
            <Show when=is_large>
                <h2>"Mean and spread of each class"</h2>
                <ul class="image-grid means" aria-label="Mean images">{mean_rows}</ul>
                <p class="hint">"Left: the mean of all images of a class. Right: twice their standard deviation, pixel by pixel: where they differ most."</p>
            </Show>
        </section>
    }
}
