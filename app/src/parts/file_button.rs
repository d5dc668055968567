//! A button that lets a person choose files.

use leptos::{html, prelude::*};
use web_sys::File;

use crate::browser;

/// The button, and the field that it stands for; `take` is given each file that is chosen.
#[component]
pub(crate) fn FileButton(
    /// What the button says.
    says: &'static str,
    /// More about it, where there is more to say.
    #[prop(optional)]
    title: &'static str,
    /// Name of the field.
    field: &'static str,
    /// Kinds of files.
    accept: &'static str,
    /// Whether several can be chosen at once.
    multiple: bool,
    take: impl Fn(File) + 'static,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let choose = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let chosen = move |_| {
        if let Some(input) = input.get_untracked() {
            browser::files(input.files()).into_iter().for_each(&take);
            // The same file can be chosen again.
            input.set_value("");
        }
    };
    view! {
        <button on:click=choose title=title>{says}</button>
        <input type="file" accept=accept multiple=multiple hidden aria-label=field node_ref=input on:change=chosen />
    }
}
