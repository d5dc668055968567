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
    pub(crate) card: ModelCard,
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

/// A link that the person asked for, and its QR code, which comes a moment later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SharedLink {
    pub(crate) address: String,
    /// The data set that it needs and does not hold.
    pub(crate) files: Option<String>,
    /// Modules along a side; 0 before there are any.
    pub(crate) side: u32,
    /// A byte for each module, row by row; 1 is dark.
    pub(crate) modules: Vec<u8>,
}

/// What is on offer: a model that was brought, a link to take away. Copies share it.
#[derive(Clone, Copy)]
pub(crate) struct Offers {
    pub(crate) link: RwSignal<Option<SharedLink>>,
    pub(crate) current: RwSignal<Option<Offer>, LocalStorage>,
    /// Those that came while another was on offer, the oldest first.
    waiting: StoredValue<Vec<Offer>, LocalStorage>,
    /// Counts the choices of a reading: only the last one counts.
    pub(crate) choices: StoredValue<u32>,
    /// What is being kept, by the number of its choice.
    being_kept: StoredValue<Option<u32>>,
    /// What stands behind the `#` of the address since it last changed.
    pub(crate) fragment: RwSignal<String>,
    /// What is being opened, for people.
    pub(crate) opening: RwSignal<Option<String>>,
}

impl Offers {
    pub(crate) fn new() -> Self {
        Self {
            link: RwSignal::new(None),
            current: RwSignal::new_local(None),
            waiting: StoredValue::new_local(Vec::new()),
            choices: StoredValue::new(0),
            being_kept: StoredValue::new(None),
            fragment: RwSignal::new(String::new()),
            opening: RwSignal::new(None),
        }
    }

    /// Offers a model, as soon as no other is on offer.
    pub(crate) fn offer(self, offer: Offer) {
        if self.current.with_untracked(Option::is_some) {
            self.waiting.update_value(|waiting| waiting.push(offer));
        } else {
            self.current.set(Some(offer));
        }
    }

    /// What is on offer, for whoever keeps it, and the number of this choice; nothing where it is being kept already.
    pub(crate) fn begin_keeping(self) -> Option<(Offer, u32)> {
        let offer = self.current.get_untracked()?;
        let choice = self.choices.get_value();
        let before = self.being_kept.try_update_value(|being_kept| being_kept.replace(choice));
        (before.flatten() != Some(choice)).then_some((offer, choice))
    }

    /// Ends what was on offer, if it is kept now; what could not be kept stays.
    pub(crate) fn end_keeping(self, choice: u32, is_kept: bool) {
        self.being_kept.set_value(None);
        if is_kept && self.choices.get_value() == choice {
            self.close();
        }
    }

    /// Ends what is on offer, and offers the next one.
    pub(crate) fn close(self) {
        self.choices.update_value(|choices| *choices += 1);
        let next = self.waiting.try_update_value(|waiting| (!waiting.is_empty()).then(|| waiting.remove(0)));
        self.current.set(next.flatten());
    }
}
