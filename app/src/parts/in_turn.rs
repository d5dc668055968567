//! A part of a page that is built in a task of its own while the page starts.

use leptos::prelude::*;

use crate::lab::Lab;

/// Builds its children at once, or, while the page starts, when it is their turn.
#[component]
pub(crate) fn InTurn(children: Children) -> impl IntoView {
    let Some(is_turn) = expect_context::<Lab>().turns.wait() else {
        return children().into_any();
    };
    let mut children = Some(children);
    (move || is_turn.get().then(|| children.take().map(|children| children()))).into_any()
}
