//! The recognized digits, each with its own bars.

use leptos::prelude::*;
use recognition::RecognizedDigit;

use crate::{lab::Lab, parts::network_input::Thumbnail};

/// If there are several digits, a button for each: its image, ten small bars, and a choice of whose bars are shown large.
#[component]
pub(crate) fn Digits() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let digits = Memo::new(move |_| lab.drawing.digits());
    let each = move |(index, digit): (usize, RecognizedDigit)| {
        let RecognizedDigit { image, prediction, .. } = digit;
        let percent = (100.0 * prediction.confidence).round() as u32;
        let doubt = if prediction.is_digit { "" } else { ", not a digit?" };
        let read = lab.models.class_name(usize::from(prediction.class));
        let name = format!("Digit {}: {read}, {percent} %{doubt}", index + 1);
        let is_selected = move || lab.drawing.selected.get() == index;
        let bar = |(digit, share): (usize, f32)| {
            let height = format!("{:.0}%", 100.0 * share.max(0.02));
            view! { <span class=format!("digit-{}", digit % 10) style:height=height></span> }
        };
        view! {
            <li>
                <button class="digit-card" class:doubt=!prediction.is_digit aria-label=name aria-pressed=move || is_selected().to_string()
                    on:click=move |_| lab.drawing.selected.set(index)>
                    <Thumbnail image=Box::new(image) label="What the network sees".to_owned() />
                    <span class="small-bars" aria-hidden="true">{prediction.probabilities.into_iter().enumerate().map(bar).collect_view()}</span>
                    <span class="read">{read}</span>
                </button>
            </li>
        }
    };
    let list = move || {
        let digits = digits.get();
        (digits.len() > 1).then(|| {
            view! { <ul class="digits" aria-label="Digits">{digits.into_iter().enumerate().map(each).collect_view()}</ul> }
        })
    };
    view! { {list} }
}
