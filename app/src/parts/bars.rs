//! Ten bars and the answer.

use leptos::prelude::*;

use crate::{browser, session::Session};

/// Name of the measure from a pointer event to the bars that show it, in the browser's own timeline.
const MEASURE: &str = "ink-to-bars";

/// The answer in words, its first character the digit; where it is none, a question and what it looks most like.
#[component]
pub(crate) fn Answer() -> impl IntoView {
    let session = expect_context::<Session>();
    let answer = Memo::new(move |_| {
        let reading = session.reading.get()?;
        Some((reading.digit, (100.0 * reading.confidence).round() as u32, reading.is_digit))
    });
    view! {
        <p class="answer" role="status" aria-label="Prediction">
            {move || match answer.get() {
                Some((digit, percent, true)) => view! {
                    <strong>{digit}</strong>
                    <span>{format!(" {percent} %")}</span>
                }.into_any(),
                Some((digit, percent, false)) => view! {
                    <strong class="doubt">"Not a digit?"</strong>
                    <span>{format!(" Most like {digit}, {percent} %")}</span>
                }.into_any(),
                None => view! { <span class="quiet">"Draw a digit"</span> }.into_any(),
            }}
        </p>
    }
}

/// The probabilities of the ten digits.
#[component]
pub(crate) fn Bars() -> impl IntoView {
    let session = expect_context::<Session>();
    let bar = move |digit: usize| {
        let share = move || session.reading.get().map_or(0.0, |reading| reading.probabilities[digit]);
        let is_best =
            move || session.reading.get().is_some_and(|reading| usize::from(reading.digit) == digit);
        view! {
            <li class="bar" class:best=is_best>
                <span class="digit" aria-hidden="true">{digit}</span>
                <span
                    class="track"
                    role="meter"
                    aria-label=format!("Probability of {digit}")
                    aria-valuemin="0"
                    aria-valuemax="100"
                    aria-valuenow=move || format!("{:.1}", 100.0 * share())
                >
                    <span class="fill" style=format!("--digit: var(--digit-{digit})")
                        style:transform=move || format!("scaleX({:.4})", share())></span>
                </span>
                <span class="percent" aria-hidden="true">
                    {move || session.reading.get().map(|reading| format!("{:.0} %", 100.0 * reading.probabilities[digit]))}
                </span>
            </li>
        }
    };
    view! { <ol class="bars" aria-label="Probabilities">{(0..10).map(bar).collect_view()}</ol> }
}

/// Notes, once the bars have moved, how long after its pointer event they did.
///
/// Bars are updated by effects, which run before this task: it is queued behind them.
pub(crate) fn measure_when_shown(event_ms: f64) {
    wasm_bindgen_futures::spawn_local(async move {
        leptos::task::tick().await;
        browser::measure(MEASURE, event_ms);
    });
}
