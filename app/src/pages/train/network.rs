//! The network, layer by layer.

use leptos::prelude::*;
use model_spec::{LayerSpec, NAMED_NETWORKS, NetworkDraft, layers::BatchNorm, named_network, normalized};
use network_editor::{
    Edit, LAYER_KINDS, NetworkEditor, Problem, Row, Setting, SettingValue, problem, rows, settings,
    with_setting,
};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlInputElement};

use crate::{
    browser,
    form::Form,
    lab::Lab,
    parts::{file_button::FileButton, term::TermButton},
};

/// A network as JSON has a few kilobytes.
const MAX_NETWORK_MIB: u32 = 1;

/// The layer whose settings are shown, and its place.
type Selected = Memo<Option<(usize, LayerSpec)>>;

/// Builds a network: from a named one or from nothing, layer by layer.
#[component]
pub(crate) fn NetworkBuilder() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let form = lab.form;
    let network = form.network;
    let place = RwSignal::new(None::<usize>);
    // What is selected must be there.
    let selected = Memo::new(move |_| {
        let place = place.get()?;
        network.with(|network| {
            let layers = &network.draft().layers;
            let index = place.min(layers.len().checked_sub(1)?);
            layers.get(index).cloned().map(|layer| (index, layer))
        })
    });
    let total = move || {
        let rows = network.with(|network| rows(network.draft()));
        let parameters: u64 = rows.iter().filter_map(|row| row.parameters).sum();
        format!("{} parameters", metrics::grouped(parameters))
    };
    let cost = move || {
        let rows = network.with(|network| rows(network.draft()));
        let flop: u64 = rows.iter().filter_map(|row| row.forward_flop).sum();
        let images = form.batch_size();
        // Backward costs twice forward.
        let operations = amount(3.0 * flop as f64 * f64::from(images));
        format!("{operations} operations for a step of {}", metrics::counted(images, "image"))
    };
    let problem_of_whole = move || {
        form.problem().filter(|problem| problem.layer.is_none()).map(|problem| problem_view(form, &problem))
    };
    view! {
        <section class="network" aria-label="Network">
            <div class="heading">
                <h2><TermButton id="network" /></h2>
                <p class="hint">{total}<br />{cost}</p>
            </div>
            <StartFrom />
            <Layers place selected />
            {problem_of_whole}
            <Show when=move || selected.get().is_some()><SelectedLayer place selected /></Show>
            <AddLayer place selected />
            <div class="buttons">
                <button type="button" disabled=move || !network.with(NetworkEditor::can_undo)
                    on:click=move |_| network.update(NetworkEditor::undo)>"Undo"</button>
                <button type="button" disabled=move || !network.with(NetworkEditor::can_redo)
                    on:click=move |_| network.update(NetworkEditor::redo)>"Redo"</button>
                <FileButton text="Import network" field="Network file" accept=".json,application/json" multiple=false
                    on_files=move |files| files.into_iter().for_each(|file| import(&lab, file)) />
                <button type="button" on:click=move |_| export(&lab)>"Export network"</button>
            </div>
        </section>
    }
}

