//! The models that are kept.

use std::rc::Rc;

use leptos::{html, prelude::*};
use protocol::{FromWorker, TestData, ToWorker};
use recipe::Accuracy;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser,
    engine::{Errand, errand},
    library::Kept,
    pages::evaluate::Evaluate,
    parts::file_button::FileButton,
    session::{Session, is_shipped, usual_data},
};

/// The Models page.
#[component]
pub(crate) fn ModelsPage() -> impl IntoView {
    let session = expect_context::<Session>();
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        let files = event.data_transfer().and_then(|transfer| transfer.files());
        for file in browser::files(files) {
            session.import(file);
        }
    };
    let all = move || session.shipped.get().into_iter().chain(session.models.get()).collect::<Vec<_>>();
    // A model that was renamed or trained further is shown anew; one that is only loaded keeps what is said of it.
    let key = |model: &Kept| (model.id.clone(), model.name.clone(), model.saved_ms.to_bits());
    let none = move || {
        session.models.with(Vec::is_empty).then(|| {
            view! { <p class="quiet">"Nothing of your own is kept yet. Train a model and save it, or import a file."</p> }
        })
    };
    view! {
        <div class="models" on:dragover=|event| event.prevent_default() on:drop=dropped>
            <div class="heading">
                <h1>"Models"</h1>
                <FileButton says="Import" field="File to import" accept=".safetensors" multiple=true
                    take=move |file| session.import(file) />
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
            <Evaluate />
        </div>
    }
}

#[component]
fn ModelCard(model: Kept) -> impl IntoView {
    let session = expect_context::<Session>();
    let is_shipped = is_shipped(&model);
    let model = Rc::new(model);
    let renaming = RwSignal::new(false);
    let name = RwSignal::new(model.name.clone());
    let checked = RwSignal::new(String::new());
    let saved_test = model.card.test;

    let id = model.id.clone();
    let in_use = Memo::new(move |_| {
        session.in_use.with(|used| used.as_ref().is_some_and(|used| used.id.as_ref() == Some(&id)))
    });
    let facts = facts(&model);
    let kept = StoredValue::new_local(Rc::clone(&model));
    let as_half = RwSignal::new(false);
    let checking = RwSignal::new(false);
    let check = move || {
        if checking.get_untracked() {
            return;
        }
        checking.set(true);
        let data = usual_data(&session);
        checked.set("Checking its accuracy …".into());
        let file = kept.with_value(|model| model.file.to_vec());
        spawn_local(async move {
            let progress = move |step: Errand| {
                if let Errand::Done(done, total) = step {
                    checked.set(format!("Checking its accuracy: {done} of {total}"));
                }
            };
            let tested_on = kept.with_value(|model| model.card.tested_on.clone());
            let order = ToWorker::Evaluate(1, TestData::Split(data));
            let text = match errand(order, vec![file], progress).await.map(|packet| packet.message) {
                Ok(FromWorker::Evaluated(_, found, name)) => {
                    verdict(found.accuracy(), &name, saved_test.filter(|_| name == tested_on))
                }
                Ok(_) => "The worker gave no answer.".into(),
                Err(text) => text,
            };
            checked.set(text);
            checking.set(false);
        });
    };
    let load = move |_| {
        kept.with_value(|model| session.use_model(model));
        check();
    };
    let rename = move || {
        renaming.set(false);
        let model = kept.with_value(|model| (**model).clone());
        let typed = name.get_untracked().trim().to_owned();
        if typed.is_empty() || typed == model.name {
            return name.set(model.name);
        }
        spawn_local(async move { session.rename(&model, typed).await });
    };
    let export = move |_| {
        let (name, file) = kept.with_value(|model| (file_name(&model.name), model.file.to_vec()));
        if !as_half.get_untracked() {
            return browser::download(&name, &file);
        }
        spawn_local(async move {
            match session.halved(file).await {
                Ok(file) => browser::download(&name.replace(".safetensors", "-f16.safetensors"), &file),
                Err(text) => session.trouble(text),
            }
        });
    };
    let delete = move |_| kept.with_value(|model| session.delete((**model).clone()));
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if renaming.get()
            && let Some(field) = field.get()
        {
            // A field that cannot be focused can still be clicked.
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
        <li class="card model" aria-label=model.name.clone() class:in-use=in_use>
            {title}
            <p>{facts}</p>
            <p class="checked" role="status" aria-label="Check">{checked}</p>
            <div class="buttons">
                <button on:click=load>{move || if in_use.get() { "Load again" } else { "Load" }}</button>
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

/// One line of what is known of a model.
fn facts(model: &Kept) -> String {
    let card = &model.card;
    let mut facts = vec![
        card.architecture.title().to_owned(),
        format!("{} parameters", gauge::grouped(card.architecture.parameter_count() as u32)),
    ];
    if let Some(test) = card.test {
        facts.push(format!("{} of {}", test.with_interval(), card.tested_on));
    }
    if !card.trained_on.is_empty() {
        facts.push(format!("trained on {}, {}", card.trained_on, gauge::counted(card.epochs_done, "epoch")));
    }
    if model.saved_ms > 0.0 {
        let date = js_sys::Date::new(&JsValue::from_f64(model.saved_ms));
        facts.push(date.to_locale_string("default", &JsValue::UNDEFINED).into());
    }
    facts.join(" · ")
}

/// What a check found, beside what the card says.
fn verdict(test: Accuracy, name: &str, saved: Option<Accuracy>) -> String {
    let found = format!(
        "{} of {} {name} test images right ({:.2} %)",
        gauge::grouped(test.correct),
        gauge::grouped(test.total),
        100.0 * test.share()
    );
    match saved {
        Some(saved) if saved == test => format!("{found}: the same as when it was saved."),
        Some(saved) if saved.total == test.total => {
            format!("{found}; its card says {}.", gauge::grouped(saved.correct))
        }
        _ => format!("{found}."),
    }
}

/// A file name that every system takes.
fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "model.safetensors".into() } else { format!("{}.safetensors", parts.join("-")) }
}
