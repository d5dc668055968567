//! Files that are dropped anywhere: each kind belongs to a page.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DragEvent, File};

use crate::{browser, lab::Lab};

/// Endings of the files that hold models and nothing else.
const MODEL_ENDINGS: [&str; 9] =
    [".safetensors", ".pt", ".pth", ".onnx", ".h5", ".hdf5", ".keras", ".bin", ".json"];

/// A page that takes files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Draw,
    Data,
    Models,
}

impl Place {
    /// Its path below the site's root.
    const fn path(self) -> &'static str {
        match self {
            Self::Draw => "/",
            Self::Data => "/data",
            Self::Models => "/models",
        }
    }

    /// Where files belong that were dropped on `self`: a zip may hold images or a model.
    fn of(self, files: &[File]) -> Self {
        let is_model = |file: &File| {
            let name = file.name().to_lowercase();
            MODEL_ENDINGS.iter().any(|ending| name.ends_with(ending))
        };
        let is_picture = |file: &File| file.type_().starts_with("image/");
        let is_ambiguous = |file: &File| [".zip", ".npz"].iter().any(|ending| file.name().ends_with(ending));
        match files {
            [one] if is_picture(one) && browser::relative_path(one).is_empty() => Self::Draw,
            files if files.iter().any(is_model) => Self::Models,
            [one] if self == Self::Models && is_ambiguous(one) => Self::Models,
            _ => Self::Data,
        }
    }
}

impl Lab {
    /// Takes what was dropped on a page, and goes where that belongs.
    pub(crate) fn take_drop(self, event: &DragEvent, on: Place, go_to: impl Fn(&str) + 'static) {
        event.prevent_default();
        let Some(transfer) = event.data_transfer() else { return };
        spawn_local(async move {
            let files = match browser::dropped_files(&transfer).await {
                Ok(files) if files.is_empty() => return,
                Ok(files) => files,
                Err(text) => return self.report_trouble(text),
            };
            let place = on.of(&files);
            match place {
                Place::Draw => files.into_iter().for_each(|file| self.open_picture(file)),
                Place::Models => self.import(files),
                Place::Data => self.data_sets.brought.set(files),
            }
            if place != on {
                go_to(place.path());
            }
        });
    }
}
