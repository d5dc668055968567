//! The settings of a run: those that matter most are open, the rest is folded.

use leptos::prelude::*;
use train_config::{DeviceChoice, FIELDS, Field, FieldKind, MAIN_FIELDS};

use crate::{lab::Lab, parts::term::TermButton};

/// Every setting but data and network.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    let form = expect_context::<Lab>().form;
    let fields =
        |fields: &'static [Field]| fields.iter().map(|field| view! { <FieldRow field /> }).collect_view();
    let changed =
        move || FIELDS[MAIN_FIELDS..].iter().filter(|field| form.changed_from(field).is_some()).count();
    let summary = move || match changed() {
        0 => "More settings".to_owned(),
        count => format!("More settings, {count} changed"),
    };
    let device = move |event| {
        if let Some(choice) = DeviceChoice::from_id(&event_target_value(&event)) {
            form.device.set(choice);
        }
    };
    let devices = DeviceChoice::ALL.map(|choice| {
        let title = match choice {
            DeviceChoice::Auto => "Auto",
            DeviceChoice::WebGpu => "WebGPU",
            DeviceChoice::Cpu => "CPU",
        };
        view! { <option value=choice.id() prop:selected=move || form.device.get() == choice>{title}</option> }
    });
    view! {
        <div class="settings">{fields(&FIELDS[..MAIN_FIELDS])}</div>
        <details class="more">
            <summary>{summary}</summary>
            <div class="settings">{fields(&FIELDS[MAIN_FIELDS..])}</div>
        </details>
        <div class="settings">
            <div class="setting">
                <TermButton id="device" />
                <select aria-label="Device" on:change=device>{devices.into_iter().collect_view()}</select>
            </div>
            <div class="setting">
                <TermButton id="workers" />
                <input type="number" aria-label="Workers" inputmode="numeric" step="1" min="0" prop:value=form.workers
                    on:input=move |event| form.workers.set(event_target_value(&event)) />
            </div>
        </div>
    }
}

/// A setting: its name, which explains itself, its field, and the way back to what the preset has.
#[component]
fn FieldRow(field: &'static Field) -> impl IntoView {
    let form = expect_context::<Lab>().form;
    let text = Memo::new(move |_| form.text(field));
    let before = Memo::new(move |_| form.changed_from(field));
    let value = move || text.get().unwrap_or_default();
    let wrong = move || {
        form.wrong.with(|wrong| wrong.clone().filter(|(name, _)| *name == field.name).map(|(_, why)| why))
    };
    let is_wrong = move || wrong().map(|_| "true");
    let set = move |event: leptos::ev::Event| {
        let typed = event_target_value(&event);
        let input = event_target::<web_sys::HtmlInputElement>(&event);
        // While "0." is typed, the field's value is "0": writing that back would delete the point.
        if !input.validity().bad_input() && text.get_untracked().as_ref() != Some(&typed) {
            form.set(field, &typed);
        }
    };
    let settled = move |event: leptos::ev::Event| {
        // A half-typed number must not stay visible while an older value is used.
        if event_target::<web_sys::HtmlInputElement>(&event).validity().bad_input() {
            form.set(field, "");
        }
    };
    let input = match field.kind {
        FieldKind::Choice { all, .. } => {
            let option = |(id, title): (&'static str, &'static str)| {
                // A preset's augmentation can be chosen where it has one.
                let is_there = move || {
                    id != "preset" || form.preset_config.with(|preset| !preset.augmentation.is_none())
                };
                view! { <option value=id hidden=move || !is_there() prop:selected=move || value() == id>{title}</option> }
            };
            view! {
                <select aria-label=field.name on:change=move |event| match event_target_value(&event).as_str() {
                    "preset" => form.reset(field),
                    id => form.set(field, id),
                }>
                    {all().into_iter().map(option).collect_view()}
                </select>
            }
            .into_any()
        }
        FieldKind::Switch => view! {
            <input type="checkbox" aria-label=field.name prop:checked=move || value() == "yes"
                on:change=move |event| form.set(field, if event_target_checked(&event) { "yes" } else { "no" }) />
        }
        .into_any(),
        FieldKind::Whole | FieldKind::Number | FieldKind::Optional => {
            let step = if matches!(field.kind, FieldKind::Whole) { "1" } else { "any" };
            let empty = if matches!(field.kind, FieldKind::Optional) { "none" } else { "" };
            view! {
                <input type="number" aria-label=field.name aria-invalid=is_wrong inputmode="decimal" step=step min="0" placeholder=empty
                    prop:value=value on:input=set on:change=settled />
            }
            .into_any()
        }
    };
    let back = move || {
        before.get().map(|before| {
            let name = format!("Reset {} to {before}", field.name);
            view! {
                <button type="button" class="back" aria-label=name.clone() title=name on:click=move |_| form.reset(field)>
                    "↺ "{before}
                </button>
            }
        })
    };
    view! {
        <div class="setting" class:changed=move || before.get().is_some() hidden=move || text.get().is_none()>
            <TermButton id=field.term text=field.name />
            {input}
            {back}
            {move || wrong().map(|why| view! { <p class="trouble-text">{why}</p> })}
        </div>
    }
}
