//! The drawing or picture on the Draw page, and what is recognized in it.

use std::rc::Rc;

use evaluation::Prediction;
use ink::{Bounds, Drawing, FoundInk, Image, Picture, Polarity, Raster, Stroke, found_ink};
use leptos::prelude::*;
use protocol::predict::MAX_IMAGES;
use recognition::{MAX_CANDIDATES, RecognizedDigit, RecognizedNumber, Segmentation};
use worker_client::Recognizer;

use crate::{engine::BrowserHost, saved_models::ModelFile};

const _: () = assert!(MAX_CANDIDATES <= MAX_IMAGES, "one call classifies a whole drawing");

type PageRecognizer = Recognizer<BrowserHost, ModelFile>;

/// A picture, and the user's corrections to how it is read.
#[derive(Clone, PartialEq)]
pub(crate) struct PictureInput {
    whole: Rc<Picture>,
    /// The cropped and rotated part.
    pub(crate) shown: Rc<Picture>,
    pub(crate) found: Rc<FoundInk>,
    quarter_turns: u32,
    /// In pixels of the rotated picture.
    crop: Option<Bounds>,
    /// The user's choice.
    polarity: Option<Polarity>,
}

impl PictureInput {
    pub(crate) fn new(picture: Picture) -> Self {
        let whole = Rc::new(picture);
        let found = Rc::new(found_ink(&whole, None));
        Self { shown: Rc::clone(&whole), whole, found, quarter_turns: 0, crop: None, polarity: None }
    }

    /// Swaps dark and bright ink.
    pub(crate) fn inverted(mut self) -> Self {
        self.polarity = Some(match self.found.polarity {
            Polarity::DarkInk => Polarity::BrightInk,
            Polarity::BrightInk => Polarity::DarkInk,
        });
        self.updated()
    }

    /// Turns it clockwise by a quarter. The whole picture is shown again.
    pub(crate) fn rotated(mut self) -> Self {
        self.quarter_turns += 1;
        self.crop = None;
        self.updated()
    }

    /// Crops what is shown, or shows the whole picture again.
    pub(crate) fn cropped(mut self, part: Option<Bounds>) -> Self {
        let (left, top) = self.crop.map_or((0, 0), |crop| (crop.left, crop.top));
        self.crop = part.map(|part| Bounds { left: part.left + left, top: part.top + top, ..part });
        self.updated()
    }

    pub(crate) fn is_cropped(&self) -> bool {
        self.crop.is_some()
    }

