//! Drawing, and pictures in its place.

use ink::{Drawing, Image, Picture, Point, SIDE, Stroke};
use leptos::prelude::*;
use protocol::data::{Listed, Order, PartName};
use train_config::DataChoice;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::{
    browser,
    drawing_state::PictureInput,
    lab::{Lab, default_data},
    parts::image_grid::Shown,
    pictures::{self, Decoded},
    words,
};

/// Preference: the pen's radius.
pub(super) const PEN_KEY: &str = "inkling.pen";

/// Pixels of a picture for each pixel of an image that is shown as one.
const ENLARGED: usize = 10;

/// An image's level at a place of the enlarged picture, between those of the nearest four pixels.
fn smoothly(image: &Image, x: usize, y: usize) -> u8 {
    let place = |pixel: usize| {
        let place = ((pixel as f32 + 0.5) / ENLARGED as f32 - 0.5).clamp(0.0, (SIDE - 1) as f32);
        (place as usize, (place as usize + 1).min(SIDE - 1), place.fract())
    };
    let ((left, right, across), (upper, lower, down)) = (place(x), place(y));
    let row = |y: usize| {
        let [one, other] = [left, right].map(|x| f32::from(image[y * SIDE + x]));
        one + across * (other - one)
    };
    (row(upper) + down * (row(lower) - row(upper))).round() as u8
}

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

    /// Shows a test image of this digit, each time another one, as a picture: of MNIST where the site has it, else a built-in one.
    pub(crate) fn show_me(self, digit: u8) {
        spawn_local(async move {
            let images = Listed::Stretch {
                part: PartName::Test,
                class: Some(digit),
                order: Order::Shuffled((js_sys::Math::random() * f64::from(u32::MAX)) as u32),
                offset: 0,
                count: 1,
            };
            let mut look = self.look(default_data(&self).choice, images.clone()).await;
            if look.is_err() {
                // Without a network there may be no MNIST.
                look = self.look(DataChoice::BuiltIn { train_images: 600 }, images).await;
            }
            let images = match look {
                Ok((_, images)) => images,
                Err(error) => return self.report_trouble(words::job_error(&error)),
            };
            let side = ENLARGED * SIDE;
            let Some(Shown { image, .. }) = images.first() else { return };
            let brightness =
                (0..side * side).map(|index| 255 - smoothly(image, index % side, index / side)).collect();
            // As many pixels as its sides say.
            if let Ok(picture) = Picture::from_brightness(side, side, brightness) {
                self.show(Some(PictureInput::new(picture)));
            }
        });
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
