//! What a chart must know of the page: its own size, whether it is in sight, and whether the page is dark.

use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{
    HtmlCanvasElement, IntersectionObserver, IntersectionObserverEntry, MediaQueryList, ResizeObserver,
};

use crate::browser;

/// Keeps a chart informed until it is dropped.
pub(super) struct Watch {
    resize: ResizeObserver,
    sight: IntersectionObserver,
    _on_resize: Closure<dyn FnMut()>,
    _on_sight: Closure<dyn FnMut(Array)>,
}

impl Watch {
    /// Sets the size of a canvas in CSS pixels, and whether any of it is in sight, now and at each change.
    pub(super) fn over(
        canvas: &HtmlCanvasElement,
        size: RwSignal<(f64, f64)>,
        is_visible: RwSignal<bool>,
    ) -> Option<Self> {
        let watched = canvas.clone();
        let on_resize = Closure::<dyn FnMut()>::new(move || {
            let now = (f64::from(watched.client_width()), f64::from(watched.client_height()));
            // Without a size it is not shown; the last one will do.
            if now.0 > 0.0 && now.1 > 0.0 && size.try_get_untracked().is_some_and(|before| before != now) {
                size.set(now);
            }
        });
        let on_sight = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            let last = entries.get(entries.length().saturating_sub(1));
            let is_in_sight = last.unchecked_into::<IntersectionObserverEntry>().is_intersecting();
            if is_visible.try_get_untracked().is_some_and(|before| before != is_in_sight) {
                is_visible.set(is_in_sight);
            }
        });
        let resize = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
        let sight = IntersectionObserver::new(on_sight.as_ref().unchecked_ref()).ok()?;
        resize.observe(canvas);
        sight.observe(canvas);
        Some(Self { resize, sight, _on_resize: on_resize, _on_sight: on_sight })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.resize.disconnect();
        self.sight.disconnect();
    }
}

/// Hears of changes of the colour scheme until it is dropped.
struct SchemeWatch {
    query: MediaQueryList,
    on_change: Closure<dyn FnMut()>,
}

impl Drop for SchemeWatch {
    fn drop(&mut self) {
        // What was added can be removed.
        let _ =
            self.query.remove_event_listener_with_callback("change", self.on_change.as_ref().unchecked_ref());
    }
}

/// Whether the page is dark.
pub(super) fn dark_scheme() -> RwSignal<bool> {
    let is_dark = RwSignal::new(false);
    let Ok(Some(query)) = browser::window().match_media("(prefers-color-scheme: dark)") else {
        return is_dark;
    };
    is_dark.set(query.matches());
    let now = query.clone();
    let on_change = Closure::<dyn FnMut()>::new(move || {
        is_dark.try_set(now.matches());
    });
    // Without the listener the colours stay those of the start.
    let _ = query.add_event_listener_with_callback("change", on_change.as_ref().unchecked_ref());
    // It lives as long as the part of the page that asked.
    StoredValue::new_local(SchemeWatch { query, on_change });
    is_dark
}
