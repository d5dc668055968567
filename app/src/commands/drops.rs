//! Files that are dropped anywhere: each kind belongs to a page.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DragEvent, File};

use crate::{browser, lab::Lab};

/// Endings of the files that may hold models, as a file field takes them.
pub(crate) const MODEL_FILES: &str = ".safetensors,.pt,.pth,.bin,.onnx,.h5,.hdf5,.keras,.npz,.zip,.json";
/// Those of them that may as well hold images.
const AMBIGUOUS: [&str; 2] = [".npz", ".zip"];

/// A page that takes files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Draw,
    Data,
    Models,
}

impl Place {
    const ALL: [Self; 3] = [Self::Draw, Self::Data, Self::Models];

    /// The page at a path below the site's root; nothing where it takes no files.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        Self::ALL.into_iter().find(|place| place.path().trim_end_matches('/') == path)
    }

    /// Its path below the site's root.
    const fn path(self) -> &'static str {
        match self {
            Self::Draw => "/",
            Self::Data => "/data",
            Self::Models => "/models",
        }
    }

    /// Where files belong that were dropped on the page `on`.
    fn of(files: &[File], on: Option<Self>) -> Self {
        let is_model = |file: &File| {
            let name = file.name().to_lowercase();
            let mut endings = MODEL_FILES.split(',').filter(|ending| name.ends_with(ending));
            endings.any(|ending| on == Some(Self::Models) || !AMBIGUOUS.contains(&ending))
        };
        match files {
            [one] if one.type_().starts_with("image/") => Self::Draw,
            files if files.iter().any(is_model) => Self::Models,
            _ => Self::Data,
        }
    }
}

impl Lab {
    /// Takes what was dropped on the page `on`, and goes where that belongs.
    pub(crate) fn take_drop(self, event: &DragEvent, on: Option<Place>, go_to: impl Fn(&str) + 'static) {
        event.prevent_default();
        let Some(transfer) = event.data_transfer() else { return };
        spawn_local(async move {
            let files = match browser::dropped_files(&transfer).await {
                Ok(files) if files.is_empty() => return,
                Ok(files) => files,
                Err(text) => return self.report_trouble(text),
            };
            let place = Place::of(&files, on);
            match place {
                Place::Draw => files.into_iter().for_each(|file| self.open_picture(file)),
                Place::Models => self.import(files),
                Place::Data => self.data_sets.brought.set(files),
            }
            if Some(place) != on {
                go_to(place.path());
            }
        });
    }
}
