//! Correcting an answer: one click or one key keeps the drawing with its right label.

use leptos::prelude::*;

use crate::lab::Lab;

/// Ten buttons that label the digit whose bars are shown.
#[component]
pub(crate) fn Correct() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let has_digit = Memo::new(move |_| lab.drawing.selected_digit().is_some());
    let button = move |digit: u8| {
        view! {
            <button aria-label=format!("It is a {digit}") title=format!("Key {digit}")
                disabled=move || !has_digit.get() on:click=move |_| lab.label_digit(digit)>{digit}</button>
        }
    };
    // Drawings are kept as digits: a model of other classes learns nothing from them.
    view! {
        <div class="correct" role="group" hidden=move || !lab.models.reads_digits() aria-label="Correct the answer">
            <span class="hint">"Wrong? The right digit is"</span>
            <div>{(0..10).map(button).collect_view()}</div>
        </div>
    }
}
