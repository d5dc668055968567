//! More about a model: what its owner says of it, and what it holds, beside another model where that is wanted.

use std::rc::Rc;

use leptos::prelude::*;
use model_card::LayerSummary;
use wasm_bindgen_futures::spawn_local;

use super::layer_table::LayerTable;
use crate::{lab::Lab, saved_models::SavedModel, state::models::is_shipped, words};

/// Folded until it is asked for: the table needs the weights.
#[component]
pub(crate) fn ModelDetails(model: Rc<SavedModel>) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let own = StoredValue::new_local(model);
    let layers = RwSignal::new(None::<Vec<LayerSummary>>);
    let other = RwSignal::new(None::<(String, Vec<LayerSummary>)>);
    let trouble = RwSignal::new(String::new());
    let compared = StoredValue::new(String::new());
    let opened = move |_| {
        if layers.with_untracked(Option::is_some) {
            return;
        }
        spawn_local(async move {
            // The card may have gone with its page.
            let Some(file) = lab.bytes_of(&own.get_value()).await else { return };
            match lab.layers_of(file).await {
                Ok(found) => drop(layers.try_set(Some(found))),
                Err(error) => drop(trouble.try_set(words::job_error(&error))),
            }
        });
    };
    let all = move || lab.models.shipped.get().into_iter().chain(lab.models.saved.get());
    let others = move || {
        let id = own.with_value(|model| model.id.clone());
        let options = all().filter(|model| model.id != id);
        options.map(|model| view! { <option value=model.id>{model.name}</option> }).collect_view()
    };
    let compare = move |event: web_sys::Event| {
        let id = event_target_value(&event);
        compared.set_value(id.clone());
        trouble.set(String::new());
        let found = untrack(move || all().find(|model| model.id == id));
        let Some(found) = found else { return other.set(None) };
        spawn_local(async move {
            let Some(file) = lab.bytes_of(&found).await else { return };
            let read = lab.layers_of(file).await;
            // Another may have been chosen meanwhile, or the card may have gone.
            if compared.try_get_value().as_ref() != Some(&found.id) {
                return;
            }
            match read {
                Ok(layers) => drop(other.try_set(Some((found.name, layers)))),
                Err(error) => drop(trouble.try_set(words::job_error(&error))),
            }
        });
    };
    let description = own.with_value(|model| {
        (!is_shipped(&model.id)).then(|| view! { <Description model=Rc::clone(model) /> })
    });
    let table = move || layers.get().map(|layers| view! { <LayerTable layers /> });
    let beside = move || other.get().map(|(name, layers)| view! { <h3>{name}</h3> <LayerTable layers /> });
    view! {
        <details on:toggle=opened>
            <summary>"Details"</summary>
            {description}
            <p class="trouble-text">{trouble}</p>
            {table}
            <label>"Layers of another model "<select on:change=compare><option value="">"no other"</option>{others}</select></label>
            {beside}
        </details>
    }
}

/// Notes, tags and licence, which travel in its safetensors and its zip; the licence in every file and link.
#[component]
fn Description(model: Rc<SavedModel>) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let notes = RwSignal::new(model.card.notes.clone());
    let tags = RwSignal::new(model.card.tags.join(", "));
    let license = RwSignal::new(model.card.license.clone());
    let own = StoredValue::new_local(model);
    let save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            let model = own.get_value();
            lab.describe(&model, |card| {
                notes.get_untracked().trim().clone_into(&mut card.notes);
                license.get_untracked().trim().clone_into(&mut card.license);
                let tags = tags.get_untracked();
                card.tags =
                    tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
            })
            .await;
        });
    };
    let field = |label: &'static str, hint: &'static str, value: RwSignal<String>| {
        view! {
            <label>
                {label} " "
                <input type="text" maxlength="2000" placeholder=hint prop:value=value
                    on:input=move |event| value.set(event_target_value(&event)) />
            </label>
        }
    };
    view! {
        <form class="description" on:submit=save>
            {field("Notes", "what it is good at", notes)}
            {field("Tags", "separated by commas", tags)}
            {field("Licence", "CC-BY-4.0, for example", license)}
            <button type="submit">"Save description"</button>
        </form>
    }
}
