//! How a line looks, beside its name.

use leptos::prelude::*;

use super::{LineStyle, watch::dark_scheme};

/// A piece of a line, as it stands in legends and lists.
#[component]
pub(crate) fn Swatch(style: LineStyle) -> impl IntoView {
    swatch(style, dark_scheme())
}

/// The same where it is known whether the page is dark.
pub(super) fn swatch(style: LineStyle, is_dark: RwSignal<bool>) -> impl IntoView {
    view! {
        <svg class="swatch" viewBox="0 0 32 8" aria-hidden="true">
            <path d="M0 4h32" style:stroke=move || style.css_colour(is_dark.get())
                style:stroke-dasharray=metrics::dash_text(style.dash_lengths()) />
        </svg>
    }
}

/// Stroke and dash of a line in a drawing of its own.
pub(crate) fn line_look(style: LineStyle) -> (impl Fn() -> &'static str, String) {
    let is_dark = dark_scheme();
    (move || style.css_colour(is_dark.get()), metrics::dash_text(style.dash_lengths()))
}
