//! Bringing files of digits: dropped, chosen or a folder; then what they hold, before it is used.

use data_files::{Choice, ImportOptions, Question};
use leptos::{html, prelude::*};
use protocol::data::{DataPreview, DataSummary, PartName};
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
    samples: Vec<Shown>,
    /// Whether the same was kept before: to discard it would delete that.
    was_known: bool,
}

/// The readings of what was brought: one at a time, and of the newest wish.
#[derive(Clone, Copy)]
struct Reading {
    files: RwSignal<Vec<File>, LocalStorage>,
    options: RwSignal<ImportOptions>,
    status: RwSignal<String>,
    error: RwSignal<String>,
    brought: RwSignal<Option<Brought>>,
    is_under_way: StoredValue<bool>,
    /// Whether files or options have changed since the reading under way began.
    is_outdated: StoredValue<bool>,
}

impl Reading {
    fn new() -> Self {
        Self {
            files: RwSignal::new_local(Vec::new()),
            options: RwSignal::new(ImportOptions::default()),
            status: RwSignal::new(String::new()),
            error: RwSignal::new(String::new()),
            brought: RwSignal::new(None),
            is_under_way: StoredValue::new(false),
            is_outdated: StoredValue::new(false),
        }
    }

    /// Has a worker read the files, in the background.
    fn start(self, lab: &Lab) {
        if self.is_under_way.get_value() {
            return self.is_outdated.set_value(true);
        }
        self.is_under_way.set_value(true);
        let lab = *lab;
        spawn_local(async move {
            loop {
                self.is_outdated.try_set_value(false);
                self.read(&lab).await;
                // Neither where what shows it is gone.
                if self.is_outdated.try_get_value() != Some(true) {
                    self.is_under_way.try_set_value(false);
                    return;
                }
            }
        });
    }

    async fn read(self, lab: &Lab) {
        let Some((files, options)) = self.files.try_get_untracked().zip(self.options.try_get_untracked())
        else {
            return;
        };
        self.error.try_set(String::new());
        self.status.try_set("Reading the files …".into());
        let progress = move |share: f64| {
            self.status.try_set(format!("Reading the files: {:.0} %", 100.0 * share));
        };
        let found = lab.import_data(&files, options, progress).await.and_then(|mut delivery| {
            let images = Shown::taken(&mut delivery, |preview| preview.samples)?;
            Ok((delivery.content, images))
        });
        self.status.try_set(String::new());
        let before = self.brought.try_get_untracked().flatten().filter(|before| !before.was_known);
        let brought = match found {
            Ok((preview, images)) => {
                let hash = preview.summary.hash;
                let was_known = untrack(|| lab.data_sets.get(hash)).is_some();
                let is_labelled = preview.summary.images(PartName::Train) > 0;
                let numbered = preview.numbers.iter().zip(images).map(|(&number, shown)| {
                    let label = shown.label.filter(|_| is_labelled);
                    Shown { number, label, ..shown }
                });
                Some(Brought { samples: numbered.collect(), preview, was_known })
            }
            Err(failure) => {
                self.error.try_set(words::job_error(&failure));
                None
            }
        };
        // Read in another way, or not at all: what was made before is not wanted.
        let now = brought.as_ref().map(|brought| brought.preview.summary.hash);
        if let Some(before) = before.map(|before| before.preview.summary.hash)
            && Some(before) != now
        {
            lab.delete_data_set(before);
        }
        // Nobody is there any more who could keep it.
        if let Some(Some(unseen)) = self.brought.try_set(brought)
            && !unseen.was_known
        {
            lab.delete_data_set(unseen.preview.summary.hash);
        }
    }
}

/// Choosing files and looking at what they hold. `on_keep` is told what is to be used.
#[component]
pub(crate) fn BringData(
    /// Whether files that are dropped anywhere come here.
    #[prop(optional)]
    takes_all: bool,
    on_keep: impl Fn(DataSummary) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let reading = Reading::new();
    let Reading { files, options, status, error, brought, .. } = reading;
    let (input, folder) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let take = move |given: Vec<File>| {
        if !given.is_empty() {
            files.set(given);
            options.set(ImportOptions::default());
            reading.start(&lab);
        }
    };
    Effect::new(move |_| {
        if takes_all && lab.data_sets.brought.with(|given| !given.is_empty()) {
            take(lab.data_sets.brought.get_untracked());
            lab.data_sets.brought.set(Vec::new());
        }
    });
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
            spawn_local(async move {
                match browser::dropped_files(&transfer).await {
                    Ok(given) => take(given),
                    Err(text) => drop(error.try_set(text)),
                }
            });
        }
    };
    let press = move |node: NodeRef<html::Input>| {
        if let Some(input) = node.get_untracked() {
            input.click();
        }
    };
    let keep = move |_| {
        // Taken at once: a reading that ends meanwhile deletes what is on offer still.
        let Some(own) = brought.get_untracked() else { return };
        brought.set(None);
        spawn_local(async move {
            if lab.keep_data_set(own.preview.summary.hash).await {
                on_keep(own.preview.summary);
            } else {
                brought.try_set(Some(own));
            }
        });
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
                reading.start(&lab);
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

/// What files hold: some of their images, the numbers of their labels, and what was decided.
#[component]
fn Preview(brought: Brought, choose: impl Fn(Question, String) + Copy + 'static) -> impl IntoView {
    let Brought { preview: DataPreview { summary, choices, notes, .. }, samples, .. } = brought;
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
            <ImageGrid images=samples names=summary.class_names.clone() on_open=None />
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
        0 if train > 0 => parts.push("a sixth of them kept for testing".into()),
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
