//! Where files can be dropped: on the whole page, whichever it is.

use leptos::{ev, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};

use crate::{browser, commands::Place, lab::Lab};

/// Takes what is dropped on any page, where nothing on it has. Without it the browser would leave the page for the file.
#[component]
pub(crate) fn DropTarget() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let (location, navigate) = (use_location(), use_navigate());
    let over = window_event_listener(ev::dragover, |event| event.prevent_default());
    let dropped = window_event_listener(ev::drop, move |event| {
        if event.default_prevented() {
            return;
        }
        let path = location.pathname.get_untracked();
        let on = path.strip_prefix(&browser::base_path()).and_then(Place::at);
        let navigate = navigate.clone();
        // Unlike links, this takes paths below the site's root.
        lab.take_drop(&event, on, move |path| navigate(path, NavigateOptions::default()));
    });
    on_cleanup(move || {
        over.remove();
        dropped.remove();
    });
}
