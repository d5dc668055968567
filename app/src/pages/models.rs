//! The saved models.

use std::rc::Rc;

use evaluation::Accuracy;
use leptos::{html, prelude::*};
use protocol::evaluate::Evaluation;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;

use crate::{
    commands::MODEL_FILES,
    lab::Lab,
    pages::evaluate::EvaluateCard,
    parts::{
        export_model::ExportModel, file_button::FileButton, model_details::ModelDetails,
        storage_card::StorageCard,
    },
    saved_models::SavedModel,
    state::models::is_shipped,
    words,
};

/// The Models page.
#[component]
pub(crate) fn ModelsPage() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let all = move || lab.models.shipped.get().into_iter().chain(lab.models.saved.get()).collect::<Vec<_>>();
    // A model that was renamed or trained further gets a new card. One that is only loaded keeps the result of its check.
    let key = |model: &SavedModel| {
        let said = (model.card.notes.clone(), model.card.tags.clone(), model.card.license.clone());
        (model.id.clone(), model.name.clone(), model.saved_ms.to_bits(), said)
    };
    let none = move || {
        lab.models.saved.with(Vec::is_empty).then(|| {
            view! { <p class="quiet">"Nothing of your own is kept yet. Train a model and save it, or import a file."</p> }
        })
    };
    view! {
        <div class="models">
            <div class="heading">
                <h1>"Models"</h1>
                <FileButton text="Import" field="File to import" accept=MODEL_FILES multiple=true
                    on_files=move |files| lab.import(files) />
            </div>
            <p class="quiet">
                "Models stay in this browser. Import reads files of PyTorch, ONNX, Keras, TensorFlow.js, NumPy and safetensors, dropped here or chosen. Nothing in a file is run."
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
    let id = model.id.clone();
    let is_starred =
        Memo::new(move |_| lab.models.starred.with(|starred| starred.as_deref() == Some(id.as_str())));
    let id = model.id.clone();
    let star = move |_| lab.star((!is_starred.get_untracked()).then(|| id.clone()));
    let facts = facts(&model);
    let saved = StoredValue::new_local(Rc::clone(&model));
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
            let progress = move |text| drop(checked.try_set(text));
            let text = match lab.evaluate(file, progress).await {
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
                <button aria-pressed=move || is_starred.get().to_string() title="Every visit begins with it" on:click=star>"★ Star"</button>
                <button on:click=load>{move || if is_active.get() { "Load again" } else { "Load" }}</button>
                {own_buttons}
            </div>
            <ExportModel model=saved.get_value() />
            <ModelDetails model=saved.get_value() />
        </li>
    }
}

/// One line of facts about a model.
fn facts(model: &SavedModel) -> String {
    let card = &model.card;
    let mut facts = vec![words::network(&card.network)];
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
    if card.trained_on.is_empty() && card.epochs_done == 0 {
        facts.push("nothing is known of its training".into());
    }
    if !card.notes.is_empty() {
        facts.push(card.notes.clone());
    }
    if !card.tags.is_empty() {
        facts.push(format!("tags: {}", card.tags.join(", ")));
    }
    if !card.license.is_empty() {
        facts.push(card.license.clone());
    }
    if !card.fine_tuned_from.is_empty() {
        facts.push(format!("fine-tuned from {}", card.fine_tuned_from));
    }
    if !card.run.is_empty() {
        facts.push(format!("by the run {}", card.run));
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
