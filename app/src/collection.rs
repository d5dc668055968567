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
    /// How it was drawn, on the page's paper; none where it came from a picture or from a number.
    pub(crate) strokes: Vec<Stroke>,
}

impl Collected {
    /// A drawing that is new now.
    pub(crate) fn new(label: u8, read: u8, image: &Image, strokes: Vec<Stroke>) -> Self {
        let saved_ms = js_sys::Date::now();
        Self { id: new_id(saved_ms), saved_ms, label, read, image: *image, strokes }
    }
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
            .with_json("strokes", &self.strokes)
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
        })
    }
}
