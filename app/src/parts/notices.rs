//! Messages to the user, until they are dismissed or have been there long enough.

use leptos::{prelude::*, task::tick};
use wasm_bindgen_futures::spawn_local;

use crate::{browser, lab::Lab, state::notifications::Notice};

/// The notices, newest last.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let dismiss = move |id: u32| {
        lab.notifications.dismiss(id);
        // The button that had the focus goes with it.
        spawn_local(async {
            tick().await;
            browser::focus(".notices button:last-child, main");
        });
    };
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
            {move || lab.notifications.all.get().into_iter().map(show).collect_view()}
        </div>
    }
}
