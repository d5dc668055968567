//! Ten bars and the answer.

use leptos::prelude::*;

use crate::{browser, session::Session};

/// Name of the measure from a pointer event to the bars that show it, in the browser's own timeline.
const MEASURE: &str = "ink-to-bars";

/// The most probable digit and its probability, 0 to 1.
fn best(probabilities: &[f32; 10]) -> (usize, f32) {
    let digit = (0..10).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b])).unwrap_or_default();
    (digit, probabilities[digit])
}

/// The answer in words, its first character the digit.
#[component]
pub(crate) fn Answer() -> impl IntoView {
    let session = expect_context::<Session>();
    let answer = Memo::new(move |_| {
        let (digit, share) = best(session.probabilities.get().as_ref()?);
        Some((digit, (100.0 * share).round() as u32))
    });
    view! {
        <p class="answer" role="status" aria-label="Prediction">
            {move || match answer.get() {
                Some((digit, percent)) => view! {
                    <strong>{digit}</strong>
                    <span>{format!(" {percent} %")}</span>
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
        let share = move || session.probabilities.get().map_or(0.0, |all| all[digit]);
        let is_best = move || session.probabilities.get().is_some_and(|all| best(&all).0 == digit);
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
                    {move || session.probabilities.get().map(|all| format!("{:.0} %", 100.0 * all[digit]))}
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
