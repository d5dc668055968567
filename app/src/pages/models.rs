//! The saved models.

use std::{rc::Rc, sync::Arc};

use evaluation::Accuracy;
use leptos::{html, prelude::*};
use protocol::{
    Blobs, Delivery, JobError,
    evaluate::{Evaluate, EvaluateProgress, Evaluation, TestData},
};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser,
    lab::{Lab, default_data},
    pages::evaluate::EvaluateCard,
    parts::{file_button::FileButton, storage_card::StorageCard},
    saved_models::SavedModel,
    state::models::is_shipped,
    words,
};

/// The Models page.
#[component]
pub(crate) fn ModelsPage() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        let files = event.data_transfer().and_then(|transfer| transfer.files());
        for file in browser::files(files) {
            lab.import(file);
        }
    };
    let all = move || lab.models.shipped.get().into_iter().chain(lab.models.saved.get()).collect::<Vec<_>>();
    // A model that was renamed or trained further gets a new card. One that is only loaded keeps the result of its check.
    let key = |model: &SavedModel| (model.id.clone(), model.name.clone(), model.saved_ms.to_bits());
    let none = move || {
        lab.models.saved.with(Vec::is_empty).then(|| {
            view! { <p class="quiet">"Nothing of your own is kept yet. Train a model and save it, or import a file."</p> }
        })
    };
    view! {
        <div class="models" on:dragover=|event| event.prevent_default() on:drop=dropped>
            <div class="heading">
                <h1>"Models"</h1>
                <FileButton text="Import" field="File to import" accept=".safetensors" multiple=true
                    on_file=move |file| lab.import(file) />
            </div>
            <p class="quiet">
                "Models stay in this browser. Import takes .safetensors files, dropped here or chosen; Export writes one that PyTorch opens."
            </p>
            <ul class="list">
                <For each=all key=key let:model>
                    <ModelCard model />
                </For>
            </ul>
            {none}
            <EvaluateCard />
            <StorageCard />
        </div>
    }
}

#[component]
fn ModelCard(model: SavedModel) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let is_shipped = is_shipped(&model.id);
    let model = Rc::new(model);
    let renaming = RwSignal::new(false);
    let name = RwSignal::new(model.name.clone());
    let checked = RwSignal::new(String::new());
    let saved_test = model.card.test;

    let id = model.id.clone();
    let is_active = Memo::new(move |_| {
        lab.models.active.with(|active| active.as_ref().is_some_and(|active| active.is(&id)))
    });
    let facts = facts(&model);
    let saved = StoredValue::new_local(Rc::clone(&model));
    let as_half = RwSignal::new(false);
    let checking = RwSignal::new(false);
    let check = move || {
        if checking.get_untracked() {
            return;
        }
        checking.set(true);
        checked.set("Checking its accuracy …".into());
        let model = saved.get_value();
        spawn_local(async move {
            let tested_on = model.card.tested_on.clone();
            let Some(file) = lab.bytes_of(&model).await else {
                checked.try_set(String::new());
                checking.try_set(false);
                return;
            };
            let text = match evaluate(&lab, file, checked).await {
                Ok(Evaluation { report, images, .. }) => {
                    verdict(report.accuracy(), &images, saved_test.filter(|_| images == tested_on))
                }
                Err(error) => words::job_error(&error),
            };
            // The card may have gone with its page.
            checked.try_set(text);
            checking.try_set(false);
        });
    };
    let load = move |_| {
        spawn_local(async move { lab.use_saved(&saved.get_value()).await });
        check();
    };
    let rename = move || {
        renaming.set(false);
        let model = saved.with_value(|model| (**model).clone());
        let typed = name.get_untracked().trim().to_owned();
        if typed.is_empty() || typed == model.name {
            return name.set(model.name);
        }
        spawn_local(async move { lab.rename(&model, typed).await });
    };
    let export = move |_| {
        let model = saved.get_value();
        let is_half = as_half.get_untracked();
        spawn_local(async move {
            let Some(file) = lab.bytes_of(&model).await else { return };
            let name = file_name(&model.name);
            if !is_half {
                return browser::download(&name, &file);
            }
            match lab.round_to_half(file).await {
                Ok(file) => browser::download(&name.replace(".safetensors", "-f16.safetensors"), &file),
                Err(error) => lab.report_trouble(words::job_error(&error)),
            }
        });
    };
    let delete = move |_| saved.with_value(|model| lab.delete((**model).clone()));
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if renaming.get()
            && let Some(field) = field.get()
        {
            // If the field cannot be focused, it can still be clicked.
            let _ = field.unchecked_ref::<web_sys::HtmlElement>().focus();
        }
    });
    let title = {
        let shown = model.name.clone();
        move || {
            if renaming.get() {
                view! {
                    <form on:submit=move |event| { event.prevent_default(); rename(); }>
                        <input type="text" aria-label="New name" maxlength="80" node_ref=field
                            prop:value=name on:input=move |event| name.set(event_target_value(&event))
                            on:blur=move |_| rename() />
                    </form>
                }
                .into_any()
            } else {
                view! { <h2>{shown.clone()}</h2> }.into_any()
            }
        }
    };
    let own_buttons = (!is_shipped).then(|| {
        view! {
            <button on:click=move |_| renaming.set(true)>"Rename"</button>
            <button on:click=delete>"Delete"</button>
        }
    });
    view! {
        <li class="card model" aria-label=model.name.clone() class:in-use=is_active>
            {title}
            <p>{facts}</p>
            <p class="checked" role="status" aria-label="Check">{checked}</p>
            <div class="buttons">
                <button on:click=load>{move || if is_active.get() { "Load again" } else { "Load" }}</button>
                <button on:click=export>"Export"</button>
                <label class="check">
                    <input type="checkbox" prop:checked=as_half on:change=move |event| as_half.set(event_target_checked(&event)) />
                    "16-bit"
                </label>
                {own_buttons}
            </div>
        </li>
    }
}

