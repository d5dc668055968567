//! The frame around every page: name, navigation and one quiet line of state.

use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_location};

use worker_client::{Phase, RunView};

use crate::{
    browser, first,
    lab::Lab,
    parts::{in_turn::InTurn, offer::OfferCard, shared_link::SharedLinkCard},
    words,
};

/// Where the navigation leads: paths below the site's root, and what the pages are called.
const PAGES: [(&str, &str); 7] = [
    ("/", "Draw"),
    ("/train", "Train"),
    ("/runs", "Runs"),
    ("/data", "Data"),
    ("/hand", "My hand"),
    ("/models", "Models"),
    ("/learn", "Learn"),
];

/// The title of the tab on a page; that of the start says what all this is.
fn title_of(path: &str) -> String {
    let path = path.trim_end_matches('/');
    match PAGES.into_iter().chain([("/about", "About")]).find(|(own, _)| path.ends_with(own)) {
        Some((_, name)) => format!("{name} - Inkling"),
        None => "Inkling: teach a computer to read handwriting".into(),
    }
}

/// The frame around a page.
#[component]
pub(crate) fn Frame(children: Children) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let model = move || match lab.models.active.get() {
        Some(model) => {
            let (name, known) = (model.file.name, model.card.short());
            // A model that was saved under its default name says all of that already.
            if name.contains(&known) { name } else { format!("{name}: {known}") }
        }
        None if first::is_there() => "A small model reads until the full one has loaded".into(),
        None => "Loading the model".into(),
    };
    let run = move || {
        lab.training.view.with(|run| match (&run.phase, &run.device) {
            (Phase::Paused, _) => Some("training paused".to_owned()),
            (_, Some(device)) if RunView::is_busy(run) => {
                Some(format!("training on {}", words::backend(device.backend)))
            }
            _ => None,
        })
    };
    let location = use_location();
    Effect::new(move |before: Option<String>| {
        let path = location.pathname.get();
        browser::set_title(&title_of(&path));
        // What was shared on one page has no place on the next.
        if before.is_some_and(|before| before != path) {
            lab.offers.link.set(None);
        }
        path
    });
    // The router takes links literally: on a site with a path of its own they must include it.
    let link = |path: &str| format!("{}{path}", browser::base_path());
    let links = PAGES.map(|(path, name)| view! { <A href=link(path) exact=path == "/">{name}</A> });
    let storage =
        move || (lab.kept.lasts.get() == Some(false)).then_some("models are kept until this page is left");
    view! {
        <header class="top">
            <span class="brand">"Inkling"</span>
            <nav aria-label="Main">
                {links.into_iter().collect_view()}
            </nav>
            <p class="state">
                <span>{model}</span>
                <span>{run}</span>
                <span class="warning">{storage}</span>
            </p>
        </header>
        <main tabindex="-1">
            <InTurn>
                <OfferCard />
                <SharedLinkCard />
            </InTurn>
            {children()}
        </main>
    }
}
