//! What stands around every page: name, navigation and one quiet line of state.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    browser,
    engine::{Phase, RunView},
    session::{Session, backend_title},
};

/// The frame around a page.
#[component]
pub(crate) fn Frame(children: Children) -> impl IntoView {
    let session = expect_context::<Session>();
    let model = move || match session.in_use.get() {
        Some(model) => {
            let known = model.card.short();
            // A model that was saved under its usual name says all of that already.
            if model.name.contains(&known) { model.name } else { format!("{}: {known}", model.name) }
        }
        None => "Loading the model".into(),
    };
    let run = move || {
        session.run.with(|run| match (&run.phase, &run.device) {
            (Phase::Paused, _) => Some("training paused".to_owned()),
            (_, Some(device)) if RunView::is_busy(run) => {
                Some(format!("training on {}", backend_title(device.backend)))
            }
            _ => None,
        })
    };
    // The router takes links as they stand: below a site's own path they must say so.
    let link = |path: &str| format!("{}{path}", browser::base_path());
    let storage = move || {
        (session.storage_lasts.get() == Some(false)).then_some("models are kept until this page is left")
    };
    view! {
        <header class="top">
            <span class="brand">"Inkling"</span>
            <nav aria-label="Main">
                <A href=link("/") exact=true>"Draw"</A>
                <A href=link("/train")>"Train"</A>
                <A href=link("/hand")>"My hand"</A>
                <A href=link("/models")>"Models"</A>
            </nav>
            <p class="state">
                <span>{model}</span>
                <span>{run}</span>
                <span class="warning">{storage}</span>
            </p>
        </header>
        <main>{children()}</main>
    }
}
