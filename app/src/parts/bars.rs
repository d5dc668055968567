//! Ten bars and the answer.

use leptos::prelude::*;

use crate::{browser, session::Session};

/// Name of the measure from a pointer event to the bars that show it, in the browser's own timeline.
const MEASURE: &str = "ink-to-bars";

/// What is read, in words.
#[derive(Clone, PartialEq)]
struct InWords {
    /// Digits, numbers apart by spaces.
    text: String,
    /// Probability that all of it is right, in hundredths.
    percent: u32,
    /// Whether there is anything in it that is taken for a digit.
    is_digit: bool,
}

/// The answer in words, its first character the first digit; where there is none, a question and what it looks most like.
#[component]
pub(crate) fn Answer() -> impl IntoView {
    let session = expect_context::<Session>();
    let answer = Memo::new(move |_| {
        session.desk.numbers.with(|numbers| {
            let all = || numbers.iter().flatten().map(|digit| &digit.reading);
            let word = |number: &reading::ReadNumber| -> String {
                number.iter().map(|digit| char::from(b'0' + digit.reading.digit)).collect()
            };
            let words: Vec<String> = numbers.iter().map(word).collect();
            (!words.is_empty()).then(|| InWords {
                text: words.join(" "),
                percent: (100.0 * all().map(|reading| reading.confidence).product::<f32>()).round() as u32,
                is_digit: all().any(|reading| reading.is_digit),
            })
        })
    });
    let has_ink = session.desk.has_ink;
    let has_picture = Memo::new(move |_| session.desk.shot.with(Option::is_some));
    view! {
        <p class="answer" role="status" aria-label="Prediction">
            {move || match answer.get() {
                Some(InWords { text, percent, is_digit: true }) => view! {
                    <strong class:several={text.len() > 1} class:long={text.len() > 6}>{text.clone()}</strong>
                    <span>{format!(" {percent} %")}</span>
                }.into_any(),
                Some(InWords { text, percent, is_digit: false }) => view! {
                    <strong class="doubt">"Not a digit?"</strong>
                    <span>{format!(" Most like {text}, {percent} %")}</span>
                }.into_any(),
                None if has_ink.get() && session.desk.is_unreadable.get() => {
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

/// The probabilities of the ten digits.
#[component]
pub(crate) fn Bars() -> impl IntoView {
    let session = expect_context::<Session>();
    let reading = Memo::new(move |_| session.desk.chosen_reading());
    let bar = move |digit: usize| {
        let share =
            move || reading.with(|reading| reading.map_or(0.0, |reading| reading.probabilities[digit]));
        let is_best = move || {
            reading.with(|reading| reading.is_some_and(|reading| usize::from(reading.digit) == digit))
        };
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
                    {move || reading.get().map(|reading| format!("{:.0} %", 100.0 * reading.probabilities[digit]))}
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