    fn updated(mut self) -> Self {
        let turned = self.whole.turned(self.quarter_turns);
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
pub(crate) struct DrawingState {
    /// Counts changes of the ink.
    pub(crate) ink_version: RwSignal<u32>,
    /// The picture; without one, the drawing is read.
    pub(crate) picture: RwSignal<Option<PictureInput>, LocalStorage>,
    pub(crate) has_ink: RwSignal<bool>,
    /// Whether there is ink, but nothing that may be a digit.
    pub(crate) is_unreadable: RwSignal<bool>,
    /// The numbers, from top to bottom; none while there is no ink.
    pub(crate) numbers: RwSignal<Vec<RecognizedNumber>>,
    /// The index, through all numbers, of the digit whose bars are shown.
    pub(crate) selected: RwSignal<usize>,
    drawing: StoredValue<Drawing, LocalStorage>,
    /// That of the images sent to the recognizer.
    segmentation: StoredValue<Option<Segmentation>, LocalStorage>,
    /// Whether the ink has changed since then.
    is_stale: StoredValue<bool>,
    /// Ink versions and times of the pointer events that the bars do not show yet.
    unshown: StoredValue<Vec<(u32, f64)>, LocalStorage>,
}

impl DrawingState {
    pub(crate) fn new() -> Self {
        Self {
            ink_version: RwSignal::new(0),
            picture: RwSignal::new_local(None),
            has_ink: RwSignal::new(false),
            is_unreadable: RwSignal::new(false),
            numbers: RwSignal::new(Vec::new()),
            selected: RwSignal::new(0),
            drawing: StoredValue::new_local(Drawing::new()),
            segmentation: StoredValue::new_local(None),
            is_stale: StoredValue::new(false),
            unshown: StoredValue::new_local(Vec::new()),
        }
    }

    /// Looks at the drawing.
    pub(crate) fn with_drawing<T>(self, look: impl FnOnce(&Drawing) -> T) -> T {
        self.drawing.with_value(look)
    }

    /// The strokes, if the drawing is a single digit; otherwise none.
    pub(crate) fn strokes_of_one_digit(self) -> Vec<Stroke> {
        let digits = self.numbers.with_untracked(|numbers| numbers.iter().map(Vec::len).sum::<usize>());
        if digits == 1 && self.picture.with_untracked(Option::is_none) {
            self.with_drawing(|drawing| drawing.strokes().to_vec())
        } else {
            Vec::new()
        }
    }

    /// All digits, from left to right and from top to bottom.
    pub(crate) fn digits(self) -> Vec<RecognizedDigit> {
        self.numbers.with(|numbers| numbers.iter().flatten().cloned().collect())
    }

    /// The digit whose bars are shown.
    pub(crate) fn selected_digit(self) -> Option<RecognizedDigit> {
        let selected = self.selected.get();
        self.numbers.with(|numbers| numbers.iter().flatten().nth(selected).cloned())
    }

    /// The same, unless the ink has changed since.
    pub(crate) fn settled_digit(self) -> Option<RecognizedDigit> {
        untrack(|| self.selected_digit()).filter(|_| !self.is_stale.get_value())
    }

    pub(crate) fn selected_prediction(self) -> Option<Prediction> {
        self.selected_digit().map(|digit| digit.prediction)
    }

    /// Changes the drawing. `event_ms` is the time of the pointer event, if there was one.
    pub(crate) fn draw(
        self,
        recognizer: &PageRecognizer,
        event_ms: Option<f64>,
        change: impl FnOnce(&mut Drawing),
    ) {
        self.drawing.update_value(change);
        self.changed(recognizer, event_ms);
    }

    /// Shows a picture, or the drawing again.
    pub(crate) fn show(self, recognizer: &PageRecognizer, picture: Option<PictureInput>) {
        self.picture.set(picture);
        self.changed(recognizer, None);
    }

    fn changed(self, recognizer: &PageRecognizer, event_ms: Option<f64>) {
        self.ink_version.update(|version| *version += 1);
        let has_ink = self.with_raster(|raster| raster.levels().iter().any(|&level| level > 0));
        if self.has_ink.get_untracked() != has_ink {
            self.has_ink.set(has_ink);
        }
        if has_ink {
            if let Some(event_ms) = event_ms {
                let version = self.ink_version.get_untracked();
                self.unshown.update_value(|unshown| unshown.push((version, event_ms)));
            }
            self.recognize(recognizer);
        } else {
            self.numbers.set(Vec::new());
        }
    }

    fn with_raster<T>(self, look: impl FnOnce(&Raster) -> T) -> T {
        self.picture.with_untracked(|picture| match picture {
            Some(picture) => look(&picture.found.raster),
            None => self.drawing.with_value(|drawing| look(drawing.raster())),
        })
    }

    /// Starts to recognize the present ink, or does so as soon as the recognizer is free.
    pub(crate) fn recognize(self, recognizer: &PageRecognizer) {
        if !self.has_ink.get_untracked() {
            return;
        }
        self.is_stale.set_value(!recognizer.is_free());
        if recognizer.is_free() {
            let segmentation = self.picture.with_untracked(|picture| match picture {
                Some(picture) => Segmentation::of(&picture.found.raster),
                None => self.with_drawing(|drawing| {
                    Segmentation::of_strokes(drawing.raster(), drawing.strokes().len())
                }),
            });
            let levels = segmentation.images().concat();
            self.segmentation.set_value(Some(segmentation));
            self.is_unreadable.set(levels.is_empty());
            if levels.is_empty() {
                self.numbers.set(Vec::new());
            } else {
                recognizer.predict(self.ink_version.get_untracked(), levels);
            }
        }
    }

    /// Takes the predictions for a version of the ink.
    pub(crate) fn on_predictions(
        self,
        recognizer: &PageRecognizer,
        version: u32,
        predictions: &[Prediction],
    ) {
        // If the ink was cleared meanwhile, there is nothing to answer.
        if self.has_ink.get_untracked() {
            let numbers = self.segmentation.with_value(|segmentation| {
                segmentation
                    .as_ref()
                    .map_or_else(Vec::new, |segmentation| segmentation.recognize(predictions))
            });
            let digits = numbers.iter().map(Vec::len).sum::<usize>();
            if self.selected.get_untracked() >= digits.max(1) {
                self.selected.set(digits.max(1) - 1);
            }
            self.numbers.set(numbers);
        }
        self.unshown.update_value(|unshown| {
            unshown.retain(|&(unshown_version, event_ms)| {
                let shown = unshown_version <= version;
                if shown {
                    crate::parts::bars::measure_when_shown(event_ms);
                }
                !shown
            });
        });
        if self.is_stale.get_value() {
            self.recognize(recognizer);
        }
    }
}

/// The network's input for the digit whose bars are shown.
pub(crate) fn network_input(drawing: DrawingState) -> Option<Image> {
    drawing.selected_digit().map(|digit| digit.image)
}
