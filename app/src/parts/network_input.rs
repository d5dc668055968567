//! The network's input.

use ink::{Image, PIXELS, SIDE};
use leptos::{html, prelude::*};
use web_sys::HtmlCanvasElement;

use crate::lab::Lab;

/// The 28 x 28 pixels, enlarged.
#[component]
pub(crate) fn NetworkInput() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let canvas = NodeRef::<html::Canvas>::new();
    Effect::new(move |_| {
        let image = crate::drawing_state::network_input(lab.drawing);
        if let Some(canvas) = canvas.get() {
            show_image(&canvas, image.as_ref());
        }
    });
    view! {
        <figure class="network-input">
            <canvas width=SIDE height=SIDE node_ref=canvas role="img" aria-label="What the network sees"></canvas>
            <figcaption>"What the network sees: 28 × 28, the longer side 20 px, centred by mass"</figcaption>
        </figure>
    }
}

/// Paints an image onto a canvas of its size.
pub(crate) fn show_image(canvas: &HtmlCanvasElement, image: Option<&Image>) {
    ::paper::show_levels(canvas, SIDE, image.unwrap_or(&[0; PIXELS]));
}

/// A 28 x 28 image, enlarged by the page.
#[component]
pub(crate) fn Thumbnail(image: Box<Image>, label: String) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            show_image(&canvas, Some(&image));
        }
    });
    view! { <canvas class="thumbnail" width=SIDE height=SIDE node_ref=canvas role="img" aria-label=label></canvas> }
}
