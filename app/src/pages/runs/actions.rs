//! One run: what is known of it, and what can be done with it.

use experiments::{RunRecord, RunStatus, Shared, encode};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::Choice;
use crate::{lab::Lab, state::runs::RunPlan};

/// The most seeds of a group.
const MAX_SEEDS: u64 = 50;

/// The card of the run that is open.
#[component]
pub(super) fn RunCard(choice: Choice) -> impl IntoView {
    // Only another run makes another card: what is typed into this one stays.
    let open = Memo::new(move |_| choice.open.get());
    move || open.get().map(|id| view! { <Card id /> })
}

#[component]
fn Card(id: String) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let own = StoredValue::new(id);
    let record = Memo::new(move |_| own.with_value(|id| lab.runs.get(id)));
    let get = move || untrack(|| record.get());
    let id = move || own.get_value();
    let name = Memo::new(move |_| record.get().map(|record| record.name).unwrap_or_default());
    let is_live = move || lab.runs.live.with(|live| *live == Some(id()));
    let is_elsewhere = move || lab.runs.elsewhere.with(|ids| ids.contains(&id()));
    let can_go_on =
        move || !is_live() && !is_elsewhere() && record.get().is_some_and(|record| record.can_go_on());
    let has_weights = move || record.get().is_some_and(|record| !record.epochs.is_empty() || is_live());
    let facts = move || record.get().map(|record| facts(&record, is_live() || is_elsewhere()));
    let seeds = RwSignal::new("5".to_owned());
    let rename = move |event| {
        let typed = event_target_value(&event).trim().to_owned();
        if !typed.is_empty() {
            lab.change_record(id(), move |record| record.name.clone_from(&typed));
        }
    };
    let note = move |event| {
        let typed = event_target_value(&event);
        lab.change_record(id(), move |record| record.note.clone_from(&typed));
    };
    let repeat = move |_| {
        if let Some(record) = get() {
            lab.launch_or_queue(RunPlan::of(&record), format!("{} again", record.name));
        }
    };
    let repeat_seeds = move |_| match (get(), seeds.get_untracked().trim().parse::<u64>()) {
        (Some(record), Ok(count)) if (2..=MAX_SEEDS).contains(&count) => {
            // What was changed by hand in mid-run belongs to the run that was watched.
            let mut plan = RunPlan::of(&record);
            plan.config.changes.clear();
            lab.start_seeds(&format!("{} over {count} seeds", record.name), &plan, 1..=count);
        }
        _ => lab.report_trouble(format!("Choose 2 to {MAX_SEEDS} seeds.")),
    };
    let draw = move |_| spawn_local(async move { lab.draw_with_run(id()).await });
    let export = move |_| spawn_local(async move { lab.export_run(id()).await });
    let to_form = move |_| {
        if let Some(record) = get() {
            lab.form.take(&record.config, record.data);
            lab.notify(format!("The settings of {} are now on the Train page.", record.name), None);
        }
    };
    let link = move |_| {
        let Some(record) = get() else { return };
        let RunRecord { name, config, data, workers, .. } = record;
        match encode(&Shared::Run { name, config, data, workers }) {
            Ok(fragment) => lab.offer_link("runs", &fragment, Some(data)),
            Err(error) => lab.report_trouble(error.to_string()),
        }
    };
    let star = move |_| lab.change_record(id(), |record| record.is_starred = !record.is_starred);
    let hide = move |_| lab.change_record(id(), |record| record.is_hidden = !record.is_hidden);
    let is_starred = move || record.get().is_some_and(|record| record.is_starred);
    let is_hidden = move || record.get().is_some_and(|record| record.is_hidden);
    view! {
        <section class="card run-card" aria-label="Run">
            <div class="heading"><h2>{name}</h2>
                <div class="buttons">
                    <button aria-pressed=move || is_starred().to_string() on:click=star>"★ Star"</button>
                    <button aria-pressed=move || is_hidden().to_string() on:click=hide>"Hide"</button>
                </div>
            </div>
            <p>{facts}</p>
            <div class="pair">
                <label class="field"><span>"Name"</span>
                    <input type="text" maxlength="80" prop:value=name on:change=rename /></label>
                <label class="field"><span>"Note"</span>
                    <input type="text" maxlength="400" prop:value=move || record.get().map(|record| record.note).unwrap_or_default() on:change=note /></label>
            </div>
            <div class="buttons">
                <Show when=can_go_on><button class="primary" on:click=move |_| lab.go_on(id())>"Resume"</button></Show>
                <button on:click=repeat>"Repeat exactly"</button>
                <button on:click=to_form>"Use its settings"</button>
                <Show when=has_weights>
                    <button on:click=draw>"Use on Draw page"</button>
                    <button on:click=move |_| lab.save_run(id())>"Save as a model"</button>
                    <button title="Its newest checkpoint, the optimizer's state included, and code that goes on training" on:click=export>"Export for PyTorch"</button>
                </Show>
                <button on:click=link>"Copy link"</button>
                <Show when=move || !is_live() && !is_elsewhere()>
                    <button on:click=move |_| lab.delete_runs(vec![id()])>"Delete run"</button>
                </Show>
            </div>
            <div class="buttons">
                <label class="field inline"><span>"Number of seeds"</span>
                    <input type="number" min="2" max="50" step="1" prop:value=seeds
                        on:input=move |event| seeds.set(event_target_value(&event)) /></label>
                <button on:click=repeat_seeds>"Repeat with seeds"</button>
            </div>
        </section>
    }
}

/// What is known of a run, in a line.
fn facts(record: &RunRecord, is_live: bool) -> String {
    let mut facts = vec![record.status_text(is_live)];
    if let RunStatus::Failed(why) = &record.status {
        facts.push(why.clone());
    }
    facts.push(format!("started {}", super::begun_text(record.begun_ms)));
    facts.push(format!("{} on {}", record.config.network.title(), record.data_name));
    if !record.computed_on.is_empty() {
        let workers = record.workers;
        let together = if workers > 1 { format!(", {workers} workers") } else { String::new() };
        facts.push(format!("{}{together}", record.computed_on));
    }
    facts.push(format!("seed {}", record.config.seed));
    if record.steps > 0 {
        let (done, all) = (metrics::grouped(record.steps_done), metrics::grouped(record.steps));
        facts.push(format!("step {done} of {all}"));
    }
    if let Some(group) = &record.group {
        facts.push(format!("{}: {}", group.title, group.member));
    }
    if !record.config.changes.is_empty() {
        facts.push(format!("changed while it ran: {}", record.config.changes_text()));
    }
    if record.interruptions > 0 {
        let times = metrics::counted(record.interruptions, "time");
        let exact = if record.is_exact {
            "the result is bit-identical"
        } else {
            "the result may differ in the last digits"
        };
        facts.push(format!("interrupted {times}; {exact}"));
    }
    format!("{}.", facts.join(" · "))
}