/// The layers with their shapes and parameters. Arrow keys choose one, with Alt they move it, Delete removes it.
#[component]
fn Layers(place: RwSignal<Option<usize>>, selected: Selected) -> impl IntoView {
    let form = expect_context::<Lab>().form;
    let on_key = move |event: web_sys::KeyboardEvent| {
        let index = selected.get_untracked().map_or(0, |(index, _)| index);
        let last = form.network.with_untracked(|network| network.draft().layers.len()).saturating_sub(1);
        let (edit, next) = match (event.key().as_str(), event.alt_key()) {
            ("ArrowUp", false) => (None, index.saturating_sub(1)),
            ("ArrowDown", false) => (None, (index + 1).min(last)),
            ("Home", false) => (None, 0),
            ("End", false) => (None, last),
            ("ArrowUp", true) => (Some(Edit::MoveUp(index)), index.saturating_sub(1)),
            ("ArrowDown", true) => (Some(Edit::MoveDown(index)), (index + 1).min(last)),
            ("Delete" | "Backspace", false) => (Some(Edit::Remove(index)), index.min(last.saturating_sub(1))),
            _ => return,
        };
        event.prevent_default();
        if let Some(edit) = edit {
            form.edit(edit);
        }
        place.set(Some(next));
        focus_layer(next);
    };
    let row = move |index: usize, row: Row, problem: Option<&Problem>| {
        let name = format!("Layer {}: {}", index + 1, row.title);
        let shape = row.output.map_or_else(|| "?".to_owned(), |shape| shape.to_string());
        let parameters = row.parameters.map_or_else(
            || "?".to_owned(),
            |count| match count {
                0 => String::new(),
                count => metrics::grouped(count),
            },
        );
        let is_selected = move || selected.get().is_some_and(|(own, _)| own == index);
        // One layer is reached by Tab, the others from it by arrow keys.
        let is_reached = move || selected.get().map_or(0, |(own, _)| own) == index;
        let is_broken = problem.is_some();
        view! {
            <li aria-label=name class:broken=is_broken>
                <button type="button" class="layer" aria-pressed=move || is_selected().to_string()
                    tabindex=move || if is_reached() { "0" } else { "-1" }
                    on:click=move |_| place.set((!untrack(is_selected)).then_some(index))>
                    <span class="title"><span class="quiet">{format!("{} ", index + 1)}</span>{row.title}</span>
                    <span class="shape">{shape}</span>
                    <span class="parameters">{parameters}</span>
                </button>
                {problem.map(|problem| problem_view(form, problem))}
            </li>
        }
    };
    let list = move || {
        form.network.with(|network| {
            let problem = problem(network.draft());
            let of_layer = |index| problem.as_ref().filter(|problem| problem.layer == Some(index));
            let rows = rows(network.draft()).into_iter().enumerate();
            rows.map(|(index, own)| row(index, own, of_layer(index))).collect_view()
        })
    };
    view! {
        <ol class="layers" on:keydown=on_key>
            <li class="input-row quiet"><span class="title">"Image"</span><span class="shape">"1 x 28 x 28"</span></li>
            {list}
        </ol>
    }
}

/// What can be done with the selected layer.
#[component]
fn SelectedLayer(place: RwSignal<Option<usize>>, selected: Selected) -> impl IntoView {
    let form = expect_context::<Lab>().form;
    let name = move || selected.get().map(|(index, layer)| format!("Layer {}: {}", index + 1, layer.title()));
    let act = move |edit: fn(usize) -> Edit, next: fn(usize) -> usize| {
        move |_| {
            if let Some((index, _)) = selected.get_untracked() {
                form.edit(edit(index));
                place.set(Some(next(index)));
            }
        }
    };
    view! {
        <div class="selected" role="group" aria-label="Selected layer">
            <p><b>{name}</b></p>
            <LayerSettings selected />
            <div class="buttons">
                <button type="button" on:click=act(Edit::MoveUp, |index| index.saturating_sub(1))>"Move up"</button>
                <button type="button" on:click=act(Edit::MoveDown, |index| index + 1)>"Move down"</button>
                <button type="button" on:click=act(Edit::Duplicate, |index| index + 1)>"Duplicate"</button>
                <button type="button" on:click=act(Edit::Remove, |index| index.saturating_sub(1))>"Remove"</button>
            </div>
        </div>
    }
}

