//! Messages to the user, until they are dismissed.

use leptos::prelude::*;

use crate::session::{Notice, Session};

/// The notices, newest last.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    let session = expect_context::<Session>();
    let dismiss = move |id: u32| session.notices.update(|notices| notices.retain(|notice| notice.id != id));
    let show = move |notice: Notice| {
        let Notice { id, text, is_trouble, action } = notice;
        let act = action.map(|(name, act)| {
            view! {
                <button on:click=move |_| {
                    act();
                    dismiss(id);
                }>{name}</button>
            }
        });
        view! {
            <div class="notice" class:trouble=is_trouble role=if is_trouble { "alert" } else { "status" }>
                <p>{text}</p>
                {act}
                <button aria-label="Dismiss" on:click=move |_| dismiss(id)>"×"</button>
            </div>
        }
    };
    view! {
        <div class="notices">
            {move || session.notices.get().into_iter().map(show).collect_view()}
        </div>
    }
}
