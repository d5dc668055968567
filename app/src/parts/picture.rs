//! The picture that is read, and how the user can correct the reading.

use ink::Bounds;
use leptos::{html, prelude::*};
use wasm_bindgen::{Clamped, JsCast as _};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData, PointerEvent};

use ::paper::show_levels;

use crate::{drawing_state::PictureInput, lab::Lab};

/// A marked part smaller than this, in pixels, was a click.
const MIN_PART: usize = 6;

/// The picture in place of the paper. The pointer can mark a part of it.
#[component]
pub(crate) fn PictureView() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let drawing = lab.drawing;
    let canvas = NodeRef::<html::Canvas>::new();
    let found = NodeRef::<html::Canvas>::new();
    let marked = RwSignal::new(None::<[(f64, f64); 2]>);
    Effect::new(move |_| {
        let Some(picture) = drawing.picture.get() else { return };
        if let Some(canvas) = canvas.get() {
            let bounds: Vec<Bounds> = drawing.digits().iter().map(|digit| digit.bounds).collect();
            show(&canvas, &picture, &bounds, marked.get());
        }
        if let Some(found) = found.get() {
            let raster = &picture.found.raster;
            found.set_width(raster.width() as u32);
            found.set_height(raster.height() as u32);
            show_levels(&found, raster.width(), raster.levels());
        }
    });
    let place = move |event: &PointerEvent| {
        let canvas = canvas.get_untracked()?;
        let bounds = canvas.get_bounding_client_rect();
        let scale = f64::from(canvas.width()) / bounds.width().max(1.0);
        let x = scale * (f64::from(event.client_x()) - bounds.left());
        let y = scale * (f64::from(event.client_y()) - bounds.top());
        Some((x.clamp(0.0, f64::from(canvas.width())), y.clamp(0.0, f64::from(canvas.height()))))
    };
    let down = move |event: PointerEvent| {
        event.prevent_default();
        if let Some(canvas) = canvas.get_untracked() {
            // Capture is refused if the pointer has just gone; the mark then ends at the edge.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        marked.set(place(&event).map(|corner| [corner; 2]));
    };
    let moved = move |event: PointerEvent| {
        if let (Some([from, _]), Some(to)) = (marked.get_untracked(), place(&event)) {
            marked.set(Some([from, to]));
        }
    };
    let up = move |_| {
        let Some([from, to]) = marked.get_untracked() else { return };
        marked.set(None);
        let span = |a: f64, b: f64| (a.min(b) as usize, (a - b).abs().round() as usize);
        let ((left, width), (top, height)) = (span(from.0, to.0), span(from.1, to.1));
        if width.min(height) >= MIN_PART {
            change(&lab, |picture| picture.cropped(Some(Bounds { left, top, width, height })));
        }
    };
    view! {
        <canvas class="picture" aria-label="Picture" node_ref=canvas
            on:pointerdown=down on:pointermove=moved on:pointerup=up on:pointercancel=move |_| marked.set(None)></canvas>
        <figure class="found">
            <canvas role="img" aria-label="Found ink" node_ref=found></canvas>
            <figcaption>
                "The ink that was found. Wrong? Mark the part to read with the pointer, invert, or rotate."
            </figcaption>
        </figure>
    }
}

/// The buttons that correct the reading.
#[component]
pub(crate) fn PictureButtons() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let is_cropped =
        move || lab.drawing.picture.with(|picture| picture.as_ref().is_some_and(PictureInput::is_cropped));
    view! {
        <button on:click=move |_| change(&lab, PictureInput::inverted)>"Invert"</button>
        <button on:click=move |_| change(&lab, PictureInput::rotated)>"Rotate"</button>
        <button disabled=move || !is_cropped() on:click=move |_| change(&lab, |picture| picture.cropped(None))>"Whole picture"</button>
        <button on:click=move |_| lab.show(None)>"Close picture"</button>
    }
}

fn change(lab: &Lab, change: impl FnOnce(PictureInput) -> PictureInput) {
    let picture = lab.drawing.picture.get_untracked();
    lab.show(picture.map(change));
}

/// Paints the picture with a frame around each digit, and around the part that is being marked.
fn show(
    canvas: &HtmlCanvasElement,
    picture: &PictureInput,
    digits: &[Bounds],
    marked: Option<[(f64, f64); 2]>,
) {
    let (width, height) = (picture.shown.width(), picture.shown.height());
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let Ok(Some(context)) = canvas.get_context("2d") else { return };
    let context: CanvasRenderingContext2d = context.unchecked_into();
    let pixels: Vec<u8> =
        picture.shown.brightness().iter().flat_map(|&value| [value, value, value, 255]).collect();
    if let Ok(data) = ImageData::new_with_u8_clamped_array(Clamped(&pixels), width as u32) {
        // Pixels of the right size are always accepted.
        let _ = context.put_image_data(&data, 0.0, 0.0);
    }
    context.set_line_width((width.max(height) as f64 / 250.0).max(0.75));
    context.set_stroke_style_str("#2347c5");
    for bounds in digits {
        let [left, top, width, height] =
            [bounds.left, bounds.top, bounds.width, bounds.height].map(|value| value as f64);
        context.stroke_rect(left, top, width, height);
    }
    if let Some([from, to]) = marked {
        context.set_stroke_style_str("#c2671c");
        context.stroke_rect(from.0, from.1, to.0 - from.0, to.1 - from.1);
    }
}
