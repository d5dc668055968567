//! Which experiment the fields follow.

use experiments::{Shared, encode};
use leptos::prelude::*;
use train_config::{EXPERIMENTS, experiment};

use crate::{lab::Lab, state::runs::RunPlan};

/// The choice of an experiment, and what it teaches.
#[component]
pub(crate) fn Preset() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let form = lab.form;
    let option = move |id: &'static str, title: &'static str| {
        let is_current = move || form.experiment.get().map_or("own", |current| current.id) == id;
        view! { <option value=id prop:selected=is_current>{title}</option> }
    };
    let options = EXPERIMENTS.iter().map(|known| option(known.id, known.title)).collect_view();
    let changed = move |event| {
        if let Some(chosen) = experiment(&event_target_value(&event)) {
            form.choose(chosen);
        }
    };
    let link = move |_| {
        let linked = lab.planned().and_then(|RunPlan { config, data, .. }| {
            let fragment = encode(&Shared::Config { config, data }).map_err(|error| error.to_string())?;
            Ok((fragment, data))
        });
        match linked {
            Ok((fragment, data)) => lab.offer_link("runs", &fragment, Some(data)),
            Err(text) => lab.report_trouble(text),
        }
    };
    let teaches = move || match form.experiment.get() {
        Some(current) => current.teaches.to_owned(),
        None => format!("Changed from \"{}\".", form.preset.get().title),
    };
    view! {
        <div>
            <label class="field">
                <span>"Preset"</span>
                <select on:change=changed>
                    {options}
                    {option("own", "Own choice")}
                </select>
            </label>
            <p class="hint">{teaches}" "<button type="button" class="link" on:click=link>"Copy link to these settings"</button></p>
        </div>
    }
}