/// A new layer: behind the selected one, or before the output layer.
#[component]
fn AddLayer(place: RwSignal<Option<usize>>, selected: Selected) -> impl IntoView {
    let form = expect_context::<Lab>().form;
    let kind = RwSignal::new(LAYER_KINDS[0]);
    let add = move |_| {
        let last = form.network.with_untracked(NetworkEditor::usual_place);
        let at = selected.get_untracked().map_or(last, |(index, _)| last.min(index + 1));
        form.edit(Edit::Insert { at, layer: (kind.get_untracked().layer)() });
        place.set(Some(at));
    };
    let chosen = move |event| {
        let title = event_target_value(&event);
        if let Some(known) = LAYER_KINDS.iter().find(|known| known.title == title) {
            kind.set(*known);
        }
    };
    let kinds = LAYER_KINDS.iter().map(|known| {
        view! { <option value=known.title prop:selected=move || kind.get().title == known.title>{known.title}</option> }
    });
    view! {
        <div class="buttons add">
            <select aria-label="Kind of layer" on:change=chosen>{kinds.collect_view()}</select>
            <button type="button" on:click=add>"Add layer"</button>
        </div>
    }
}

/// The named networks, an empty stack, and batch norm everywhere.
#[component]
fn StartFrom() -> impl IntoView {
    let form = expect_context::<Lab>().form;
    let current = Memo::new(move |_| {
        form.network.with(|network| {
            let spec = network.draft().clone().check().ok()?;
            NAMED_NETWORKS.iter().find(|named| named.spec() == spec).map(|named| named.id)
        })
    });
    let option = move |id: &'static str, title: &'static str| {
        view! { <option value=id prop:selected=move || current.get().unwrap_or("own") == id>{title}</option> }
    };
    let named = NAMED_NETWORKS.iter().map(|named| option(named.id, named.title)).collect_view();
    let changed = move |event| {
        let id = event_target_value(&event);
        if id == "empty" {
            form.edit(Edit::Load(NetworkDraft::of_digits(Vec::new())));
        } else if let Some(named) = named_network(&id) {
            form.edit(Edit::Load(named.spec().draft()));
            form.set_usual_rate();
        }
    };
    let has_norm = Memo::new(move |_| {
        let is_norm = |layer: &LayerSpec| matches!(layer, LayerSpec::BatchNorm(_));
        form.network.with(|network| network.draft().layers.iter().any(is_norm))
    });
    let set_norm = move |event| {
        let mut draft = form.network.with_untracked(|network| network.draft().clone());
        if event_target_value(&event) == "batch" {
            draft = normalized(&draft, &BatchNorm::default());
        } else {
            draft.layers.retain(|layer| !matches!(layer, LayerSpec::BatchNorm(_)));
        }
        form.edit(Edit::Load(draft));
    };
    view! {
        <div class="pair">
            <label class="field">
                <span>"Model"</span>
                <select on:change=changed>
                    {named}
                    {option("empty", "Empty stack")}
                    {option("own", "Own network")}
                </select>
            </label>
            <label class="field">
                <span>"Normalisation"</span>
                <select on:change=set_norm>
                    <option value="none" prop:selected=move || !has_norm.get()>"none"</option>
                    <option value="batch" prop:selected=has_norm>"batch norm"</option>
                </select>
            </label>
        </div>
    }
}

/// What is wrong, and a button for each way out.
fn problem_view(form: Form, problem: &Problem) -> impl IntoView + use<> {
    let mends = problem.mends.iter().map(|mend| {
        let edit = mend.edit.clone();
        view! { <button type="button" on:click=move |_| form.edit(edit.clone())>{mend.title.clone()}</button> }
    });
    view! {
        <div class="problem" role="alert">
            <p>{problem.text.clone()}</p>
            <div class="buttons">{mends.collect_view()}</div>
        </div>
    }
}

