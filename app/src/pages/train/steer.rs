//! What can be changed while a run is under way, and drawing with it meanwhile.

use leptos::prelude::*;
use model_spec::LayerSpec;
use train_config::{Augmentation, LiveChange};
use worker_client::{Phase, RunView};

use crate::lab::Lab;

/// Changes of the run under way; nothing where none is.
#[component]
pub(crate) fn Steer() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let can_change = Memo::new(move |_| {
        lab.training.view.with(|run| {
            run.steps > 0 && matches!(run.phase, Phase::Running | Phase::Testing { .. } | Phase::Paused)
        })
    });
    let has_dropout = Memo::new(move |_| {
        lab.training.view.with(|run| {
            run.config.network.draft().layers.iter().any(|layer| matches!(layer, LayerSpec::Dropout(_)))
        })
    });
    // Not written back to the fields: while "0." is typed, a field's value is empty.
    let (rate, dropout) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let error = RwSignal::new(String::new());
    let change = move |change: LiveChange| {
        error.set(lab.change_run(change).err().unwrap_or_default());
    };
    let number = move |text: RwSignal<String>, name: &str| {
        let typed = text.get_untracked();
        let parsed = typed.trim().parse::<f64>().ok();
        if parsed.is_none() {
            error.set(format!("{name}: \"{typed}\" is not a number. Enter one such as 0.001."));
        }
        parsed
    };
    let set_rate = move |_| {
        if let Some(value) = number(rate, "Learning rate") {
            change(LiveChange { learning_rate: Some(value), ..LiveChange::default() });
        }
    };
    let set_dropout = move |_| {
        if let Some(value) = number(dropout, "Dropout") {
            change(LiveChange { dropout: Some(value), ..LiveChange::default() });
        }
    };
    let augment = move |augmentation| {
        move |_| change(LiveChange { augmentation: Some(augmentation), ..LiveChange::default() })
    };
    let changed = move || {
        lab.training.view.with(|run| {
            (!run.config.changes.is_empty()).then(|| format!("Changed {}.", run.config.changes_text()))
        })
    };
    let busy = Memo::new(move |_| lab.training.view.with(RunView::is_busy));
    view! {
        <Show when=move || busy.get()>
            <label class="check">
                <input type="checkbox" prop:checked=lab.training.follows
                    on:change=move |event| lab.training.follows.set(event_target_checked(&event)) />
                "Use on Draw page while it trains"
            </label>
        </Show>
        <Show when=move || can_change.get()>
            <details class="more steer">
                <summary>"Change settings during the run"</summary>
                <div class="settings">
                    <div class="setting inline">
                        <input type="number" aria-label="New learning rate" placeholder="learning rate" step="any" min="0"
                            on:input=move |event| rate.set(event_target_value(&event)) />
                        <button type="button" on:click=set_rate>"Set learning rate"</button>
                    </div>
                    <Show when=move || has_dropout.get()>
                        <div class="setting inline">
                            <input type="number" aria-label="New dropout" placeholder="0 to 0.95" step="any" min="0" max="0.95"
                                on:input=move |event| dropout.set(event_target_value(&event)) />
                            <button type="button" on:click=set_dropout>"Set dropout"</button>
                        </div>
                    </Show>
                    <div class="buttons">
                        <button type="button" on:click=augment(Augmentation::USUAL)>"Turn augmentation on"</button>
                        <button type="button" on:click=augment(Augmentation::NONE)>"Turn augmentation off"</button>
                    </div>
                </div>
                <p class="trouble-text" role="alert">{error}</p>
            </details>
        </Show>
        <p class="hint" role="status" aria-label="Changes">{changed}</p>
    }
}
