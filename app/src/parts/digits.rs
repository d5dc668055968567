//! The digits of what is read, each with its own bars.

use leptos::prelude::*;
use reading::ReadDigit;

use crate::{parts::seen::Thumbnail, session::Session};

/// One button a digit, where there are several: its image, ten small bars, and the choice of whose bars are shown large.
#[component]
pub(crate) fn Digits() -> impl IntoView {
    let session = expect_context::<Session>();
    let digits = Memo::new(move |_| session.desk.digits());
    let each = move |(place, digit): (usize, ReadDigit)| {
        let ReadDigit { image, reading, .. } = digit;
        let percent = (100.0 * reading.confidence).round() as u32;
        let doubt = if reading.is_digit { "" } else { ", not a digit?" };
        let name = format!("Digit {}: {}, {percent} %{doubt}", place + 1, reading.digit);
        let is_chosen = move || session.desk.chosen.get() == place;
        let bar = |(digit, share): (usize, f32)| {
            view! { <span style=format!("--digit: var(--digit-{digit}); height: {:.0}%", 100.0 * share.max(0.02))></span> }
        };
        view! {
            <li>
                <button class="digit-card" class:doubt=!reading.is_digit aria-label=name aria-pressed=move || is_chosen().to_string()
                    on:click=move |_| session.desk.chosen.set(place)>
                    <Thumbnail image=Box::new(image) label="What the network sees".to_owned() />
                    <span class="small-bars" aria-hidden="true">{reading.probabilities.into_iter().enumerate().map(bar).collect_view()}</span>
                    <span class="read">{reading.digit}</span>
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
