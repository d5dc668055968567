//! What reads before the page has arrived.
//!
//! `index.html` holds the Draw page as plain HTML. This program, a tenth of the page's size, takes ink on its canvas and reads
//! it with a small network, on the main thread. The page takes the ink over when it is there, between two strokes, and asks this
//! program for predictions until its own reader has loaded.

mod standing;

use core::cell::RefCell;
use forward::Forward;
use futures_channel::oneshot;
use ink::Drawing;
use js_sys::Float32Array;
use paper::{PenEvent, Pens, show_drawing};
use recognition::Segmentation;
use wasm_bindgen::{JsCast as _, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Event, EventTarget};

use crate::standing::Standing;

/// Preference of the page: the pen's radius.
const PEN_KEY: &str = "inkling.pen";
/// Preferences of the page: the starred model, and the one that was chosen last.
const MODEL_KEYS: [&str; 2] = ["inkling.starred-model", "inkling.model"];

type Listener = (EventTarget, &'static str, Closure<dyn FnMut(Event)>);

/// The drawing, what reads it, and where the answer stands.
struct First {
    drawing: Drawing,
    forward: Option<Forward>,
    standing: Option<Standing>,
    pens: Option<Pens>,
    listeners: Vec<Listener>,
    /// Whether it is shown anew with the next frame.
    is_due: bool,
    /// Who waits for the end of the stroke under way.
    taker: Option<oneshot::Sender<()>>,
}

thread_local! {
    static FIRST: RefCell<First> = RefCell::new(First {
        drawing: Drawing::new(),
        forward: None,
        standing: None,
        pens: None,
        listeners: Vec::new(),
        is_due: false,
        taker: None,
    });
}

fn with<T>(act: impl FnOnce(&mut First) -> T) -> T {
    FIRST.with_borrow_mut(act)
}

fn main() {
    let Some(standing) = Standing::find() else { return };
    let canvas = standing.canvas.clone();
    if let Some(radius) = preference(PEN_KEY).and_then(|radius| radius.parse().ok()) {
        with(|first| first.drawing.set_pen_radius(radius));
    }
    let mut listeners = Vec::new();
    let mut listen = |target: EventTarget, name: &'static str, act: fn(&mut Drawing)| {
        let listener = Closure::<dyn FnMut(Event)>::new(move |_| {
            with(|first| act(&mut first.drawing));
            changed();
        });
        // A listener of a known event is never refused.
        let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        listeners.push((target, name, listener));
    };
    listen(standing.undo.clone().into(), "click", |drawing| {
        drawing.undo();
    });
    listen(standing.clear.clone().into(), "click", |drawing| {
        drawing.clear();
    });
    if let Some(window) = web_sys::window() {
        listen(window.into(), "resize", |_| {});
    }
    let pens = Pens::listen(&canvas, on_pen);
    with(|first| {
        (first.standing, first.pens, first.listeners) = (Some(standing), Some(pens), listeners);
    });
}

fn on_pen(event: PenEvent) {
    match event {
        PenEvent::Down(point, _) => with(|first| first.drawing.pen_down(point)),
        PenEvent::Moved(points, _) => {
            with(|first| points.iter().for_each(|&point| first.drawing.pen_move(point)));
        }
        PenEvent::Undone => with(|first| {
            first.drawing.undo();
        }),
        PenEvent::Up => {
            if let Some(taker) = with(|first| first.taker.take()) {
                // Whoever waited may be gone.
                let _ = taker.send(());
            }
        }
    }
    changed();
}

/// Shows and reads with the next frame: a mouse may move a thousand times a second.
fn changed() {
    let is_due = with(|first| core::mem::replace(&mut first.is_due, true));
    if is_due {
        return;
    }
    let show = Closure::once_into_js(|| {
        with(|first| {
            first.is_due = false;
            first.show();
        });
    });
    if let Some(window) = web_sys::window() {
        // A window always has a next frame.
        let _ = window.request_animation_frame(show.unchecked_ref());
    }
}

impl First {
    fn show(&mut self) {
        let Some(standing) = &self.standing else { return };
        show_drawing(&standing.canvas, &self.drawing);
        let has_ink = !self.drawing.strokes().is_empty();
        standing.undo.set_disabled(!has_ink);
        standing.clear.set_disabled(!has_ink);
        let Some(forward) = self.forward.as_ref().filter(|_| has_ink) else {
            return standing.show_nothing(has_ink);
        };
        let segmentation = Segmentation::of_strokes(self.drawing.raster(), self.drawing.strokes().len());
        let predictions = forward.predict(&segmentation.images().concat());
        standing.show_numbers(&segmentation.recognize(&predictions));
    }
}

fn preference(key: &str) -> Option<String> {
    web_sys::window()?.local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Takes the small network, as `forward` packs it. Where another model was chosen, nothing is read: its answers are waited for.
#[wasm_bindgen(js_name = useModel)]
pub fn use_model(file: &[u8]) {
    let first = MODEL_KEYS.into_iter().filter_map(preference).find(|model| !model.is_empty());
    if first.is_some_and(|model| !model.starts_with("shipped")) {
        return;
    }
    with(|first| first.forward = Forward::unpack(file));
    changed();
}

/// Predictions for images of 784 grey levels each: for each 1 where it is sure enough to be a digit, else 0, then the probabilities of
/// the ten digits. Nothing while there is no network.
#[wasm_bindgen]
pub fn predict(levels: &[u8]) -> Float32Array {
    let predictions = with(|first| first.forward.as_ref().map(|forward| forward.predict(levels)));
    let mut numbers = Vec::new();
    for prediction in predictions.into_iter().flatten() {
        numbers.push(f32::from(u8::from(prediction.is_digit)));
        numbers.extend(prediction.probabilities);
    }
    Float32Array::from(numbers.as_slice())
}

/// Waits for the end of the stroke under way.
#[wasm_bindgen(js_name = penIsUp)]
pub async fn pen_is_up() {
    let waits = with(|first| {
        first.pens.as_ref().is_some_and(Pens::is_down).then(|| {
            let (sender, receiver) = oneshot::channel();
            first.taker = Some(sender);
            receiver
        })
    });
    if let Some(waits) = waits {
        // A sender that is gone means the same as one that has spoken.
        let _ = waits.await;
    }
}

/// Lets go of the canvas. Each stroke is its number of points, then `x` and `y` of each, in units of the paper.
#[wasm_bindgen(js_name = takeStrokes)]
pub fn take_strokes() -> Float32Array {
    let numbers = with(|first| {
        (first.pens, first.standing) = (None, None);
        for (target, name, listener) in first.listeners.drain(..) {
            let _ = target.remove_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
        let mut numbers = Vec::new();
        for stroke in first.drawing.clear() {
            numbers.push(stroke.len() as f32);
            numbers.extend(stroke.iter().flat_map(|point| [point.x, point.y]));
        }
        numbers
    });
    Float32Array::from(numbers.as_slice())
}
