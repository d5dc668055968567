//! The drawings that the person keeps.

use leptos::prelude::*;

use crate::labelled_drawings::LabelledDrawing;

/// The drawings; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Drawings {
    /// The newest first.
    pub(crate) all: RwSignal<Vec<LabelledDrawing>, LocalStorage>,
}

impl Drawings {
    pub(crate) fn new() -> Self {
        Self { all: RwSignal::new_local(Vec::new()) }
    }
}
