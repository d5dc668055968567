//! The page's one live region: what was read, once the pen rests, and what a run has reached, at the end of its epochs.

use leptos::prelude::*;
use worker_client::{Phase, RunView};

use crate::{browser, lab::Lab};

/// Time without a change before what was read is spoken.
const REST_MS: u32 = 700;

/// Least time between two sentences about epochs.
const EPOCH_MS: f64 = 5_000.0;

/// Speaks; nothing is seen.
#[component]
pub(crate) fn Announcements() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let newest = StoredValue::new(0_u32);
    Effect::new(move |before: Option<u32>| {
        lab.drawing.numbers.track();
        let change = before.map_or(0, |before| before + 1);
        newest.set_value(change);
        if change > 0 {
            // Nothing is put into words while the pen moves.
            wasm_bindgen_futures::spawn_local(async move {
                browser::sleep(REST_MS).await;
                if newest.try_get_value() == Some(change) {
                    lab.announcer.say(untrack(|| in_words(&lab)));
                }
            });
        }
        change
    });
    let said_ms = StoredValue::new(0.0);
    let run = Memo::new(move |_| lab.training.view.with(run_in_words));
    Effect::new(move |before: Option<Option<String>>| {
        let now = run.get();
        if let (Some(_), Some(text)) = (before, &now) {
            // Epochs of a small network end many times a second.
            if !text.starts_with("Epoch") || browser::now_ms() - said_ms.get_value() > EPOCH_MS {
                said_ms.set_value(browser::now_ms());
                lab.announcer.say(text.clone());
            }
        }
        now
    });
    view! { <p class="visually-hidden" role="status" aria-label="Announcements">{lab.announcer.text}</p> }
}

/// What is read on the paper: `Looks like 7, 98 percent; next 1, 1 percent`.
fn in_words(lab: &Lab) -> String {
    let digits = lab.drawing.digits();
    match &digits[..] {
        [] => String::new(),
        [digit] => {
            let prediction = &digit.prediction;
            let percent = |class: usize| (100.0 * prediction.probability(class)).round();
            let best = usize::from(prediction.class);
            let others = (0..prediction.probabilities.len()).filter(|&class| class != best);
            let next = others
                .max_by(|&one, &other| prediction.probability(one).total_cmp(&prediction.probability(other)));
            let doubt = if prediction.is_digit { "Looks like" } else { "Perhaps not a digit; most like" };
            let next = next.map_or_else(String::new, |next| {
                format!("; next {}, {} percent", lab.models.class_name(next), percent(next))
            });
            format!("{doubt} {}, {} percent{next}", lab.models.class_name(best), percent(best))
        }
        several => {
            let text: String = several
                .iter()
                .map(|digit| lab.models.class_name(usize::from(digit.prediction.class)))
                .collect();
            format!("Reads {text}")
        }
    }
}

/// How far a run is, in a sentence that changes with its epochs and its phase alone.
fn run_in_words(run: &RunView) -> Option<String> {
    let accuracy = run.epochs.last().map_or_else(String::new, |last| {
        let scores = &last.scores;
        let (part, score) = match (scores.test, scores.validation) {
            (Some(test), _) if !run.is_busy() => ("test", test),
            (_, Some(validation)) => ("validation", validation),
            (Some(test), None) => ("test", test),
            (None, None) => ("training", scores.train),
        };
        format!(", {:.1} percent of the {part} images right", 100.0 * score.accuracy.share())
    });
    match &run.phase {
        Phase::Running => {
            let done = run.epochs.last().map_or(0, |last| last.epoch);
            Some(if done == 0 { "Training has begun".into() } else { format!("Epoch {done} done{accuracy}") })
        }
        Phase::Paused => Some("Training is paused".into()),
        _ if run.is_busy() || run.steps == 0 => None,
        _ => Some(format!("Training has ended{accuracy}")),
    }
}
