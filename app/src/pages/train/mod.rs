//! Configure a run, build its network, and watch it learn.

mod advice;
mod charts;
mod controls;
mod data;
mod earlier;
mod experiments;
mod figures;
mod network;
mod preset;
mod progress;
mod settings;
mod steer;

use leptos::prelude::*;
use worker_client::{Phase, RunView};

use crate::{
    engine::TrainerShell,
    lab::Lab,
    pages::evaluate::{run::just_trained, submission::Submission},
    parts::in_turn::InTurn,
};
use advice::AdviceNote;
use charts::Charts;
use controls::Controls;
use data::Data;
use earlier::{EarlierRuns, otherwise};
use experiments::Experiments;
use figures::Figures;
use network::NetworkBuilder;
use preset::Preset;
use progress::Progress;
use settings::Settings;
use steer::Steer;

/// The Train page.
#[component]
pub(crate) fn TrainPage() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" && lab.training.view.with_untracked(can_stop) {
            lab.workers.with_trainer(TrainerShell::stop);
        }
    });
    on_cleanup(move || keys.remove());
    let can_answer = move || lab.training.view.with(|run| !run.is_busy() && !run.epochs.is_empty());
    let busy = Memo::new(move |_| lab.training.view.with(RunView::is_busy));
    // A run of the queue, or from a link, has settings of its own.
    let other = Memo::new(move |_| {
        let run = lab.training.view.with(|run| RunView::is_busy(run).then(|| run.config.clone()))?;
        let differs = otherwise(&lab.form.read_config().ok()?, &run);
        (differs != "nothing")
            .then(|| format!("The run in progress has other settings than these: {differs}."))
    });
    Effect::new(move |_| {
        lab.form.preset.track();
        lab.fit_network();
    });
    let has_changes = move || !lab.form.changes_text().is_empty();
    view! {
        <h1 class="visually-hidden">"Train a network"</h1>
        <div class="train">
            <section class="card setup" aria-label="Configuration">
                <InTurn>
                    <fieldset disabled=busy>
                        <legend class="visually-hidden">"Experiment"</legend>
                        <Preset />
                    </fieldset>
                    // However many fields there are, training can be started and stopped.
                    <Controls />
                    {move || other.get().map(|text| view! { <p class="hint">{text}</p> })}
                    <Show when=has_changes>
                        <p class="hint">{move || format!("These settings include changes made during the original run: {}. ", lab.form.changes_text())}
                            <button type="button" on:click=move |_| lab.form.forget_changes()>"Discard these changes"</button></p>
                    </Show>
                </InTurn>
                <fieldset disabled=busy>
                    <legend class="visually-hidden">"Configuration"</legend>
                    <InTurn><Data /></InTurn>
                    <InTurn><NetworkBuilder /></InTurn>
                    <InTurn><Settings /></InTurn>
                </fieldset>
            </section>
            <div class="watch">
                <section class="card progress" aria-label="Run">
                    <InTurn>
                        <Progress />
                        <Steer />
                        <AdviceNote />
                    </InTurn>
                    <InTurn><Charts /></InTurn>
                    <InTurn>
                        <Figures />
                        <Show when=can_answer>{move || view! { <Submission choice=lab.form.data.get() answerer=just_trained /> }}</Show>
                    </InTurn>
                </section>
                <InTurn><EarlierRuns /></InTurn>
                <InTurn><Experiments /></InTurn>
            </div>
        </div>
    }
}

fn can_stop(run: &RunView) -> bool {
    run.is_busy() && run.phase != Phase::Stopping
}
