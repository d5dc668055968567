//! A button to choose files.

use leptos::{html, prelude::*};
use web_sys::File;

use crate::browser;

/// The button, and the hidden field behind it. `on_files` is called with the chosen files.
#[component]
pub(crate) fn FileButton(
    /// The text of the button.
    text: &'static str,
    /// More about it.
    #[prop(optional)]
    title: &'static str,
    /// The name of the field.
    field: &'static str,
    /// The kinds of files.
    accept: &'static str,
    /// Whether several can be chosen at once.
    multiple: bool,
    on_files: impl Fn(Vec<File>) + 'static,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let choose = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let chosen = move |_| {
        if let Some(input) = input.get_untracked() {
            on_files(browser::files(input.files()));
            // Lets the user choose the same file again.
            input.set_value("");
        }
    };
    view! {
        <button on:click=choose title=title>{text}</button>
        <input type="file" accept=accept multiple=multiple hidden aria-label=field node_ref=input on:change=chosen />
    }
}
