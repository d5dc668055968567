//! The run that this tab trains, as the page shows it.

use std::sync::Arc;

use leptos::prelude::*;
use model_card::ModelCard;
use train_config::TrainConfig;
use worker_client::RunView;

use crate::locks;

/// Weights as safetensors, and their card.
pub(crate) type TrainedWeights = (Arc<Vec<u8>>, ModelCard);

/// The run under way, or the last one; copies share it.
#[derive(Clone, Copy)]
pub(crate) struct Training {
    pub(crate) view: RwSignal<RunView>,
    /// Whether it is drawn with while it learns.
    pub(crate) follows: RwSignal<bool>,
    /// Whether there are trained weights that can be saved.
    pub(crate) can_save: RwSignal<bool>,
    /// The newest weights.
    pub(crate) trained: StoredValue<Option<TrainedWeights>, LocalStorage>,
    /// To the other tabs.
    pub(crate) channel: StoredValue<Option<locks::Channel>, LocalStorage>,
    /// Held where this tab takes runs out of the queue.
    pub(crate) queue_lock: StoredValue<Option<locks::Held>, LocalStorage>,
    /// When the record and the curve were shown last.
    pub(crate) shown_ms: StoredValue<f64>,
    /// Whether it was said that the run cannot be stored.
    pub(crate) is_unstored: RwSignal<bool>,
    /// Whether a run is being prepared: its checkpoint is read.
    pub(crate) is_starting: RwSignal<bool>,
}

impl Training {
    pub(crate) fn new() -> Self {
        Self {
            view: RwSignal::new(RunView::new(TrainConfig::default())),
            follows: RwSignal::new(false),
            can_save: RwSignal::new(false),
            trained: StoredValue::new_local(None),
            channel: StoredValue::new_local(None),
            queue_lock: StoredValue::new_local(None),
            shown_ms: StoredValue::new(0.0),
            is_unstored: RwSignal::new(false),
            is_starting: RwSignal::new(false),
        }
    }
}
