//! Bringing files of digits: dropped, chosen or a folder; then what they hold, before it is used.

use data_files::{Choice, ImportOptions, Question};
use leptos::{html, prelude::*};
use protocol::data::{DataPreview, DataSummary, PartName};
use train_config::DataHash;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::{
    browser,
    lab::Lab,
    parts::{
        image_grid::{ImageGrid, Shown},
        label_bars::LabelBars,
    },
    words,
};

/// What was brought last.
#[derive(Clone)]
struct Brought {
    preview: DataPreview,
    first: Vec<Shown>,
    /// Whether the same was kept before: to discard it would delete that.
    was_known: bool,
}

/// Where a reading says how it goes.
#[derive(Clone, Copy)]
struct Said {
    status: RwSignal<String>,
    error: RwSignal<String>,
    brought: RwSignal<Option<Brought>>,
}

/// Has a worker read the files, in the background.
fn read(
    lab: &Lab,
    files: RwSignal<Vec<File>, LocalStorage>,
    options: RwSignal<ImportOptions>,
    Said { status, error, brought }: Said,
) {
    let lab = *lab;
    error.set(String::new());
    status.set("Reading the files …".into());
    let known: Vec<DataHash> =
        lab.data_sets.all.with_untracked(|sets| sets.iter().map(|set| set.summary.hash).collect());
    let before = brought.get_untracked();
    spawn_local(async move {
        let progress = move |share: f64| {
            status.try_set(format!("Reading the files: {:.0} %", 100.0 * share));
        };
        let found = lab.import_data(&files.get_untracked(), options.get_untracked(), progress).await;
        status.try_set(String::new());
        match found {
            Ok(mut delivery) => {
                let hash = delivery.content.summary.hash;
                let is_new = |before: &&Brought| !before.was_known;
                let (same, other): (Vec<_>, Vec<_>) =
                    before.iter().filter(is_new).partition(|before| before.preview.summary.hash == hash);
                // Read in another way: what was made before is not wanted.
                for other in other {
                    lab.delete_data_set(other.preview.summary.hash);
                }
                let was_known = known.contains(&hash) && same.is_empty();
                let images = Shown::taken(&mut delivery, |preview| preview.first).unwrap_or_default();
                let preview = delivery.content;
                let is_labelled = preview.summary.images(PartName::Train) > 0;
                let numbered = (0..).zip(images).map(|(number, shown)| {
                    let label = shown.label.filter(|_| is_labelled);
                    Shown { number, label, ..shown }
                });
                let first = numbered.collect();
                brought.try_set(Some(Brought { preview, first, was_known }));
            }
            Err(failure) => {
                brought.try_set(None);
                error.try_set(words::job_error(&failure));
            }
        }
    });
}

