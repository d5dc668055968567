//! What lies on the desk, a drawing or a picture, and what is read in it.

use std::rc::Rc;

use ink::{Bounds, Drawing, FoundInk, Image, Picture, Polarity, Raster, Stroke, found_ink};
use leptos::prelude::*;
use protocol::MOST_IMAGES;
use reading::{MOST_CANDIDATES, ReadDigit, ReadNumber, Sheet};
use recipe::Reading;

use crate::engine::Reader;

const _: () = assert!(MOST_CANDIDATES <= MOST_IMAGES, "a worker reads a whole sheet at once");

/// A picture and how it is looked at.
#[derive(Clone, PartialEq)]
pub(crate) struct Shot {
    whole: Rc<Picture>,
    /// The part that is looked at, turned.
    pub(crate) shown: Rc<Picture>,
    pub(crate) found: Rc<FoundInk>,
    quarters: u32,
    /// In pixels of the turned picture.
    crop: Option<Bounds>,
    /// As the person says.
    polarity: Option<Polarity>,
}

impl Shot {
    pub(crate) fn new(picture: Picture) -> Self {
        let whole = Rc::new(picture);
        let found = Rc::new(found_ink(&whole, None));
        Self { shown: Rc::clone(&whole), whole, found, quarters: 0, crop: None, polarity: None }
    }

    /// The other way round than it is taken now: dark for bright ink.
    pub(crate) fn inverted(mut self) -> Self {
        self.polarity = Some(match self.found.polarity {
            Polarity::DarkInk => Polarity::BrightInk,
            Polarity::BrightInk => Polarity::DarkInk,
        });
        self.looked_at()
    }

    /// A quarter to the right; the whole picture again.
    pub(crate) fn turned(mut self) -> Self {
        self.quarters += 1;
        self.crop = None;
        self.looked_at()
    }

    /// The part within bounds of what is shown, or the whole picture.
    pub(crate) fn cropped(mut self, part: Option<Bounds>) -> Self {
        let (left, top) = self.crop.map_or((0, 0), |crop| (crop.left, crop.top));
        self.crop = part.map(|part| Bounds { left: part.left + left, top: part.top + top, ..part });
        self.looked_at()
    }

    pub(crate) fn is_cropped(&self) -> bool {
        self.crop.is_some()
    }

    fn looked_at(mut self) -> Self {
        let turned = self.whole.turned(self.quarters);
        self.shown = Rc::new(match &self.crop {
            Some(crop) => turned.cropped(crop),
            None => turned,
        });
        self.found = Rc::new(found_ink(&self.shown, self.polarity));
        self
    }
}

