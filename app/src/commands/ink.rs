//! Drawing, and pictures in its place.

use ink::{Drawing, Point, Stroke};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::{
    browser,
    drawing_state::PictureInput,
    lab::Lab,
    pictures::{self, Decoded},
};

/// Preference: the pen's radius.
pub(crate) const PEN_KEY: &str = "inkling.pen";

impl Lab {
    /// Puts the pen down. `event_ms` is the time of the pointer event.
    pub(crate) fn pen_down(self, point: Point, event_ms: f64) {
        self.draw(Some(event_ms), |drawing| drawing.pen_down(point));
    }

    /// Moves the pen through points. `event_ms` is the time of the last one.
    pub(crate) fn pen_move(self, points: &[Point], event_ms: f64) {
        self.draw(Some(event_ms), |drawing| points.iter().for_each(|&point| drawing.pen_move(point)));
    }

    /// Changes the pen, now and after a reload.
    pub(crate) fn set_pen_radius(self, radius: f32) {
        self.draw(None, |drawing| drawing.set_pen_radius(radius));
        browser::set_preference(PEN_KEY, &radius.to_string());
    }

    /// Undoes the last stroke.
    pub(crate) fn undo(self) {
        // The drawing under a picture is left alone.
        if self.drawing.picture.with_untracked(Option::is_some) {
            return;
        }
        self.draw(None, |drawing| {
            drawing.undo();
        });
    }

    /// Clears the drawing, or closes the picture.
    pub(crate) fn clear(self) {
        if self.drawing.picture.with_untracked(Option::is_some) {
            return self.show(None);
        }
        self.draw(None, |drawing| {
            drawing.clear();
        });
    }

    /// Puts these strokes in place of the drawing.
    pub(crate) fn set_drawing(self, strokes: Vec<Stroke>) {
        self.draw(None, |drawing| {
            let radius = drawing.pen_radius();
            *drawing = Drawing::from_strokes(strokes);
            drawing.set_pen_radius(radius);
        });
    }

    fn draw(self, event_ms: Option<f64>, change: impl FnOnce(&mut Drawing)) {
        self.workers.with_recognizer(|recognizer| self.drawing.draw(recognizer, event_ms, change));
    }

    /// Shows a picture, or the drawing again.
    pub(crate) fn show(self, picture: Option<PictureInput>) {
        self.workers.with_recognizer(|recognizer| self.drawing.show(recognizer, picture));
    }

    /// Shows a picture file, if it is one.
    pub(crate) fn open_picture(self, file: File) {
        spawn_local(async move {
            match pictures::decode(&file).await {
                Ok(Decoded { picture, is_first_of_several }) => {
                    if is_first_of_several {
                        self.notify(format!("{} moves: its first picture is read.", file.name()), None);
                    }
                    self.show(Some(PictureInput::new(picture)));
                }
                Err(text) => self.report_trouble(text),
            }
        });
    }
}
