//! Configure a run, build its network, and watch it learn.

mod advice;
mod charts;
mod controls;
mod data;
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
    pages::evaluate::{run::just_trained, submission::Submission},
    session::Session,
};
use advice::AdviceNote;
use charts::Charts;
use controls::Controls;
use data::Data;
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
    let session = expect_context::<Session>();
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" && session.run.with_untracked(can_stop) {
            session.with_trainer(TrainerShell::stop);
        }
    });
    on_cleanup(move || keys.remove());
    let can_answer = move || session.run.with(|run| !run.is_busy() && !run.epochs.is_empty());
    let busy = Memo::new(move |_| session.run.with(RunView::is_busy));
    let has_changes = move || !session.form.changes_text().is_empty();
    view! {
        <h1 class="visually-hidden">"Train a network"</h1>
        <div class="train">
            <section class="card setup" aria-label="Configuration">
                <fieldset disabled=busy>
                    <legend class="visually-hidden">"Experiment"</legend>
                    <Preset />
                </fieldset>
                // However many fields there are, training can be started and stopped.
                <Controls />
                <Show when=has_changes>
                    <p class="hint">{move || format!("As in the run that it was taken from: {}. ", session.form.changes_text())}
                        <button type="button" on:click=move |_| session.form.forget_changes()>"Forget these changes"</button></p>
                </Show>
                <fieldset disabled=busy>
                    <legend class="visually-hidden">"Configuration"</legend>
                    <Data />
                    <NetworkBuilder />
                    <Settings />
                </fieldset>
            </section>
            <div class="watch">
                <section class="card progress" aria-label="Run">
                    <Progress />
                    <Steer />
                    <AdviceNote />
                    <Charts />
                    <Figures />
                    <Show when=can_answer>{move || view! { <Submission choice=session.form.data.get() answerer=just_trained /> }}</Show>
                </section>
                <Experiments />
            </div>
        </div>
    }
}

fn can_stop(run: &RunView) -> bool {
    run.is_busy() && run.phase != Phase::Stopping
}
