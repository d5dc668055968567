//! Mouse, pen and fingers on a chart.

use leptos::{html, prelude::*};
use metrics::{Window, clamp_window, pan_window, zoom_window};
use web_sys::{MouseEvent, PointerEvent, WheelEvent};

use super::{View, nearest_x};

/// A pointer must move this far before it chooses a range.
const MIN_DRAG_PX: f64 = 5.0;
/// Fingers nearer to each other than this do not zoom.
const MIN_PINCH_PX: f64 = 16.0;
/// What a pressed mouse or pen does. Places are from 0 at the left to 1 at the right.
#[derive(Clone, Copy, PartialEq)]
enum Drag {
    /// Chooses the range from a place on.
    Choose { from: f64 },
    /// Moves the view that there was.
    Pan { from: f64, window: Window },
}

/// A finger on the chart, and the x value that it holds.
#[derive(Clone, Copy, PartialEq)]
struct Finger {
    id: i32,
    place: f64,
    x: f64,
}

/// What pointers do to a chart.
#[derive(Clone, Copy)]
pub(super) struct Pointers {
    view: View,
    canvas: NodeRef<html::Canvas>,
    drag: StoredValue<Option<Drag>>,
    fingers: StoredValue<Vec<Finger>>,
    /// The places between which a range is being chosen.
    pub(super) chosen: RwSignal<Option<(f64, f64)>>,
}

impl Pointers {
    pub(super) fn new(view: View, canvas: NodeRef<html::Canvas>) -> Self {
        let (drag, fingers) = (StoredValue::new(None), StoredValue::new(Vec::new()));
        Self { view, canvas, drag, fingers, chosen: RwSignal::new(None) }
    }

    pub(super) fn down(self, event: &PointerEvent) {
        let (Some(place), Some(canvas)) = (self.place(event), self.canvas.get_untracked()) else { return };
        if event.pointer_type() == "touch" {
            let finger = Finger { id: event.pointer_id(), place, x: self.value_at(place) };
            self.fingers.update_value(|fingers| {
                fingers.retain(|other| other.id != finger.id);
                fingers.push(finger);
            });
            self.read(place);
        } else if event.button() == 1 || event.button() == 0 && event.shift_key() {
            event.prevent_default();
            self.drag.set_value(Some(Drag::Pan { from: place, window: self.view.in_view() }));
        } else if event.button() == 0 {
            self.drag.set_value(Some(Drag::Choose { from: place.clamp(0.0, 1.0) }));
        } else {
            return;
        }
        // Capture is refused if the pointer has just gone; its drag then ends at the edge.
        let _ = canvas.set_pointer_capture(event.pointer_id());
    }

    pub(super) fn moved(self, event: &PointerEvent) {
        let Some(place) = self.place(event) else { return };
        if event.pointer_type() == "touch" {
            self.finger_moved(event.pointer_id(), place);
            return;
        }
        match self.drag.get_value() {
            Some(Drag::Pan { from, window }) => {
                self.view.window.set(pan_window(window, from - place, self.view.whole.get_untracked()));
            }
            Some(Drag::Choose { from }) => {
                let place = place.clamp(0.0, 1.0);
                let is_far = (place - from).abs() * self.width() >= MIN_DRAG_PX;
                self.chosen.set(is_far.then(|| (from.min(place), from.max(place))));
                self.read(place);
            }
            None => self.read(place),
        }
    }

    fn finger_moved(self, id: i32, place: f64) {
        self.fingers.update_value(|fingers| {
            for finger in fingers.iter_mut().filter(|finger| finger.id == id) {
                finger.place = place;
            }
        });
        match self.fingers.get_value()[..] {
            [a, b, ..] => self.show(held_by(a, b, self.width(), self.view.in_view())),
            _ => self.read(place),
        }
    }

    pub(super) fn up(self, event: &PointerEvent) {
        let chosen = self.chosen.get_untracked();
        self.cancelled(event);
        if let Some((from, to)) = chosen {
            self.show((self.value_at(from), self.value_at(to)));
        }
    }

    pub(super) fn cancelled(self, event: &PointerEvent) {
        self.fingers.update_value(|fingers| fingers.retain(|finger| finger.id != event.pointer_id()));
        self.drag.set_value(None);
        self.chosen.set(None);
    }

    pub(super) fn left(self, event: &PointerEvent) {
        // A finger that was lifted leaves what it showed.
        if event.pointer_type() != "touch" && self.drag.get_value().is_none() {
            self.view.cursor.set(None);
        }
    }

    pub(super) fn wheel(self, event: &WheelEvent) {
        // Without the key the page scrolls. A pinch on a touchpad arrives as a wheel with it.
        if !event.ctrl_key() && !event.meta_key() {
            return;
        }
        event.prevent_default();
        let Some(place) = self.place(event) else { return };
        let factor = (0.01 * event.delta_y()).exp().clamp(0.8, 1.25);
        let (now, whole) = (self.view.in_view(), self.view.whole.get_untracked());
        self.view.window.set(zoom_window(now, self.value_at(place), factor, whole));
    }

    /// Where an event lies between the ends of the chart.
    fn place(self, event: &MouseEvent) -> Option<f64> {
        let bounds = self.canvas.get_untracked()?.get_bounding_client_rect();
        Some((f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0))
    }

    fn value_at(self, place: f64) -> f64 {
        self.view.scale.with_untracked(|scale| scale.x_axis.at(place))
    }

    fn width(self) -> f64 {
        self.view.scale.with_untracked(|scale| scale.size.0)
    }

    /// Reads the values nearest to a place.
    fn read(self, place: f64) {
        let x = self.value_at(place.clamp(0.0, 1.0));
        self.view.cursor.set(self.view.shown.with_untracked(|lines| nearest_x(lines, x)));
    }

    fn show(self, window: Window) {
        self.view.window.set(clamp_window(window, self.view.whole.get_untracked()));
    }
}

/// The view in which two fingers still hold the x values that they were put on.
fn held_by(a: Finger, b: Finger, width: f64, now: Window) -> Window {
    let apart = b.place - a.place;
    let length = if apart.abs() * width < MIN_PINCH_PX || (b.x - a.x) / apart <= 0.0 {
        now.1 - now.0
    } else {
        (b.x - a.x) / apart
    };
    let from = f64::midpoint(a.x, b.x) - f64::midpoint(a.place, b.place) * length;
    (from, from + length)
}
