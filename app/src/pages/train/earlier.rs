//! The newest runs beside the one that the form describes: what each did otherwise, and what it reached.

use experiments::RunRecord;
use leptos::prelude::*;
use leptos_router::components::A;
use train_config::{TrainConfig, differences};

use crate::{browser, lab::Lab, pages::runs::lines::style, parts::plot::swatch::Swatch, words};

/// Runs that are listed.
const SHOWN: usize = 5;
/// Settings that are named for each.
const NAMED: usize = 3;

/// The list; nothing where no run is kept.
#[component]
pub(super) fn EarlierRuns() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let config = Memo::new(move |_| lab.form.read_config().ok());
    let rows = move || {
        let config = config.get();
        let row = |record: &RunRecord| {
            let otherwise =
                config.as_ref().map_or_else(String::new, |config| otherwise(config, &record.config));
            let reached = words::share_in_percent(record.deciding_accuracy());
            view! {
                <tr><th scope="row"><Swatch style=style(record) />" "{record.name.clone()}</th><td>{reached}</td><td>{otherwise}</td></tr>
            }
        };
        lab.runs
            .records
            .with(|all| all.iter().filter(|record| !record.is_hidden).take(SHOWN).map(row).collect_view())
    };
    let is_empty = Memo::new(move |_| lab.runs.records.with(Vec::is_empty));
    view! {
        <Show when=move || !is_empty.get()>
            <section class="card earlier" aria-label="Recent runs">
                <div class="heading"><h2>"Recent runs"</h2>
                    <A href=format!("{}/runs", browser::base_path())>"Compare them"</A></div>
                <div class="scroll" tabindex="0" role="region" aria-label="Recent runs, table"><table aria-label="Recent runs">
                    <thead><tr><th scope="col">"Run"</th><th scope="col">"Accuracy (validation, or else test)"</th><th scope="col">"Differences from these settings"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            </section>
        </Show>
    }
}

/// In what a run differs from the form, for people; `nothing` where in nothing.
pub(super) fn otherwise(form: &TrainConfig, run: &TrainConfig) -> String {
    let run = TrainConfig { test_every_epoch: form.test_every_epoch, ..run.clone() };
    let all = differences(form, &run);
    let mut named: Vec<String> = all
        .iter()
        .take(NAMED)
        .map(|one| match one.name {
            "Network" => one.after.clone(),
            name => {
                format!("{}: {}", name.to_lowercase(), if one.after.is_empty() { "-" } else { &one.after })
            }
        })
        .collect();
    match all.len() {
        0 => "nothing".into(),
        count if count > NAMED => {
            named.push(format!("{} more", count - NAMED));
            named.join(", ")
        }
        _ => named.join(", "),
    }
}
