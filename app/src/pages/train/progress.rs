//! How far a run is.

use evaluation::Score;
use leptos::prelude::*;
use leptos_router::components::A;
use protocol::train::Reload;
use train_config::StopReason;
use worker_client::{Phase, RunView};

use crate::{browser, lab::Lab, words};

/// How far the run is, what it has reached, and where it computes.
#[component]
pub(crate) fn Progress() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let run = lab.training.view;
    let percent = move || {
        run.with(|run| if run.steps == 0 { 0.0 } else { 100.0 * f64::from(run.step) / f64::from(run.steps) })
    };
    let headline = move || run.with(headline);
    let device = move || {
        run.with(|run| {
            run.device.as_ref().map(|device| {
                let checked = run.device_difference.map_or_else(String::new, |difference| {
                    format!(" Checked against the CPU: gradients differ by at most {difference:.0e} of their size.")
                });
                let together = match run.workers {
                    0 | 1 => String::new(),
                    workers => format!(", {workers} workers together"),
                };
                {
                    let why = words::device_reason(device.reason);
                    format!("{}{together}: {why}{checked}", words::backend(device.backend))
                }
            })
        })
    };
    let test = move || {
        run.with(|run| last_test(run).map(|last| format!("Test accuracy {}", last.accuracy.with_interval())))
    };
    let test_meaning = move || {
        run.with(|run| {
            let total = last_test(run)?.accuracy.total;
            Some(format!(
                "In brackets: the 95 % confidence interval, from {} test images.",
                metrics::grouped(total)
            ))
        })
    };
    // The newest figures of the parts that the network does, or does not, learn from.
    let parts = move || {
        run.with(|run| {
            let last = run.epochs.last()?;
            let text = |name: &str, score: Score| {
                format!("{name} accuracy {}, loss {:.4}", score.accuracy.with_interval(), score.loss)
            };
            let validation = last.scores.validation.map(|score| format!(" · {}", text("validation", score)));
            let test = last.scores.test.map(|score| format!(" · test loss {:.4}", score.loss));
            let train = text("Training", last.scores.train);
            Some(format!("{train}{}{}", validation.unwrap_or_default(), test.unwrap_or_default()))
        })
    };
    let reloads = move || {
        run.with(|run| {
            let text = |reload: &Reload| {
                let (expected, loaded) = (100.0 * reload.expected.share(), 100.0 * reload.loaded.share());
                format!(
                    "After epoch {} a checkpoint was saved, with weights and optimizer, and loaded into a new network: expected \
                     {expected:.2} %, loaded {loaded:.2} %. It goes on from there.",
                    reload.epoch
                )
            };
            run.reloads.iter().map(|reload| view! { <li>{text(reload)}</li> }).collect_view()
        })
    };
    let run_name = move || {
        let id = lab.runs.live.get().or_else(|| lab.runs.log().map(|log| log.record().id))?;
        let name = lab.runs.get(&id)?.name;
        let runs = format!("{}/runs", browser::base_path());
        Some(view! { "Run "<b>{name}</b>", saved on the "<A href=runs>"Runs"</A>" page." })
    };
    let failed = move || {
        run.with(|run| match &run.phase {
            Phase::Failed(failure) => Some(words::failure(failure)),
            _ => None,
        })
    };
    view! {
        <div class="bar-line">
            <div class="progressbar" role="progressbar" aria-label="Training progress" aria-valuemin="0" aria-valuemax="100"
                aria-valuenow=move || format!("{:.1}", percent()) aria-valuetext=headline>
                <span style:transform=move || format!("scaleX({:.4})", percent() / 100.0)></span>
            </div>
            <p class="headline">{headline}</p>
            <p class="hint">{run_name}</p>
        </div>
        <p class="trouble-text" role="alert">{failed}</p>
        <p class="result" role="status" aria-label="Test accuracy">{test}</p>
        <p class="hint">{test_meaning}</p>
        <p class="parts">{parts}</p>
        <ul class="reloads" aria-label="Checkpoints">{reloads}</ul>
        <p class="hint" role="status" aria-label="Device in use">{device}</p>
    }
}

/// What the run is doing, in a line.
fn headline(run: &RunView) -> String {
    let epoch = run.config.epochs.min(1 + run.epochs.len() as u32);
    let place = format!("epoch {epoch} of {}", run.config.epochs);
    match &run.phase {
        Phase::Idle => "Nothing has been trained yet.".into(),
        Phase::Preparing(preparation) => format!("{} …", words::preparation(*preparation)),
        Phase::Running => {
            let total = u64::from(run.train_images) * u64::from(run.config.epochs);
            let rate = run.rate.images_per_s();
            let left = run.rate.seconds_left(total.saturating_sub(run.images_seen));
            match (rate, left) {
                (Some(rate), Some(left)) => {
                    let rate = metrics::grouped(rate.round() as u32);
                    format!("{place} · {rate} images/s · {} left", metrics::duration_text(left))
                }
                _ => place,
            }
        }
        Phase::Testing { done, total } => {
            format!("{place} · measuring: {} of {} images", metrics::grouped(*done), metrics::grouped(*total))
        }
        Phase::Paused => format!("{place} · paused at step {} of {}", run.step, run.steps),
        Phase::Stopping => "Stopping …".into(),
        Phase::Done { reason: StopReason::Stopped } => {
            format!("Stopped at step {} of {}", run.step, run.steps)
        }
        Phase::Done { reason } => {
            let why = match reason {
                StopReason::TrainAccuracy => "; the training accuracy is reached",
                StopReason::EarlyStopping => "; the validation loss no longer falls",
                StopReason::Epochs | StopReason::Stopped => "",
            };
            let last = run.epochs.last();
            let back = last.and_then(|last| last.best_epoch).map_or_else(String::new, |best| {
                format!("; the weights are those of epoch {best}, the best")
            });
            let done = last.map_or(run.config.epochs, |last| last.epoch);
            let (epochs, steps) = (metrics::counted(done, "epoch"), metrics::counted(run.step, "step"));
            format!("Done: {epochs}, {steps}{why}{back}")
        }
        Phase::Failed(_) if run.step == 0 => "The run could not begin.".into(),
        Phase::Failed(_) => "The run ended early.".into(),
    }
}

/// The test scores so far, by epoch.
fn tests(run: &RunView) -> impl Iterator<Item = (u32, Score)> {
    run.epochs.iter().filter_map(|result| Some((result.epoch, result.scores.test?)))
}

/// The newest test score.
fn last_test(run: &RunView) -> Option<Score> {
    tests(run).last().map(|(_, score)| score)
}