/// Signals and handles; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    /// Counts changes of the ink.
    pub(crate) ink_version: RwSignal<u32>,
    /// The picture on the desk; without one it is the drawing.
    pub(crate) shot: RwSignal<Option<Shot>, LocalStorage>,
    pub(crate) has_ink: RwSignal<bool>,
    /// Whether there is ink, but none that may be digits.
    pub(crate) is_unreadable: RwSignal<bool>,
    /// What is read, from top to bottom; nothing while there is no ink.
    pub(crate) numbers: RwSignal<Vec<ReadNumber>>,
    /// The digit whose bars are shown, counted through all numbers.
    pub(crate) chosen: RwSignal<usize>,
    drawing: StoredValue<Drawing, LocalStorage>,
    /// What was sent to be read.
    sheet: StoredValue<Option<Sheet>, LocalStorage>,
    /// Whether the ink has changed since.
    is_stale: StoredValue<bool>,
    /// Numbers and times of the pointer events that the bars do not show yet.
    unshown: StoredValue<Vec<(u32, f64)>, LocalStorage>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            ink_version: RwSignal::new(0),
            shot: RwSignal::new_local(None),
            has_ink: RwSignal::new(false),
            is_unreadable: RwSignal::new(false),
            numbers: RwSignal::new(Vec::new()),
            chosen: RwSignal::new(0),
            drawing: StoredValue::new_local(Drawing::new()),
            sheet: StoredValue::new_local(None),
            is_stale: StoredValue::new(false),
            unshown: StoredValue::new_local(Vec::new()),
        }
    }

    /// The drawing as it is now.
    pub(crate) fn with_drawing<T>(self, look: impl FnOnce(&Drawing) -> T) -> T {
        self.drawing.with_value(look)
    }

    /// The strokes of a drawing in which one digit is read; none else.
    pub(crate) fn strokes_of_one_digit(self) -> Vec<Stroke> {
        let digits = self.numbers.with_untracked(|numbers| numbers.iter().map(Vec::len).sum::<usize>());
        if digits == 1 && self.shot.with_untracked(Option::is_none) {
            self.with_drawing(|drawing| drawing.strokes().to_vec())
        } else {
            Vec::new()
        }
    }

    /// All digits, from left to right and from top to bottom.
    pub(crate) fn digits(self) -> Vec<ReadDigit> {
        self.numbers.with(|numbers| numbers.iter().flatten().cloned().collect())
    }

    /// The digit whose bars are shown.
    pub(crate) fn chosen_digit(self) -> Option<ReadDigit> {
        let chosen = self.chosen.get();
        self.numbers.with(|numbers| numbers.iter().flatten().nth(chosen).cloned())
    }

    /// The same, where it is of the ink as it is now.
    pub(crate) fn settled_digit(self) -> Option<ReadDigit> {
        untrack(|| self.chosen_digit()).filter(|_| !self.is_stale.get_value())
    }

    pub(crate) fn chosen_reading(self) -> Option<Reading> {
        self.chosen_digit().map(|digit| digit.reading)
    }

    /// Changes the drawing, at a time of the clock of events where a pen did it.
    pub(crate) fn draw(self, reader: &Reader, event_ms: Option<f64>, change: impl FnOnce(&mut Drawing)) {
        self.drawing.update_value(change);
        self.changed(reader, event_ms);
    }

    /// Puts a picture on the desk, or takes it off.
    pub(crate) fn show(self, reader: &Reader, shot: Option<Shot>) {
        self.shot.set(shot);
        self.changed(reader, None);
    }

    fn changed(self, reader: &Reader, event_ms: Option<f64>) {
        self.ink_version.update(|version| *version += 1);
        let has_ink = self.with_raster(|raster| raster.levels().iter().any(|&level| level > 0));
        if self.has_ink.get_untracked() != has_ink {
            self.has_ink.set(has_ink);
        }
        if has_ink {
            if let Some(event_ms) = event_ms {
                let number = self.ink_version.get_untracked();
                self.unshown.update_value(|unshown| unshown.push((number, event_ms)));
            }
            self.read(reader);
        } else {
            self.numbers.set(Vec::new());
        }
    }

    fn with_raster<T>(self, look: impl FnOnce(&Raster) -> T) -> T {
        self.shot.with_untracked(|shot| match shot {
            Some(shot) => look(&shot.found.raster),
            None => self.drawing.with_value(|drawing| look(drawing.raster())),
        })
    }

    /// Has the ink read as it is now, or as it will be when the reader is free.
    pub(crate) fn read(self, reader: &Reader) {
        if !self.has_ink.get_untracked() {
            return;
        }
        self.is_stale.set_value(!reader.is_free());
        if reader.is_free() {
            let sheet = self.shot.with_untracked(|shot| match shot {
                Some(shot) => Sheet::of(&shot.found.raster),
                None => {
                    self.with_drawing(|drawing| Sheet::of_strokes(drawing.raster(), drawing.strokes().len()))
                }
            });
            let levels = sheet.images().concat();
            self.sheet.set_value(Some(sheet));
            self.is_unreadable.set(levels.is_empty());
            if levels.is_empty() {
                self.numbers.set(Vec::new());
            } else {
                reader.predict(self.ink_version.get_untracked(), levels);
            }
        }
    }

    /// Takes what was read under a number.
    pub(crate) fn take(self, reader: &Reader, number: u32, readings: &[Reading]) {
        // Ink that was cleared meanwhile has no answer.
        if self.has_ink.get_untracked() {
            let numbers = self.sheet.with_value(|sheet| sheet.as_ref().map(|sheet| sheet.read(readings)));
            let numbers = numbers.unwrap_or_default();
            let digits = numbers.iter().map(Vec::len).sum::<usize>();
            if self.chosen.get_untracked() >= digits.max(1) {
                self.chosen.set(digits.max(1) - 1);
            }
            self.numbers.set(numbers);
        }
        self.unshown.update_value(|unshown| {
            unshown.retain(|&(unshown_number, event_ms)| {
                let shown = unshown_number <= number;
                if shown {
                    crate::parts::bars::measure_when_shown(event_ms);
                }
                !shown
            });
        });
        if self.is_stale.get_value() {
            self.read(reader);
        }
    }
}

/// The image of the digit whose bars are shown.
pub(crate) fn seen(desk: Desk) -> Option<Image> {
    desk.chosen_digit().map(|digit| digit.image)
}
