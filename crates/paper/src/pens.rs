//! From pointer events to a pen.

use core::cell::RefCell;
use std::rc::Rc;

use ink::{Drawing, OnePen, Point, PointerDown, PointerKind};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{EventTarget, HtmlCanvasElement, PointerEvent};

/// What the pen does. Times are those of the events, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum PenEvent {
    /// It comes down.
    Down(Point, f64),
    /// It moves through points.
    Moved(Vec<Point>, f64),
    /// The stroke under way was none: a palm's, before the pen came.
    Undone,
    /// It goes up.
    Up,
}

type Listener = Closure<dyn FnMut(PointerEvent)>;

/// The pen of a canvas: it listens until it is dropped.
pub struct Pens {
    listeners: Vec<(EventTarget, &'static str, Listener)>,
    pen: Rc<RefCell<OnePen>>,
}

impl Pens {
    /// Listens to a canvas.
    pub fn listen(canvas: &HtmlCanvasElement, on_event: impl Fn(PenEvent) + 'static) -> Self {
        let pen = Rc::<RefCell<OnePen>>::default();
        let on_event: Rc<dyn Fn(PenEvent)> = Rc::new(on_event);
        let mut pens = Self { listeners: Vec::new(), pen: Rc::clone(&pen) };

        let (own, report, surface) = (Rc::clone(&pen), Rc::clone(&on_event), canvas.clone());
        pens.add(canvas, "pointerdown", move |event| {
            if event.button() != 0 {
                return;
            }
            let answer = own.borrow_mut().down(event.pointer_id(), kind(&event), event.time_stamp());
            if answer == PointerDown::Ignored {
                return;
            }
            event.prevent_default();
            // Capture is refused if the pointer has just gone; its stroke then ends at the edge.
            let _ = surface.set_pointer_capture(event.pointer_id());
            if answer == PointerDown::ReplacesStroke {
                report(PenEvent::Undone);
            }
            report(PenEvent::Down(position(&surface, &event), event.time_stamp()));
        });

        let (own, report, surface) = (Rc::clone(&pen), Rc::clone(&on_event), canvas.clone());
        let moved = move |event: PointerEvent| {
            own.borrow_mut().see(kind(&event), event.time_stamp());
            if !own.borrow().draws(event.pointer_id()) {
                return;
            }
            // Its end was not heard of: it came while another window lay above this one. (What scripts send has no buttons.)
            if event.buttons() == 0 && event.is_trusted() {
                own.borrow_mut().up(event.pointer_id());
                return report(PenEvent::Up);
            }
            report(PenEvent::Moved(positions(&surface, &event), event.time_stamp()));
        };
        // Moves arrive with the next frame, up to 16 ms late. Some browsers also offer them as they happen.
        let is_raw = web_sys::window().is_some_and(|window| has(&window, "onpointerrawupdate"));
        pens.add(canvas, if is_raw { "pointerrawupdate" } else { "pointermove" }, moved);

        // Of the window: where capture was refused, the pointer may end anywhere.
        if let Some(window) = web_sys::window() {
            for name in ["pointerup", "pointercancel"] {
                let (own, report) = (Rc::clone(&pen), Rc::clone(&on_event));
                pens.add(&window, name, move |event| {
                    if own.borrow_mut().up(event.pointer_id()) {
                        report(PenEvent::Up);
                    }
                });
            }
        }
        pens
    }

    /// Whether a stroke is under way.
    pub fn is_down(&self) -> bool {
        self.pen.borrow().is_down()
    }

    fn add(
        &mut self,
        target: &EventTarget,
        name: &'static str,
        listener: impl FnMut(PointerEvent) + 'static,
    ) {
        let listener = Closure::new(listener);
        // A listener of a known event is never refused.
        let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        self.listeners.push((target.clone(), name, listener));
    }
}

impl Drop for Pens {
    fn drop(&mut self) {
        for (target, name, listener) in &self.listeners {
            let _ = target.remove_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
    }
}

fn kind(event: &PointerEvent) -> PointerKind {
    match event.pointer_type().as_str() {
        "pen" => PointerKind::Pen,
        "touch" => PointerKind::Touch,
        _ => PointerKind::Mouse,
    }
}

fn has(object: &JsValue, name: &str) -> bool {
    js_sys::Reflect::has(object, &name.into()).unwrap_or(false)
}

/// A pen reports many positions between two frames. The browser delivers them together (Safari since 18.2).
fn positions(canvas: &HtmlCanvasElement, event: &PointerEvent) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    if has(event, "getCoalescedEvents") {
        points
            .extend(event.get_coalesced_events().iter().map(|event| position(canvas, event.unchecked_ref())));
    }
    if points.is_empty() {
        points.push(position(canvas, event));
    }
    points
}

/// The position of an event on the paper, inside its border.
fn position(canvas: &HtmlCanvasElement, event: &PointerEvent) -> Point {
    let bounds = canvas.get_bounding_client_rect();
    let scale = f64::from(Drawing::SIDE) / f64::from(canvas.client_width()).max(1.0);
    let x = scale * (f64::from(event.client_x()) - bounds.left() - f64::from(canvas.client_left()));
    let y = scale * (f64::from(event.client_y()) - bounds.top() - f64::from(canvas.client_top()));
    Point { x: x as f32, y: y as f32 }
}
