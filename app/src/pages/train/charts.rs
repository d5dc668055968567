//! The curves of a run.

use evaluation::{EpochScores, Score};
use leptos::prelude::*;
use metrics::Series;
use train_config::TrainConfig;
use worker_client::RunView;

use crate::{
    lab::Lab,
    parts::{
        chart::{Chart, Line},
        term::TermButton,
    },
    words,
};

/// Steps of the moving average unless another number is chosen.
const USUAL_WINDOW: usize = 10;

fn line(name: impl Into<String>, class: &'static str, series: Series) -> Line {
    Line { name: name.into(), class, series, has_dots: false }
}

/// What was measured after each epoch, over the steps.
fn by_epoch(run: &RunView, value: impl Fn(&EpochScores) -> Option<f64>) -> Series {
    let mut series = Series::default();
    let steps_per_epoch = f64::from(run.steps) / f64::from(run.config.epochs.max(1));
    for result in &run.epochs {
        if let Some(value) = value(&result.scores) {
            series.push((f64::from(result.epoch) * steps_per_epoch).round(), value);
        }
    }
    series
}

/// A part of the data: its name, its line's class, and its score among those of an epoch.
type PartOf = (&'static str, &'static str, fn(&EpochScores) -> Option<Score>);

const PARTS: [PartOf; 3] = [
    ("train", "train-line", |scores| Some(scores.train)),
    ("validation", "validation-line", |scores| scores.validation),
    ("test", "test-line", |scores| scores.test),
];

fn lines(run: &RunView, steps: &Series, window: usize, of_score: impl Fn(Score) -> f64) -> Vec<Line> {
    let mut all = vec![line("batch", "raw", steps.clone())];
    if window > 1 {
        all.push(line(format!("mean of {window}"), "smooth", steps.moving_average(window)));
    }
    for (name, class, score) in PARTS {
        let series = by_epoch(run, |scores| score(scores).map(&of_score));
        if !series.points().is_empty() {
            all.push(Line { has_dots: true, ..line(name, class, series) });
        }
    }
    all
}

fn percent(series: &Series) -> Series {
    let mut percent = Series::default();
    series.points().iter().for_each(|point| percent.push(point.x, 100.0 * point.y));
    percent
}

/// The learning rate of every step so far and to come.
fn rates(config: &TrainConfig, steps: u32) -> Series {
    /// No chart is wider.
    const MAX_POINTS: u32 = 1_000;
    let mut series = Series::default();
    let steps_per_epoch = steps / config.epochs.max(1);
    if steps_per_epoch == 0 {
        return series;
    }
    for step in (0..steps).step_by(steps.div_ceil(MAX_POINTS) as usize) {
        series.push(
            f64::from(step + 1),
            config.learning_rate_at(step) * config.rate_factor(step, steps_per_epoch),
        );
    }
    series
}

/// Loss, accuracy and learning rate over the steps.
#[component]
pub(crate) fn Charts() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let run = lab.training.view;
    let window = RwSignal::new(USUAL_WINDOW);
    let cursor = RwSignal::new(None);
    let x_max = Memo::new(move |_| run.with(|run| f64::from(run.steps.max(1))));
    let x_max = Signal::derive(move || x_max.get());
    // Computed once an update: a chart asks for its lines several times.
    let loss = Memo::new(move |_| {
        run.with(|run| lines(run, &run.loss, window.get(), |score| f64::from(score.loss)))
    });
    let accuracy = Memo::new(move |_| {
        let shares = run.with(|run| percent(&run.accuracy));
        run.with(|run| lines(run, &shares, window.get(), |score| 100.0 * score.accuracy.share()))
    });
    let marks = Memo::new(move |_| {
        let step = |change: &train_config::LiveChange| f64::from(change.step);
        lab.training.view.with(|run| run.config.changes.iter().map(step).collect::<Vec<_>>())
    });
    let marks = Signal::from(marks);
    let plan = Memo::new(move |_| run.with(|run| (run.config.clone(), run.steps)));
    let rate = Memo::new(move |_| {
        let series = plan.with(|(config, steps)| rates(config, *steps));
        vec![line("learning rate", "smooth", series)]
    });
    let typed = move |event| {
        if let Ok(steps @ 1..=10_000) = event_target_value(&event).parse() {
            window.set(steps);
        }
    };
    let has_points = Memo::new(move |_| run.with(|run| !run.loss.points().is_empty()));
    view! {
        <Show when=move || has_points.get()>
            <div class="setting window">
                <TermButton id="moving-average" text="Moving average, steps" />
                <input type="number" aria-label="Moving average, steps" min="1" max="10000" step="1" prop:value=move || window.get().to_string() on:change=typed />
            </div>
            <div class="charts">
                <Chart name="Loss" unit="cross-entropy, nats" lines=Signal::from(loss) x_max marks text=|value| format!("{value:.4}") cursor has_log=true />
                <Chart name="Accuracy" unit="%" lines=Signal::from(accuracy) x_max marks text=|value| format!("{value:.2} %") cursor />
                <Chart name="Learning rate" unit="a step" lines=Signal::from(rate) x_max marks text=words::learning_rate cursor has_log=true />
            </div>
        </Show>
    }
}
