//! The drawings that a person keeps, each with the digit that it shows.

use ink::{Image, PIXELS, Stroke};

use crate::storage::{Fields, Record, StorageError, new_id};

/// A drawing that is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Collected {
    /// Unique and lasting.
    pub(crate) id: String,
    /// Milliseconds since 1970.
    pub(crate) saved_ms: f64,
    /// The digit that it shows, as its person says.
    pub(crate) label: u8,
    /// The digit that was read in it.
    pub(crate) read: u8,
    /// What the network saw.
    pub(crate) image: Image,
    /// How it was drawn, on the page's paper, for what is yet to be made of it; none where it came from a picture or a number.
    pub(crate) strokes: Vec<Stroke>,
    /// Whether "Learn my hand" is measured on it, and never learns from it.
    pub(crate) is_held_back: bool,
}

impl Collected {
    /// A drawing that is new now.
    pub(crate) fn new(
        (label, read): (u8, u8),
        image: &Image,
        strokes: Vec<Stroke>,
        is_held_back: bool,
    ) -> Self {
        let saved_ms = js_sys::Date::now();
        Self { id: new_id(saved_ms), saved_ms, label, read, image: *image, strokes, is_held_back }
    }
}

/// Whether the next drawing of a digit is to be held back: about every fourth, but never the only one of its digit, and of no
/// digit many more than of another.
pub(crate) fn holds_back(drawings: &[Collected], label: u8) -> bool {
    let held = drawings.iter().filter(|drawing| drawing.is_held_back).count();
    let own = || drawings.iter().filter(|drawing| drawing.label == label);
    let own_held = own().filter(|drawing| drawing.is_held_back).count();
    let own_learned = own().count() - own_held;
    4 * held + 3 <= drawings.len() && own_learned > 2 * own_held
}

impl Record for Collected {
    const STORE: &'static str = "drawings";

    fn id(&self) -> &str {
        &self.id
    }

    fn saved_ms(&self) -> f64 {
        self.saved_ms
    }

    fn to_fields(&self) -> Result<Fields, StorageError> {
        Fields::new()
            .with("savedMs", self.saved_ms)?
            .with("label", self.label)?
            .with("read", self.read)?
            .with_bytes("image", &self.image)?
            .with_json("strokes", &self.strokes)?
            .with("isHeldBack", self.is_held_back)
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        let digit = |key: &str| fields.number(key).map(|digit| digit as u8).filter(|&digit| digit < 10);
        let image = fields.bytes("image")?;
        Some(Self {
            id: fields.text("id")?,
            saved_ms: fields.number("savedMs")?,
            label: digit("label")?,
            read: digit("read")?,
            image: <[u8; PIXELS]>::try_from(image).ok()?,
            strokes: fields.json("strokes")?,
            is_held_back: fields.flag("isHeldBack")?,
        })
    }
}
