//! What a person sees where the page itself fails: without a word it would only stand still.

use std::panic::{self, PanicHookInfo};

use wasm_bindgen::JsValue;

use crate::browser::window;

/// Has a failure of the page be shown, and written to the console.
pub(crate) fn show_failures() {
    panic::set_hook(Box::new(show));
}

fn show(info: &PanicHookInfo<'_>) {
    web_sys::console::error_1(&JsValue::from(info.to_string()));
    let Some(document) = window().document() else { return };
    let (Some(body), Ok(text)) = (document.body(), document.create_element("p")) else { return };
    text.set_text_content(Some(
        "Something went wrong in Inkling, and the page has stopped working. Reload it: your saved data is safe, and an interrupted run can be resumed from its last checkpoint.",
    ));
    // Nothing is left that could be done about a failure here.
    let _ = text.set_attribute("role", "alert").and_then(|()| text.set_attribute("class", "page-failure"));
    let _ = body.append_child(&text);
}
