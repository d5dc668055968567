//! The models that a person keeps.

use std::sync::Arc;

use recipe::ModelCard;

use crate::storage::{Fields, Record, StorageError, new_id};

/// A model that is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    /// Unique and lasting.
    pub(crate) id: String,
    /// Given by the person.
    pub(crate) name: String,
    /// Milliseconds since 1970.
    pub(crate) saved_ms: f64,
    pub(crate) card: ModelCard,
    /// Weights and card as safetensors.
    pub(crate) file: Arc<Vec<u8>>,
}

impl Kept {
    /// A model that is new now.
    pub(crate) fn new(name: String, card: ModelCard, file: Arc<Vec<u8>>) -> Self {
        let saved_ms = js_sys::Date::now();
        Self { id: new_id(saved_ms), name, saved_ms, card, file }
    }
}

impl Record for Kept {
    const STORE: &'static str = "models";

    fn id(&self) -> &str {
        &self.id
    }

    fn saved_ms(&self) -> f64 {
        self.saved_ms
    }

    fn to_fields(&self) -> Result<Fields, StorageError> {
        Fields::new()
            .with("name", self.name.as_str())?
            .with("savedMs", self.saved_ms)?
            .with_json("card", &self.card)?
            .with_bytes("file", &self.file)
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        Some(Self {
            id: fields.text("id")?,
            name: fields.text("name")?,
            saved_ms: fields.number("savedMs")?,
            card: fields.json("card")?,
            file: Arc::new(fields.bytes("file")?),
        })
    }
}
