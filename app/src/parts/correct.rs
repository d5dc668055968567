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
    let reads_digits = Memo::new(move |_| {
        lab.models.active.with(|model| model.as_ref().is_none_or(|model| model.card.class_names.is_empty()))
    });
    view! {
        <div class="correct" role="group" hidden=move || !reads_digits.get() aria-label="Correct the answer">
            <span class="hint">"Wrong? The right digit is"</span>
            <div>{(0..10).map(button).collect_view()}</div>
        </div>
    }
}
