//! Draw a digit and see it read.

use leptos::{ev, prelude::*};

use crate::{
    parts::{
        bars::{Answer, Bars},
        paper::Paper,
        seen::Seen,
    },
    session::Session,
};

/// The Draw page.
#[component]
pub(crate) fn DrawPage() -> impl IntoView {
    let session = expect_context::<Session>();
    let keys = window_event_listener(ev::keydown, move |event| match event.key().as_str() {
        "z" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            session.undo();
        }
        "Delete" => session.clear(),
        _ => {}
    });
    on_cleanup(move || keys.remove());
    let is_blank = move || session.seen.get().is_none();
    view! {
        <h1 class="visually-hidden">"Draw a digit"</h1>
        <div class="draw">
            <section class="desk" aria-label="Drawing">
                <Paper />
                <div class="buttons">
                    <button on:click=move |_| session.undo() disabled=is_blank title="Ctrl+Z">"Undo"</button>
                    <button on:click=move |_| session.clear() disabled=is_blank title="Delete">"Clear"</button>
                </div>
            </section>
            <section class="reading card" aria-label="Reading">
                <Answer />
                <Bars />
                <Seen />
            </section>
        </div>
    }
}
