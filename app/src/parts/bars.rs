//! Ten bars and the answer.

use leptos::prelude::*;
use recognition::InWords;

use crate::{browser, lab::Lab};

/// The measure, in the browser's timeline, from a pointer event to the bars that show it.
const MEASURE: &str = "ink-to-bars";

/// The answer in words, starting with the first digit. If nothing looks like a digit, a question and the best guess.
#[component]
pub(crate) fn Answer() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let answer = Memo::new(move |_| {
        lab.drawing.numbers.with(|numbers| InWords::of(numbers, |class| lab.models.class_name(class)))
    });
    let has_ink = lab.drawing.has_ink;
    let has_picture = Memo::new(move |_| lab.drawing.picture.with(Option::is_some));
    view! {
        // It changes with every move of the pen; `Announcements` speaks once the pen rests.
        <p class="answer" role="status" aria-live="off" aria-label="Prediction">
            {move || match answer.get() {
                Some(words) => view! {
                    <strong class=words.heading_class()>{words.heading().to_owned()}</strong>
                    <span>{words.rest()}</span>
                }.into_any(),
                None if has_ink.get() && lab.drawing.is_unreadable.get() => {
                    view! { <span class="quiet">"Too much or too little ink for digits"</span> }.into_any()
                }
                None if has_ink.get() => view! { <span class="quiet">"…"</span> }.into_any(),
                None if has_picture.get() => {
                    view! { <span class="quiet">"No ink was found: invert it?"</span> }.into_any()
                }
                None if !lab.models.reads_digits() => {
                    view! { <span class="quiet">"Draw what this model can read"</span> }.into_any()
                }
                None => view! { <span class="quiet">"Draw a digit or a number"</span> }.into_any(),
            }}
        </p>
    }
}

/// The probabilities of all classes.
#[component]
pub(crate) fn Bars() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let prediction = Memo::new(move |_| lab.drawing.selected_prediction());
    let count = Memo::new(move |_| {
        lab.models.active.with(|model| model.as_ref().map_or(10, |model| model.card.network.classes()))
    });
    let bar = move |digit: usize| {
        let name = lab.models.class_name(digit);
        let probability = move || {
            prediction.with(|prediction| prediction.as_ref().map(|prediction| prediction.probability(digit)))
        };
        let share = move || probability().unwrap_or(0.0);
        let is_best = move || {
            prediction.with(|prediction| {
                prediction.as_ref().is_some_and(|prediction| usize::from(prediction.class) == digit)
            })
        };
        view! {
            <li class="bar" class:best=is_best>
                <span class="digit" aria-hidden="true">{name.clone()}</span>
                <span
                    class="track"
                    role="meter"
                    aria-label=format!("Probability of {name}")
                    aria-valuemin="0"
                    aria-valuemax="100"
                    aria-valuenow=move || format!("{:.1}", 100.0 * share())
                >
                    <span class=format!("fill digit-{}", digit % 10)
                        style:transform=move || format!("scaleX({:.4})", share())></span>
                </span>
                <span class="percent" aria-hidden="true">
                    {move || probability().map(|probability| format!("{:.0} %", 100.0 * probability))}
                </span>
            </li>
        }
    };
    view! { <ol class="bars" class:named=move || !lab.models.reads_digits() aria-label="Probabilities">{move || (0..count.get()).map(bar).collect_view()}</ol> }
}

/// Records how long after the pointer event the bars have moved.
///
/// Effects update the bars. This task is queued behind them.
pub(crate) fn measure_when_shown(event_ms: f64) {
    wasm_bindgen_futures::spawn_local(async move {
        leptos::task::tick().await;
        browser::measure(MEASURE, event_ms);
    });
}