/// The settings of the selected layer.
#[component]
fn LayerSettings(selected: Selected) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let form = lab.form;
    // The fields are made anew for another layer or another kind; a value that is typed leaves them alone.
    let shape = Memo::new(move |_| {
        selected.get().map(|(index, layer)| {
            let names: Vec<_> = settings(&layer).into_iter().map(|setting| setting.name).collect();
            (index, names)
        })
    });
    let set = move |name: &'static str, value: SettingValue| {
        if let Some((index, layer)) = selected.get_untracked()
            && let Some(layer) = with_setting(&layer, name, &value)
        {
            form.edit(Edit::Replace(index, layer));
        }
    };
    let value_of = move |name: &'static str| {
        selected
            .get()
            .and_then(|(_, layer)| settings(&layer).into_iter().find(|setting| setting.name == name))
    };
    let field = move |name: &'static str| {
        let Some(Setting { term, value, .. }) = untrack(|| value_of(name)) else { return ().into_any() };
        let text = move || value_of(name).map_or_else(String::new, |own| own.value.text());
        let input = if let Some((least, most, step)) = value.limits() {
            let typed = move |event: leptos::ev::Event| {
                let input = event_target::<HtmlInputElement>(&event);
                let typed = input.value();
                if let Some(value) = value.typed(&typed) {
                    return set(name, value);
                }
                // What cannot be used must not stay visible while an older value is.
                let kept = untrack(text);
                input.set_value(&kept);
                let typed = if typed.is_empty() { "What was typed".into() } else { format!("\"{typed}\"") };
                lab.report_trouble(format!(
                    "{name}: {typed} is not a number that can be used. It stays {kept}."
                ));
            };
            view! {
                <input type="number" aria-label=name inputmode="decimal" step=step min=least max=most prop:value=text on:change=typed />
            }
            .into_any()
        } else {
            let is_on = move || value_of(name).is_some_and(|own| own.value == SettingValue::Switch(true));
            view! {
                <input type="checkbox" aria-label=name prop:checked=is_on
                    on:change=move |event| set(name, SettingValue::Switch(event_target_checked(&event))) />
            }
            .into_any()
        };
        view! { <div class="setting"><TermButton id=term text=name />{input}</div> }.into_any()
    };
    let fields = move || {
        let names = shape.get().map(|(_, names)| names).unwrap_or_default();
        names.into_iter().map(field).collect_view()
    };
    view! { <div class="settings">{fields}</div> }
}

/// A large number in words: `61 million`.
fn amount(number: f64) -> String {
    match number {
        1e9.. => format!("{:.1} billion", number / 1e9),
        1e6.. => format!("{:.0} million", number / 1e6),
        1e3.. => format!("{:.0} thousand", number / 1e3),
        _ => format!("{number:.0}"),
    }
}

fn focus_layer(index: usize) {
    // After the list has been drawn anew.
    spawn_local(async move {
        browser::sleep(0).await;
        let document = browser::window().document();
        let buttons = document.and_then(|document| document.query_selector_all(".layers button.layer").ok());
        let button = buttons.and_then(|all| all.item(index as u32));
        if let Some(button) =
            button.and_then(|button| wasm_bindgen::JsCast::dyn_into::<HtmlElement>(button).ok())
        {
            // A button that is on the page can be focused.
            let _ = button.focus();
        }
    });
}

fn import(lab: &Lab, file: web_sys::File) {
    let lab = *lab;
    spawn_local(async move {
        let read = async {
            let bytes = browser::read_file(&file, MAX_NETWORK_MIB).await?;
            let text = String::from_utf8(bytes).map_err(|_| format!("{} is not text.", file.name()))?;
            NetworkDraft::from_json(&text).map_err(|error| format!("{}: {error}", file.name()))
        };
        match read.await {
            Ok(draft) => lab.form.edit(Edit::Load(draft)),
            Err(text) => lab.report_trouble(format!("{text} The network is unchanged.")),
        }
    });
}

fn export(lab: &Lab) {
    match lab.form.read_network() {
        Ok(network) => browser::download("network.json", network.to_json().as_bytes()),
        Err(text) => {
            lab.report_trouble(format!("{text} A network that cannot be built is not exported."));
        }
    }
}
