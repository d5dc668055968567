//! The models that the user saved.

use std::sync::Arc;

use model_card::ModelCard;

use browser_storage::{Fields, MODELS, Record, StorageError, new_id};

/// A saved model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SavedModel {
    /// Unique and lasting.
    pub(crate) id: String,
    /// Chosen by the user.
    pub(crate) name: String,
    /// Milliseconds since 1970.
    pub(crate) saved_ms: f64,
    pub(crate) card: ModelCard,
    /// Weights and card as safetensors.
    pub(crate) bytes: ModelBytes,
}

/// Where the bytes of a model are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModelBytes {
    /// In memory.
    Here(Arc<Vec<u8>>),
    /// In the storage: they are read when they are used.
    Stored,
}

impl SavedModel {
    /// A new model, saved now.
    pub(crate) fn new(name: String, card: ModelCard, file: Arc<Vec<u8>>) -> Self {
        let saved_ms = js_sys::Date::now();
        Self { id: new_id(saved_ms), name, saved_ms, card, bytes: ModelBytes::Here(file) }
    }

    /// The model as it is loaded.
    pub(crate) fn to_file(&self, bytes: Arc<Vec<u8>>) -> ModelFile {
        ModelFile { id: Some(self.id.clone()), name: self.name.clone(), bytes }
    }
}

/// A model that is to be used for drawing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelFile {
    /// That of the saved model, if it is saved.
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    /// Weights and card as safetensors.
    pub(crate) bytes: Arc<Vec<u8>>,
}

/// The model that is used for drawing: the worker has read it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActiveModel {
    pub(crate) file: ModelFile,
    pub(crate) card: ModelCard,
}

impl ActiveModel {
    /// Whether this saved model is the active one.
    pub(crate) fn is(&self, id: &str) -> bool {
        self.file.id.as_deref() == Some(id)
    }
}

impl Record for SavedModel {
    const STORE: &'static str = MODELS;

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
            .with_json("card", &self.card)
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        Some(Self {
            id: fields.text("id")?,
            name: fields.text("name")?,
            saved_ms: fields.number("savedMs")?,
            // Also the card of an older version.
            card: ModelCard::from_json(&fields.text("card")?).ok()?,
            bytes: ModelBytes::Stored,
        })
    }
}
