//! What is wrong with the run, and the click that changes it.

use leptos::prelude::*;
use protocol::JobError;
use run_advice::{Observed, Step, advice};
use worker_client::{Failure, Phase, RunView};

use crate::{engine::TrainerShell, lab::Lab};

/// Says what is wrong with the run, as soon as it shows.
#[component]
pub(crate) fn AdviceNote() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let found = Memo::new(move |_| lab.training.view.with(found));
    let note = move || {
        found.get().map(|advice| {
            let change = advice.change.map(|change| {
                let title = change.title.clone();
                let take = move |_| {
                    if lab.training.view.with_untracked(RunView::is_busy) {
                        lab.workers.with_trainer(TrainerShell::stop);
                    }
                    lab.form.set_config(&change.config);
                    let text = "Done. Start training again to see what it does. The run so far is saved on the Runs page.";
                    lab.notify(text.into(), None);
                };
                view! { <button type="button" on:click=take>{title}</button> }
            });
            view! {
                <div class="advice">
                    <p><b>{advice.what}</b>" "{advice.why}</p>
                    {change}
                </div>
            }
        })
    };
    view! { <div role="status" aria-label="Advice">{note}</div> }
}

fn found(run: &RunView) -> Option<run_advice::Advice> {
    let has_diverged = matches!(run.phase, Phase::Failed(Failure::Job(JobError::Diverged { .. })));
    let pairs = run.loss.points().iter().zip(run.accuracy.points());
    let steps: Vec<Step> =
        pairs.map(|(loss, accuracy)| Step { loss: loss.y, accuracy: accuracy.y }).collect();
    let epochs: Vec<_> = run.epochs.iter().map(|result| result.scores).collect();
    advice(Observed { config: &run.config, steps: &steps, epochs: &epochs, has_diverged })
}
