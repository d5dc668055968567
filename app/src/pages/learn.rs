//! The terms of the page, in plain words.

use glossary::{TOPICS, Term};
use leptos::prelude::*;

use crate::{
    browser,
    parts::{
        term::Explanation,
        term_pictures::{TermPicture, has_picture},
    },
};

/// The Learn page: every term, found by a search.
#[component]
pub(crate) fn LearnPage() -> impl IntoView {
    let words = RwSignal::new(String::new());
    let entry = move |term: &'static Term| {
        let is_found = Memo::new(move |_| words.with(|words| term.matches(words)));
        let picture = has_picture(term.id).then(|| view! { <TermPicture id=term.id /> });
        view! {
            <article id=term.id class="card entry" hidden=move || !is_found.get()>
                <h3>{term.name}</h3>
                <p><Explanation term /></p>
                {picture}
            </article>
        }
    };
    let topic = move |topic: &'static glossary::Topic| {
        let is_found = move || words.with(|words| topic.terms.iter().any(|term| term.matches(words)));
        view! {
            <section hidden=move || !is_found() aria-label=topic.title>
                <h2>{topic.title}</h2>
                <div class="entries">{topic.terms.iter().map(entry).collect_view()}</div>
            </section>
        }
    };
    let found = move || {
        let count = words.with(|words| glossary::terms().filter(|term| term.matches(words)).count());
        metrics::counted(count as u32, "term")
    };
    view! {
        <div class="learn">
            <h1>"Learn"</h1>
            <p>"What the terms on this site mean, what happens with more or less of each, and where to find it."</p>
            <label class="field">
                <span>"Search"</span>
                <input type="search" prop:value=words on:input=move |event| words.set(event_target_value(&event)) />
            </label>
            <p class="hint" role="status">{found}</p>
            {TOPICS.iter().map(topic).collect_view()}
            <p><a href=format!("{}/about", browser::base_path())>"About Inkling: privacy, and what it is made of"</a></p>
        </div>
    }
}
