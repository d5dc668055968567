//! The curves of a run.

use std::rc::Rc;

use evaluation::{EpochScores, Score};
use leptos::prelude::*;
use metrics::{Series, moving_average};
use train_config::TrainConfig;
use worker_client::RunView;

use crate::{
    lab::Lab,
    parts::{
        plot::{LineStyle, Plot, PlotLine, Smoothed},
        term::TermButton,
    },
    words,
};

/// Steps of the moving average unless another number is chosen.
const USUAL_WINDOW: usize = 10;

const OF_STEPS: LineStyle = LineStyle { colour: 0, dash: 0 };

fn line(name: &str, style: LineStyle, points: impl Iterator<Item = (f64, f64)>) -> PlotLine {
    let (xs, raw): (Vec<f64>, Vec<f64>) = points.unzip();
    PlotLine {
        id: name.into(),
        name: name.into(),
        style,
        xs: Rc::new(xs),
        raw: Rc::new(raw),
        smooth: None,
        band: None,
        has_dots: false,
        marks: Vec::new(),
    }
}

/// A part of the data: its name, its line's look, and its score among those of an epoch.
type PartOf = (&'static str, LineStyle, fn(&EpochScores) -> Option<Score>);

const PARTS: [PartOf; 3] = [
    ("train", LineStyle { colour: 6, dash: 2 }, |scores| Some(scores.train)),
    ("validation", LineStyle { colour: 1, dash: 1 }, |scores| scores.validation),
    ("test", LineStyle { colour: 2, dash: 0 }, |scores| scores.test),
];

/// A value of every step, and what was measured after each epoch.
fn lines(
    run: &RunView,
    steps: &Series,
    factor: f64,
    window: usize,
    of_score: impl Fn(Score) -> f64,
) -> Vec<PlotLine> {
    let points = steps.points().iter().map(|point| (point.x, factor * point.y));
    let batch = line("batch", OF_STEPS, points);
    let smooth = (window > 1).then(|| Smoothed {
        what: format!("mean of {window}"),
        values: Rc::new(moving_average(&batch.raw, window)),
    });
    let mut all = vec![PlotLine { smooth, marks: changes(&run.config), ..batch }];
    let steps_per_epoch = f64::from(run.steps) / f64::from(run.config.epochs.max(1));
    for (name, style, score) in PARTS {
        let measured = run.epochs.iter().filter_map(|result| {
            let step = (f64::from(result.epoch) * steps_per_epoch).round();
            Some((step, of_score(score(&result.scores)?)))
        });
        let line = line(name, style, measured);
        if !line.xs.is_empty() {
            all.push(PlotLine { has_dots: true, ..line });
        }
    }
    all
}

/// Steps at which the run was changed while it ran.
fn changes(config: &TrainConfig) -> Vec<f64> {
    config.changes.iter().map(|change| f64::from(change.step)).collect()
}

/// The learning rate of every step so far and to come.
fn rates(config: &TrainConfig, steps: u32) -> PlotLine {
    /// No chart is wider.
    const MAX_POINTS: u32 = 1_000;
    let steps_per_epoch = steps / config.epochs.max(1);
    let shown = if steps_per_epoch == 0 { 0 } else { steps };
    let at = |step: u32| {
        let rate = config.learning_rate_at(step) * config.rate_factor(step, steps_per_epoch);
        (f64::from(step + 1), rate)
    };
    let points = (0..shown).step_by(steps.div_ceil(MAX_POINTS).max(1) as usize).map(at);
    PlotLine { marks: changes(config), ..line("learning rate", OF_STEPS, points) }
}

/// Lines that are computed once an update: a chart asks for them several times.
fn computed_once(lines: impl Fn() -> Vec<PlotLine> + 'static) -> Signal<Vec<PlotLine>, LocalStorage> {
    let computed = RwSignal::new_local(Vec::new());
    Effect::new(move |_| computed.set(lines()));
    computed.into()
}

/// Loss, accuracy and learning rate over the steps.
#[component]
pub(crate) fn Charts() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let run = lab.training.view;
    let average = RwSignal::new(USUAL_WINDOW);
    let (cursor, window) = (RwSignal::new(None), RwSignal::new(None));
    let x_name = Signal::stored("Step".to_owned());
    let x_end = Signal::derive(move || run.with(|run| f64::from(run.steps)));
    let loss = computed_once(move || {
        run.with(|run| lines(run, &run.loss, 1.0, average.get(), |score| f64::from(score.loss)))
    });
    let accuracy = computed_once(move || {
        run.with(|run| {
            lines(run, &run.accuracy, 100.0, average.get(), |score| 100.0 * score.accuracy.share())
        })
    });
    let plan = Memo::new(move |_| run.with(|run| (run.config.clone(), run.steps)));
    let rate = computed_once(move || plan.with(|(config, steps)| vec![rates(config, *steps)]));
    // Another run has other steps.
    let steps = Memo::new(move |_| run.with(|run| run.steps));
    Effect::new(move |_| {
        steps.track();
        window.set(None);
        cursor.set(None);
    });
    let typed = move |event| {
        if let Ok(steps @ 1..=10_000) = event_target_value(&event).parse() {
            average.set(steps);
        }
    };
    let has_points = Memo::new(move |_| run.with(|run| !run.loss.points().is_empty()));
    view! {
        <Show when=move || has_points.get()>
            <div class="setting window">
                <TermButton id="moving-average" text="Moving average, steps" />
                <input type="number" aria-label="Moving average, steps" min="1" max="10000" step="1" prop:value=move || average.get().to_string() on:change=typed />
            </div>
            <div class="charts">
                <Plot name="Loss" unit="cross-entropy, nats" x_name lines=loss text=|value| format!("{value:.4}") cursor window has_log=true x_end />
                <Plot name="Accuracy" unit="%" x_name lines=accuracy text=|value| format!("{value:.2} %") cursor window x_end />
                <Plot name="Learning rate" unit="per step" x_name lines=rate text=words::learning_rate cursor window has_log=true x_end />
            </div>
        </Show>
    }
}
