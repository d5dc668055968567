//! What is on offer: a model that was brought, before the person has said what to do with it; a link to take away.

use std::sync::Arc;

use leptos::prelude::*;
use model_card::ModelCard;
use model_spec::Preprocessing;
use protocol::model_files::Tried;

/// A way to read what was brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OfferedReading {
    /// Safetensors.
    pub(crate) model: Arc<Vec<u8>>,
    pub(crate) preprocessing: Option<Preprocessing>,
    /// What it assumes, for people.
    pub(crate) assumes: String,
    pub(crate) is_unusual: bool,
}

/// Where a model comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    File,
    Link,
    Site,
}

/// A model on offer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Offer {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// Who writes such files, for people.
    pub(crate) format: String,
    /// Every way to read it, the likeliest first.
    pub(crate) readings: Vec<OfferedReading>,
    /// Which of them this is.
    pub(crate) chosen: usize,
    /// Its card, with the scale that was found.
    pub(crate) card: ModelCard,
    /// Safetensors with that card.
    pub(crate) model: Arc<Vec<u8>>,
    /// What it reads of digits that are known, where it tells ten classes apart.
    pub(crate) tried: Option<Tried>,
}

/// A link that the person asked for, and its QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SharedLink {
    pub(crate) address: String,
    /// Modules along a side.
    pub(crate) side: u32,
    /// A byte for each module, row by row; 1 is dark.
    pub(crate) modules: Vec<u8>,
}

/// What is on offer: a model that was brought, a link to take away. Copies share it.
#[derive(Clone, Copy)]
pub(crate) struct Offers {
    pub(crate) link: RwSignal<Option<SharedLink>>,
    pub(crate) current: RwSignal<Option<Offer>, LocalStorage>,
    /// What is being opened, for people.
    pub(crate) opening: RwSignal<Option<String>>,
}

impl Offers {
    pub(crate) fn new() -> Self {
        Self { link: RwSignal::new(None), current: RwSignal::new_local(None), opening: RwSignal::new(None) }
    }
}