/// Choosing files and looking at what they hold. `on_keep` is told what is to be used.
#[component]
pub(crate) fn BringData(on_keep: impl Fn(DataSummary) + Copy + Send + Sync + 'static) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let files = RwSignal::new_local(Vec::<File>::new());
    let options = RwSignal::new(ImportOptions::default());
    let status = RwSignal::new(String::new());
    let error = RwSignal::new(String::new());
    let brought = RwSignal::new(None::<Brought>);
    let (input, folder) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let read = move || read(&lab, files, options, Said { status, error, brought });
    let take = move |given: Vec<File>| {
        if !given.is_empty() {
            files.set(given);
            options.set(ImportOptions::default());
            read();
        }
    };
    let chosen = move |node: NodeRef<html::Input>| {
        if let Some(input) = node.get_untracked() {
            let given = browser::files(input.files());
            // Lets the person choose the same files again.
            input.set_value("");
            take(given);
        }
    };
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        event.stop_propagation();
        if let Some(transfer) = event.data_transfer() {
            spawn_local(async move { take(browser::dropped_files(&transfer).await) });
        }
    };
    let press = move |node: NodeRef<html::Input>| {
        if let Some(input) = node.get_untracked() {
            input.click();
        }
    };
    let keep = move |_| {
        if let Some(Brought { preview, .. }) = brought.get_untracked() {
            brought.set(None);
            on_keep(preview.summary);
        }
    };
    let discard = move |_| {
        if let Some(Brought { preview, was_known, .. }) = brought.get_untracked() {
            brought.set(None);
            if !was_known {
                lab.delete_data_set(preview.summary.hash);
            }
        }
    };
    Effect::new(move |_| {
        if let Some(input) = folder.get() {
            // Every browser that runs the page knows it, though no standard names it.
            let _ = input.set_attribute("webkitdirectory", "");
        }
    });
    let preview = move || {
        brought.get().map(|brought| {
            let choose = move |question, answer| {
                options.update(|options| options.set(question, answer));
                read();
            };
            view! { <Preview brought choose />
            <div class="buttons">
                <button class="primary" on:click=keep>"Keep and use"</button>
                <button on:click=discard>"Discard"</button>
            </div> }
        })
    };
    view! {
        <section class="bring" aria-label="Bring files" on:dragover=|event| event.prevent_default() on:drop=dropped>
            <div class="buttons">
                <button on:click=move |_| press(input)>"Choose files"</button>
                <button on:click=move |_| press(folder)>"Choose a folder"</button>
            </div>
            <input type="file" multiple hidden aria-label="Files of digits" node_ref=input on:change=move |_| chosen(input) />
            <input type="file" multiple hidden aria-label="Folder of digits" node_ref=folder on:change=move |_| chosen(folder) />
            <p class="hint">
                "Or drop them here: IDX, CSV, NPZ, a folder for each class, pictures with a list, a zip of any of these. They stay in this browser."
            </p>
            <p role="status" aria-label="Files">{status}</p>
            <p class="trouble-text" role="alert">{error}</p>
            {preview}
        </section>
    }
}

/// What files hold: their first images, the numbers of their labels, and what was decided.
#[component]
fn Preview(brought: Brought, choose: impl Fn(Question, String) + Copy + 'static) -> impl IntoView {
    let Brought { preview: DataPreview { summary, choices, notes, .. }, first, .. } = brought;
    let select = move |choice: Choice| {
        let Choice { question, chosen, options, is_certain } = choice;
        let certain = if is_certain { "" } else { " (please check)" };
        let option = |option: String| {
            let is_chosen = option == chosen;
            view! { <option value=option.clone() selected=is_chosen>{option.clone()}</option> }
        };
        let options = options.into_iter().map(option).collect_view();
        view! {
            <label class="field"><span>{question.title()}{certain}</span>
                <select on:change=move |event| choose(question, event_target_value(&event))>{options}</select></label>
        }
    };
    let selects = choices.into_iter().map(select).collect_view();
    let notes = notes
        .into_iter()
        .chain(duplicates_in_words(&summary))
        .map(|note| view! { <li>{note}</li> })
        .collect_view();
    let bars = (summary.images(PartName::Train) > 0).then(|| view! { <LabelBars summary=summary.clone() /> });
    view! {
        <div class="preview" role="group" aria-label="What the files hold">
            <p>{in_words(&summary)}</p>
            <ul class="notes">{notes}</ul>
            <ImageGrid images=first names=summary.class_names.clone() on_open=None />
            {bars}
            <div class="pair">{selects}</div>
        </div>
    }
}

/// What a data set holds, in a sentence.
pub(crate) fn in_words(summary: &DataSummary) -> String {
    let mut parts = Vec::new();
    let train = summary.images(PartName::Train);
    if train > 0 {
        parts.push(format!("{} to train on", metrics::grouped(train)));
    }
    match summary.images(PartName::Test) {
        0 if train > 0 => parts.push("none to test on: a sixth of each class is kept for that".into()),
        0 => {}
        test => parts.push(format!("{} to test on", metrics::grouped(test))),
    }
    if summary.unlabelled > 0 {
        parts.push(format!("{} without labels", metrics::grouped(summary.unlabelled)));
    }
    let classes = if train > 0 { format!(", {} classes", summary.classes()) } else { String::new() };
    format!("{}: {}{classes}.", summary.name, parts.join(", "))
}

fn duplicates_in_words(summary: &DataSummary) -> Option<String> {
    let data_files::Duplicates { exact, near } = summary.duplicates;
    (exact + near > 0).then(|| {
        format!(
            "{} of the test images also stand among those to train on, and {} nearly so. The first are not learned from.",
            metrics::grouped(exact),
            metrics::grouped(near)
        )
    })
}
