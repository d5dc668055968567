//! What a link brought: it is shown, and nothing happens before the person says so.

use experiments::{Shared, decode};
use leptos::prelude::*;
use train_config::{DataChoice, TrainConfig, differences};

use crate::{browser, lab::Lab, state::runs::RunPlan};

/// The most workers that a link may ask for.
const MAX_WORKERS: u32 = 16;

/// What the address holds, if it holds something of ours.
#[component]
pub(crate) fn SharedCard() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let found = RwSignal::new(decode(&browser::fragment()));
    Effect::new(move |before: Option<()>| {
        let fragment = lab.offers.fragment.get();
        // A link that is pasted into the address of the open page.
        if before.is_some() {
            found.set(decode(&fragment));
        }
    });
    let close = move || {
        browser::clear_fragment();
        found.set(Ok(None));
    };
    let card = move || match found.get() {
        Ok(None) => None,
        Ok(Some(shared)) => Some(view! { <Offer shared on_close=close /> }.into_any()),
        Err(error) => Some(
            view! {
                <section class="card" aria-label="Link">
                    <p class="trouble-text" role="alert">{format!("This link cannot be used. {error}")}</p>
                    <div class="buttons"><button on:click=move |_| close()>"Close"</button></div>
                </section>
            }
            .into_any(),
        ),
    };
    view! { <div>{card}</div> }
}

#[component]
fn Offer(shared: Shared, on_close: impl Fn() + Copy + 'static) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let (data, workers) = match &shared {
        Shared::Config { data, .. } | Shared::Sweep { data, .. } => (*data, browser::default_workers()),
        Shared::Run { data, workers, .. } => (*data, (*workers).clamp(1, MAX_WORKERS)),
    };
    let what = match &shared {
        Shared::Config { config, .. } => format!("Settings: {}", in_words(config)),
        Shared::Run { name, config, .. } => {
            let name: String = name.chars().take(80).collect();
            format!("Run {name}: {}", in_words(config))
        }
        Shared::Sweep { spec, .. } => match spec.trials() {
            Ok(trials) => {
                let titles: Vec<String> = trials.iter().take(4).map(|trial| trial.title.clone()).collect();
                format!("Sweep of {}: {} …", metrics::counted(trials.len() as u32, "run"), titles.join("; "))
            }
            Err(error) => format!("A sweep that cannot run. {error}"),
        },
    };
    let data_name = lab.data_name(data);
    let is_sweep = matches!(shared, Shared::Sweep { .. });
    let shared = StoredValue::new(shared);
    let take = move |_| {
        if let Shared::Config { config, .. } | Shared::Run { config, .. } = shared.get_value() {
            lab.form.take(&config, data);
            lab.notify("These settings are now on the Train page.".into(), None);
        }
        on_close();
    };
    let start = move |_| {
        let plan = |config: TrainConfig| RunPlan {
            config,
            data,
            device: lab.form.device.get_untracked(),
            workers,
            sessions: 1,
            group: None,
            is_queued: false,
        };
        match shared.get_value() {
            Shared::Config { config, .. } => lab.launch_or_queue(plan(config), "From a link".into()),
            Shared::Run { config, name, .. } => {
                lab.launch_or_queue(plan(config), format!("{name}, from a link"));
            }
            Shared::Sweep { spec, .. } => {
                if let Err(text) = lab.start_sweep(&spec, &plan(TrainConfig::default())) {
                    lab.report_trouble(text);
                }
            }
        }
        on_close();
    };
    let is_missing = move || match data {
        DataChoice::Kept(hash) => lab.data_sets.get(hash).is_none(),
        _ => false,
    };
    view! {
        <section class="card" aria-label="Link">
            <h2>"Opened from a link"</h2>
            <p>{what}</p>
            <p class="hint">{format!("Data: {data_name}. Nothing has been started yet.")}</p>
            <Show when=is_missing>
                <p class="trouble-text">"This data set is not in this browser. Import it on the Data page, or use these settings and choose another data set on the Train page."</p>
            </Show>
            <div class="buttons">
                <button class="primary" disabled=is_missing on:click=start>"Start training"</button>
                {(!is_sweep).then(|| view! { <button on:click=take>"Use its settings"</button> })}
                <button on:click=move |_| on_close()>"Close"</button>
            </div>
        </section>
    }
}

/// A configuration in a line: its network, and what differs from the usual settings.
fn in_words(config: &TrainConfig) -> String {
    let usual = TrainConfig { network: config.network.clone(), ..TrainConfig::default() };
    let all: Vec<String> = differences(&usual, config)
        .into_iter()
        .map(|difference| format!("{} {}", difference.name.to_lowercase(), difference.after))
        .collect();
    format!(
        "{}; {}",
        config.network.title(),
        if all.is_empty() { "default settings".into() } else { all.join(", ") }
    )
}
