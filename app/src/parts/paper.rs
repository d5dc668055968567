//! The paper to draw on.

use ink::{Drawing, Point};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, PointerEvent};

use crate::{browser, lab::Lab};

/// A canvas for mouse, pen and touch.
#[component]
pub(crate) fn Paper() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let canvas = NodeRef::<html::Canvas>::new();
    let size_version = RwSignal::new(0_u32);
    let resized = window_event_listener(ev::resize, move |_| size_version.update(|version| *version += 1));
    on_cleanup(move || resized.remove());

    // A mouse may move a thousand times a second, but one drawing a frame is enough.
    let redraw_is_due = StoredValue::new(false);
    Effect::new(move |_| {
        lab.drawing.ink_version.track();
        size_version.track();
        if let Some(canvas) = canvas.get()
            && !redraw_is_due.get_value()
        {
            redraw_is_due.set_value(true);
            request_animation_frame(move || {
                // The paper may have gone with its page.
                if redraw_is_due.try_set_value(false).is_none() {
                    redraw(&canvas, &lab);
                }
            });
        }
    });

    // One pointer draws at a time, so that the palm beside the pen leaves no ink.
    let drawing_pointer = StoredValue::new(None::<i32>);
    let down = move |event: PointerEvent| {
        let Some(canvas) = canvas.get_untracked() else { return };
        if event.button() != 0 || drawing_pointer.get_value().is_some() {
            return;
        }
        event.prevent_default();
        // Capture is refused if the pointer has just gone; its stroke then ends at the edge.
        let _ = canvas.set_pointer_capture(event.pointer_id());
        drawing_pointer.set_value(Some(event.pointer_id()));
        lab.pen_down(position(&canvas, &event), event.time_stamp());
    };
    let moved = move |event: PointerEvent| {
        let Some(canvas) = canvas.get_untracked() else { return };
        if drawing_pointer.get_value() != Some(event.pointer_id()) {
            return;
        }
        // A pen reports many positions between two frames. The browser delivers them together (Safari since 18.2).
        let mut points: Vec<Point> = Vec::new();
        if browser::has_method(&event, "getCoalescedEvents") {
            let events = event.get_coalesced_events();
            points.extend(events.iter().map(|event| position(&canvas, event.unchecked_ref())));
        }
        if points.is_empty() {
            points.push(position(&canvas, &event));
        }
        lab.pen_move(&points, event.time_stamp());
    };
    // Moves arrive with the next frame, up to 16 ms late. Some browsers also offer them as they happen.
    let has_raw_updates = browser::has_raw_pointer_updates();
    let moved_with_frame = move |event: PointerEvent| {
        if !has_raw_updates {
            moved(event);
        }
    };
    let up = move |event: PointerEvent| {
        if drawing_pointer.get_value() == Some(event.pointer_id()) {
            drawing_pointer.set_value(None);
        }
    };
    view! {
        <canvas
            class="paper"
            aria-label="Drawing canvas"
            tabindex="0"
            node_ref=canvas
            on:pointerdown=down
            on:pointermove=moved_with_frame
            on:pointerrawupdate=moved
            on:pointerup=up
            on:pointercancel=up
        ></canvas>
    }
}

/// The position of an event on the paper.
fn position(canvas: &HtmlCanvasElement, event: &PointerEvent) -> Point {
    let bounds = canvas.get_bounding_client_rect();
    let scale = f64::from(Drawing::SIDE) / bounds.width().max(1.0);
    let x = scale * (f64::from(event.client_x()) - bounds.left());
    let y = scale * (f64::from(event.client_y()) - bounds.top());
    Point { x: x as f32, y: y as f32 }
}

fn redraw(canvas: &HtmlCanvasElement, lab: &Lab) {
    let pixel_ratio = browser::window().device_pixel_ratio();
    let side = (f64::from(canvas.client_width()) * pixel_ratio).round() as u32;
    if canvas.width() != side || canvas.height() != side {
        canvas.set_width(side);
        canvas.set_height(side);
    }
    let Ok(Some(context)) = canvas.get_context("2d") else { return };
    let context: CanvasRenderingContext2d = context.unchecked_into();
    let style = browser::window().get_computed_style(canvas).ok().flatten();
    let colour = style.and_then(|style| style.get_property_value("color").ok()).unwrap_or_default();
    context.clear_rect(0.0, 0.0, f64::from(side), f64::from(side));
    let scale = f64::from(side) / f64::from(Drawing::SIDE);
    context.set_stroke_style_str(&colour);
    context.set_line_cap("round");
    context.set_line_join("round");
    lab.drawing.with_drawing(|drawing| {
        context.set_line_width(2.0 * f64::from(drawing.pen_radius()) * scale);
        for stroke in drawing.strokes() {
            let mut points =
                stroke.iter().map(|point| (scale * f64::from(point.x), scale * f64::from(point.y)));
            let Some((x, y)) = points.next() else { continue };
            context.begin_path();
            context.move_to(x, y);
            // A line to itself makes a dot.
            context.line_to(x, y);
            points.for_each(|(x, y)| context.line_to(x, y));
            context.stroke();
        }
    });
}
