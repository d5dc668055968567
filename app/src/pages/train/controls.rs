//! Start, pause, stop, save.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use worker_client::{Phase, RunView};

use super::can_stop;
use crate::{engine::TrainerShell, lab::Lab};

/// The buttons of a run.
#[component]
pub(crate) fn Controls() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let phase = Memo::new(move |_| lab.training.view.with(|run| run.phase.clone()));
    let busy = Memo::new(move |_| lab.training.view.with(RunView::is_busy));
    let is_primary = move || !busy.get() || phase.get() == Phase::Paused;
    let can_press =
        move || !busy.get() || matches!(phase.get(), Phase::Running | Phase::Testing { .. } | Phase::Paused);
    let stoppable = move || lab.training.view.with(can_stop);
    // One button for all three, so that keyboard focus stays on it.
    let name = move || match phase.get() {
        Phase::Paused => "Resume",
        _ if busy.get() => "Pause",
        _ => "Start training",
    };
    let press = move |_| match phase.get_untracked() {
        Phase::Paused => lab.workers.with_trainer(TrainerShell::resume),
        _ if busy.get_untracked() => lab.workers.with_trainer(TrainerShell::pause),
        _ => lab.start_training(),
    };
    let draw = move |_| {
        if let Some(log) = lab.runs.log() {
            spawn_local(async move { lab.draw_with_run(log.record().id).await });
        }
    };
    view! {
        <div class="buttons">
            <button class:primary=is_primary aria-disabled=move || (!can_press()).to_string()
                on:click=move |event| if can_press() { press(event) }>{name}</button>
            <Show when=move || busy.get()>
                <button disabled=move || !stoppable()
                    on:click=move |_| lab.workers.with_trainer(TrainerShell::stop)>"Stop"</button>
            </Show>
            <Show when=move || lab.training.can_save.get()>
                <button on:click=move |_| lab.save_trained()>"Save model"</button>
                <button on:click=draw>"Use on Draw page"</button>
            </Show>
        </div>
    }
}
