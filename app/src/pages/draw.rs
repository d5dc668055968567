//! Draw a digit, or show a picture of some, and see what is recognized.

use ink::Drawing;
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::{ClipboardEvent, Element, KeyboardEvent};

use crate::{
    browser,
    lab::Lab,
    parts::{
        bars::{Answer, Bars},
        correct::Correct,
        digits::Digits,
        file_button::FileButton,
        in_turn::InTurn,
        network_input::NetworkInput,
        paper::Paper,
        picture::{PictureButtons, PictureView},
        show_me::ShowMe,
    },
};

/// The Draw page.
#[component]
pub(crate) fn DrawPage() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let keys = window_event_listener(ev::keydown, move |event| on_key(&lab, &event));
    let pasted = window_event_listener(ev::paste, move |event: ClipboardEvent| {
        let files = event.clipboard_data().and_then(|data| data.files());
        if let Some(file) = browser::files(files).into_iter().next() {
            event.prevent_default();
            lab.open_picture(file);
        }
    });
    on_cleanup(move || {
        keys.remove();
        pasted.remove();
    });
    let is_blank = move || !lab.drawing.has_ink.get();
    let has_picture = Memo::new(move |_| lab.drawing.picture.with(Option::is_some));
    view! {
        <h1 class="visually-hidden">"Draw a digit"</h1>
        <div class="draw">
            <section class="input" aria-label="Drawing">
                <InTurn>
                    <Show when=move || has_picture.get() fallback=|| view! { <Paper /> }>
                        <PictureView />
                    </Show>
                </InTurn>
                <InTurn>
                    <div class="buttons">
                        <Show when=move || has_picture.get() fallback=move || view! {
                            <button on:click=move |_| lab.undo() disabled=is_blank title="Ctrl+Z">"Undo"</button>
                            <button on:click=move |_| lab.clear() disabled=is_blank title="Delete">"Clear"</button>
                        }>
                            <PictureButtons />
                        </Show>
                        <FileButton text="Picture" title="A file or a photograph; or drop or paste one" field="Picture to read"
                            accept="image/*" multiple=false on_files=move |files| files.into_iter().for_each(|file| lab.open_picture(file)) />
                    </div>
                    <Show when=move || !has_picture.get()>
                        <Pen />
                    </Show>
                </InTurn>
            </section>
            <section class="recognition card" aria-label="Reading">
                <InTurn>
                    <Answer />
                    <Digits />
                </InTurn>
                <InTurn>
                    <Bars />
                </InTurn>
                <InTurn>
                    <Correct />
                    <NetworkInput />
                </InTurn>
                <InTurn>
                    <ShowMe />
                    <Show when=move || !is_blank() && !has_picture.get()>
                        <button class="link" title="As text and as a QR code" on:click=move |_| lab.share_drawing()>"Link to this drawing"</button>
                    </Show>
                </InTurn>
            </section>
        </div>
    }
}

/// The width of the pen. While the slider moves, the whole drawing is inked again.
#[component]
fn Pen() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let (finest, broadest) = (*Drawing::PEN_RADII.start(), *Drawing::PEN_RADII.end());
    let radius = lab.drawing.with_drawing(Drawing::pen_radius);
    let take = move |event| {
        if let Ok(radius) = event_target_value(&event).parse() {
            lab.set_pen_radius(radius);
        }
    };
    view! {
        <label class="pen">
            "Pen"
            <input type="range" min=finest max=broadest step="1" value=radius on:input=take
                title="How broad the pen is, for all strokes" />
        </label>
    }
}

fn on_key(lab: &Lab, event: &KeyboardEvent) {
    // Keys typed into a field belong to the field.
    let is_field = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA"));
    let has_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
    match event.key().as_str() {
        _ if is_field => {}
        "z" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            lab.undo();
        }
        "Delete" => lab.clear(),
        key if !has_modifier && !event.repeat() => {
            if let Some(digit) = key.parse().ok().filter(|&digit: &u8| digit < 10) {
                lab.label_digit(digit);
            }
        }
        _ => {}
    }
}
