//! A term with its explanation one tap or key away.

use glossary::Term;
use leptos::{html, prelude::*};
use leptos_router::components::A;

use crate::browser;

/// The term's name, underlined with dots; pressed, it explains itself.
#[component]
pub(crate) fn TermButton(
    /// Id of the term.
    id: &'static str,
    /// What stands on the page, where it is not the term's own name.
    #[prop(optional)]
    text: Option<&'static str>,
) -> impl IntoView {
    let term = glossary::term(id);
    let is_open = RwSignal::new(false);
    let button = NodeRef::<html::Span>::new();
    let shown = text.or(term.map(|term| term.name)).unwrap_or(id);
    let toggle = move || is_open.update(|open| *open = !*open);
    let press = move |event: web_sys::KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            toggle();
        }
    };
    let close_on_escape = move |event: web_sys::KeyboardEvent| {
        if is_open.get_untracked() && event.key() == "Escape" {
            // Escape also stops a run.
            event.stop_propagation();
            is_open.set(false);
            if let Some(button) = button.get_untracked() {
                // A button that is on the page can be focused.
                let _ = button.focus();
            }
        }
    };
    view! {
        <span class="term" on:keydown=close_on_escape>
            // Not a `button`: those of a form go dead while a run is under way, and a term explains itself at any time.
            <span role="button" tabindex="0" class="term-name" node_ref=button aria-label=format!("{shown}: what is it?")
                aria-expanded=move || is_open.get().to_string() on:click=move |_| toggle() on:keydown=press>{shown}</span>
            <Show when=move || is_open.get()>
                {term.map(|term| view! {
                    <span class="explanation card" role="note">
                        <Explanation term />
                        <A href=format!("{}/learn#{}", browser::base_path(), term.id)>"More in Learn"</A>
                    </span>
                })}
            </Show>
        </span>
    }
}

/// What a term is.
#[component]
pub(crate) fn Explanation(term: &'static Term) -> impl IntoView {
    let more = (!term.more_or_less.is_empty()).then(|| view! { <span>{term.more_or_less}</span> });
    view! {
        <span>{term.what}</span>
        {more}
        <span class="hint">{term.place}</span>
    }
}
