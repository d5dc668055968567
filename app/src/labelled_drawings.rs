//! The drawings that the user keeps, each labelled with the digit it shows.

use ink::{Image, PIXELS, Stroke};
use protocol::{Blobs, data::LabelledBlobs};

use browser_storage::{DRAWINGS, Fields, Record, StorageError, new_id};

/// A labelled drawing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LabelledDrawing {
    /// Unique and lasting.
    pub(crate) id: String,
    /// Milliseconds since 1970.
    pub(crate) saved_ms: f64,
    /// The digit it shows, according to the user.
    pub(crate) label: u8,
    /// The digit that the network predicted.
    pub(crate) predicted: u8,
    /// The network's input.
    pub(crate) image: Image,
    /// How it was drawn, for future use. Empty if it came from a picture or a number.
    pub(crate) strokes: Vec<Stroke>,
    /// Whether personalization measures on it and never learns from it.
    pub(crate) is_held_back: bool,
}

impl LabelledDrawing {
    /// A new drawing, kept now.
    pub(crate) fn new(
        label: u8,
        predicted: u8,
        image: &Image,
        strokes: Vec<Stroke>,
        is_held_back: bool,
    ) -> Self {
        let saved_ms = js_sys::Date::now();
        Self { id: new_id(saved_ms), saved_ms, label, predicted, image: *image, strokes, is_held_back }
    }
}

/// Whether to hold back the next drawing of a digit: about every fourth, but never the only one of its digit, and not
/// many more of one digit than of another.
pub(crate) fn holds_back(drawings: &[LabelledDrawing], label: u8) -> bool {
    let held = drawings.iter().filter(|drawing| drawing.is_held_back).count();
    let own = || drawings.iter().filter(|drawing| drawing.label == label);
    let own_held = own().filter(|drawing| drawing.is_held_back).count();
    let own_learned = own().count() - own_held;
    4 * held + 3 <= drawings.len() && own_learned > 2 * own_held
}

/// Attaches drawings to a call.
pub(crate) fn attach<'a>(
    drawings: impl Iterator<Item = &'a LabelledDrawing> + Clone,
    blobs: &mut Blobs,
) -> LabelledBlobs {
    let levels: Vec<u8> = drawings.clone().flat_map(|drawing| drawing.image).collect();
    let labels: Vec<u8> = drawings.map(|drawing| drawing.label).collect();
    LabelledBlobs { levels: blobs.add(levels), labels: blobs.add(labels) }
}

impl Record for LabelledDrawing {
    const STORE: &'static str = DRAWINGS;

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
            .with("read", self.predicted)?
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
            predicted: digit("read")?,
            image: <[u8; PIXELS]>::try_from(image).ok()?,
            strokes: fields.json("strokes")?,
            is_held_back: fields.flag("isHeldBack")?,
        })
    }
}