/// Tests a model on the data set at hand, and shows how far that is.
async fn evaluate(lab: &Lab, file: Arc<Vec<u8>>, checked: RwSignal<String>) -> Result<Evaluation, JobError> {
    let mut blobs = Blobs::new();
    let content = Evaluate { model: blobs.add(file), data: TestData::Split(default_data(lab)) };
    let progress = move |progress: Delivery<EvaluateProgress>| {
        let EvaluateProgress { done, total } = progress.content;
        checked.try_set(format!("Checking its accuracy: {done} of {total}"));
    };
    Ok(lab.workers.pool()?.call(Delivery { content, blobs }, progress).await?.content)
}

/// One line of facts about a model.
fn facts(model: &SavedModel) -> String {
    let card = &model.card;
    let mut facts = vec![
        card.network.title(),
        format!("{} parameters", metrics::grouped(card.network.parameter_count() as u32)),
    ];
    if let Some(test) = card.test {
        facts.push(format!("{} of {}", test.with_interval(), card.tested_on));
    }
    if !card.trained_on.is_empty() {
        facts.push(format!(
            "trained on {}, {}",
            card.trained_on,
            metrics::counted(card.epochs_done, "epoch")
        ));
    }
    if model.saved_ms > 0.0 {
        let date = js_sys::Date::new(&JsValue::from_f64(model.saved_ms));
        facts.push(date.to_locale_string("default", &JsValue::UNDEFINED).into());
    }
    facts.join(" · ")
}

/// The result of a check, compared with the model's card.
fn verdict(test: Accuracy, name: &str, saved: Option<Accuracy>) -> String {
    let found = format!(
        "{} of {} {name} test images right ({:.2} %)",
        metrics::grouped(test.correct),
        metrics::grouped(test.total),
        100.0 * test.share()
    );
    match saved {
        Some(saved) if saved == test => format!("{found}: the same as when it was saved."),
        Some(saved) if saved.total == test.total => {
            format!("{found}; its card says {}.", metrics::grouped(saved.correct))
        }
        _ => format!("{found}."),
    }
}

/// A file name that every system accepts.
fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "model.safetensors".into() } else { format!("{}.safetensors", parts.join("-")) }
}
