//! A digit to look at, for whoever cannot or does not want to draw: one of the built-in ones, or one's own.

use leptos::prelude::*;

use crate::lab::Lab;

/// A choice of digit, and the button that shows one.
#[component]
pub(crate) fn ShowMe() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let digit = RwSignal::new(7_u8);
    let take = move |event| {
        if let Ok(chosen) = event_target_value(&event).parse() {
            digit.set(chosen);
        }
    };
    let option =
        move |one: u8| view! { <option value=one selected=move || digit.get() == one>{one}</option> };
    view! {
        <div class="show-me" hidden=move || !lab.models.reads_digits()>
            <label>"Show me a" <select aria-label="Digit to show" on:change=take>{(0..10).map(option).collect_view()}</select></label>
            <button on:click=move |_| lab.show_me(digit.get_untracked())>"Show"</button>
        </div>
    }
}
