//! The image that the network sees.

use ink::{Image, PIXELS, SIDE};
use leptos::{html, prelude::*};
use wasm_bindgen::{Clamped, JsCast as _};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use crate::session::Session;

/// The 28x28 pixels, enlarged.
#[component]
pub(crate) fn Seen() -> impl IntoView {
    let session = expect_context::<Session>();
    let canvas = NodeRef::<html::Canvas>::new();
    Effect::new(move |_| {
        let image = session.seen.get();
        if let Some(canvas) = canvas.get() {
            show(&canvas, image.as_ref());
        }
    });
    view! {
        <figure class="seen">
            <canvas width=SIDE height=SIDE node_ref=canvas role="img" aria-label="What the network sees"></canvas>
            <figcaption>"What the network sees: 28 × 28, the longer side 20 px, centred by mass"</figcaption>
        </figure>
    }
}

fn show(canvas: &HtmlCanvasElement, image: Option<&Image>) {
    let Ok(Some(context)) = canvas.get_context("2d") else { return };
    let context: CanvasRenderingContext2d = context.unchecked_into();
    let blank = [0; PIXELS];
    // Ink as opacity: the page's colours show through.
    let pixels: Vec<u8> = image.unwrap_or(&blank).iter().flat_map(|&level| [0, 0, 0, level]).collect();
    if let Ok(data) = ImageData::new_with_u8_clamped_array(Clamped(&pixels), SIDE as u32) {
        // Own pixels of the right size are always taken.
        let _ = context.put_image_data(&data, 0.0, 0.0);
    }
}
