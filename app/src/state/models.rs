//! The models: those that came with the site, those that are saved, and the one that is drawn with.

use std::sync::Arc;

use leptos::prelude::*;
use model_card::ModelCard;

use crate::saved_models::{ActiveModel, ModelFile, SavedModel};

/// A model that comes with the site.
pub(crate) struct Shipped {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
}

/// The first is used until another is chosen.
pub(crate) const SHIPPED: [Shipped; 2] = [
    Shipped { id: "shipped", name: "Shipped model", path: "models/reader-cnn.safetensors" },
    Shipped { id: "shipped-small", name: "Small shipped model", path: "models/small-cnn.safetensors" },
];

/// The models; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Models {
    /// The one that is drawn with; none before the first one is loaded.
    pub(crate) active: RwSignal<Option<ActiveModel>>,
    /// The newest first.
    pub(crate) saved: RwSignal<Vec<SavedModel>, LocalStorage>,
    /// Those that came with the site, once they have arrived.
    pub(crate) shipped: RwSignal<Vec<SavedModel>, LocalStorage>,
    /// The id of the one that every visit begins with; where there is none, it is the last one that was chosen.
    pub(crate) starred: RwSignal<Option<String>>,
    /// The one that the recognizer was asked to load last.
    pub(crate) requested: StoredValue<Option<ModelFile>, LocalStorage>,
}

impl Models {
    pub(crate) fn new() -> Self {
        Self {
            active: RwSignal::new(None),
            saved: RwSignal::new_local(Vec::new()),
            shipped: RwSignal::new_local(Vec::new()),
            starred: RwSignal::new(None),
            requested: StoredValue::new_local(None),
        }
    }

    /// A new model to save, under a name of its own.
    pub(crate) fn new_model(self, name: String, card: ModelCard, file: Arc<Vec<u8>>) -> SavedModel {
        SavedModel::new(self.free_name(name), card, file)
    }

    /// A name that no saved model has: `mnist-cnn (2)` where `mnist-cnn` is taken.
    fn free_name(self, name: String) -> String {
        self.saved.with_untracked(|saved| {
            let is_free = |name: &String| saved.iter().all(|model| model.name != *name);
            if is_free(&name) {
                return name;
            }
            // Of as many numbers as there are models, one is free: the first model has none.
            (2..saved.len() + 2).map(|number| format!("{name} ({number})")).find(is_free).unwrap_or(name)
        })
    }

    /// Whether no model was requested yet, or only the one that is used until another is chosen.
    pub(crate) fn has_only_default(self) -> bool {
        self.requested.with_value(|requested| {
            requested.as_ref().is_none_or(|model| model.id.as_deref() == Some(SHIPPED[0].id))
        })
    }

    /// Whether the model in use reads digits, as far as is known.
    pub(crate) fn reads_digits(self) -> bool {
        self.active.with(|model| model.as_ref().is_none_or(|model| model.card.reads_digits()))
    }

    /// What a class of the model in use is called.
    pub(crate) fn class_name(self, class: usize) -> String {
        self.active.with(|model| {
            model.as_ref().map_or_else(|| class.to_string(), |model| model.card.class_name(class))
        })
    }
}

/// Whether a model came with the site: it can be neither renamed nor deleted.
pub(crate) fn is_shipped(id: &str) -> bool {
    SHIPPED.iter().any(|shipped| shipped.id == id)
}
