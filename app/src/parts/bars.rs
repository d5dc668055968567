//! Ten bars and the answer.

use leptos::prelude::*;

use crate::{browser, lab::Lab};

/// The measure, in the browser's timeline, from a pointer event to the bars that show it.
const MEASURE: &str = "ink-to-bars";

/// What was recognized, in words.
#[derive(Clone, PartialEq)]
struct InWords {
    /// Digits, with spaces between numbers.
    text: String,
    /// The probability that all of it is right, in percent.
    percent: u32,
    /// Whether anything in it looks like a digit.
    is_digit: bool,
}

/// The answer in words, starting with the first digit. If nothing looks like a digit, a question and the best guess.
#[component]
pub(crate) fn Answer() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let answer = Memo::new(move |_| {
        lab.drawing.numbers.with(|numbers| {
            let all = || numbers.iter().flatten().map(|digit| &digit.prediction);
            let word = |number: &recognition::RecognizedNumber| -> String {
                number
                    .iter()
                    .map(|digit| lab.models.class_name(usize::from(digit.prediction.class)))
                    .collect()
            };
            let words: Vec<String> = numbers.iter().map(word).collect();
            (!words.is_empty()).then(|| InWords {
                text: words.join(" "),
                percent: (100.0 * all().map(|prediction| prediction.confidence).product::<f32>()).round()
                    as u32,
                is_digit: all().any(|prediction| prediction.is_digit),
            })
        })
    });
    let has_ink = lab.drawing.has_ink;
    let has_picture = Memo::new(move |_| lab.drawing.picture.with(Option::is_some));
    view! {
        // It changes with every move of the pen; `Announcements` speaks once the pen rests.
        <p class="answer" role="status" aria-live="off" aria-label="Prediction">
            {move || match answer.get() {
                Some(InWords { text, percent, is_digit: true }) => view! {
                    <strong class:several={text.len() > 1} class:long={text.len() > 6}>{text.clone()}</strong>
                    <span>{format!(" {percent} %")}</span>
                }.into_any(),
                Some(InWords { text, percent, is_digit: false }) => view! {
                    <strong class="doubt">"Not a digit?"</strong>
                    <span>{format!(" Most like {text}, {percent} %")}</span>
                }.into_any(),
                None if has_ink.get() && lab.drawing.is_unreadable.get() => {
                    view! { <span class="quiet">"Too much or too little ink for digits"</span> }.into_any()
                }
                None if has_ink.get() => view! { <span class="quiet">"…"</span> }.into_any(),
                None if has_picture.get() => {
                    view! { <span class="quiet">"No ink was found: invert it?"</span> }.into_any()
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
    view! { <ol class="bars" aria-label="Probabilities">{move || (0..count.get()).map(bar).collect_view()}</ol> }
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
