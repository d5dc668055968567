//! Saying what a digit is: one click or one key keeps it for "Learn my hand".

use leptos::prelude::*;

use crate::session::Session;

/// Ten buttons for the digit whose bars are shown.
#[component]
pub(crate) fn Teach() -> impl IntoView {
    let session = expect_context::<Session>();
    let has_digit = Memo::new(move |_| session.desk.chosen_reading().is_some());
    let button = move |digit: u8| {
        view! {
            <button aria-label=format!("It is a {digit}") title=format!("Key {digit}")
                disabled=move || !has_digit.get() on:click=move |_| session.collect(digit)>{digit}</button>
        }
    };
    view! {
        <div class="teach" role="group" aria-label="Teach">
            <span class="hint">"Wrong, or worth keeping? It is a"</span>
            <div>{(0..10).map(button).collect_view()}</div>
        </div>
    }
}
