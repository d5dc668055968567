//! The paper to draw on.

use std::rc::Rc;

use ::paper::{PenEvent, Pens};
use ink::{KeyboardPen, PenKey};
use leptos::{ev, html, prelude::*};
use web_sys::KeyboardEvent;

use crate::lab::Lab;

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
        // Until then the paper is hidden, and has no size.
        lab.turns.are_over.track();
        if let Some(canvas) = canvas.get()
            && !redraw_is_due.get_value()
        {
            redraw_is_due.set_value(true);
            request_animation_frame(move || {
                // The paper may have gone with its page.
                if redraw_is_due.try_set_value(false).is_none() {
                    lab.drawing.with_drawing(|drawing| ::paper::show_drawing(&canvas, drawing));
                }
            });
        }
    });

    // It listens for as long as the paper is there.
    let pens = StoredValue::new_local(None::<Rc<Pens>>);
    canvas.on_load(move |canvas| {
        let pen = Pens::listen(&canvas, move |event| match event {
            PenEvent::Down(point, event_ms) => lab.pen_down(point, event_ms),
            PenEvent::Moved(points, event_ms) => lab.pen_move(&points, event_ms),
            PenEvent::Undone => lab.undo(),
            PenEvent::Up => {}
        });
        pens.set_value(Some(Rc::new(pen)));
    });
    on_cleanup(move || pens.set_value(None));

    // The same with keys.
    let pen = RwSignal::new(KeyboardPen::default());
    let is_by_keys = RwSignal::new(false);
    let on_key = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let Some(action) = pen.try_update(|pen| pen.on_key(&event.key(), event.shift_key())).flatten() else {
            return;
        };
        event.prevent_default();
        is_by_keys.set(true);
        let event_ms = event.time_stamp();
        match action {
            PenKey::Moved => {}
            PenKey::Down(point) | PenKey::Dot(point) => lab.pen_down(point, event_ms),
            PenKey::Drawn(point) => lab.pen_move(&[point], event_ms),
            PenKey::Undo => lab.undo(),
            PenKey::Say => lab.announcer.say(pen.with_untracked(KeyboardPen::said)),
            PenKey::Leave => {
                is_by_keys.set(false);
                if let Some(canvas) = canvas.get_untracked() {
                    // An element that has the focus can lose it.
                    let _ = canvas.blur();
                }
            }
        }
    };
    let corner = move || pen.with(KeyboardPen::corner);
    view! {
        <div class="paper-frame">
            <canvas class="paper" role="application" aria-label="Drawing canvas" aria-describedby="paper-keys" tabindex="0" node_ref=canvas
                on:keydown=on_key on:pointerdown=move |_| is_by_keys.set(false) on:blur=move |_| is_by_keys.set(false)></canvas>
            <Show when=move || is_by_keys.get()>
                <span class="cell-cursor" class:down=move || pen.with(KeyboardPen::is_down)
                    style:left=move || format!("{:.3}%", 100.0 * corner().0) style:top=move || format!("{:.3}%", 100.0 * corner().1)></span>
            </Show>
        </div>
        <p class="visually-hidden" id="paper-keys">
            "With keys: arrows move by a cell, with Shift by four. Space puts the pen down and up. Enter inks a cell, Backspace takes back a stroke, a question mark says where you are, Escape leaves."
        </p>
    }
}
