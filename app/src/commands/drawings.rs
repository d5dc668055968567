//! Keeping, labelling and deleting drawings.

use std::rc::Rc;

use leptos::prelude::*;
use protocol::{
    Blobs, Delivery, JobError,
    files::{Export, ExportFormat},
};
use wasm_bindgen_futures::spawn_local;

use crate::{
    lab::Lab,
    labelled_drawings::{self, LabelledDrawing, holds_back},
};

impl Lab {
    /// Keeps a drawing.
    pub(crate) fn keep_drawing(self, drawing: LabelledDrawing) {
        spawn_local(async move {
            self.add_drawing(drawing).await;
        });
    }

    /// Keeps a drawing and says so, with a way back; whether it could be kept.
    async fn add_drawing(self, drawing: LabelledDrawing) -> bool {
        if !self.put(&drawing).await {
            return false;
        }
        let (id, label) = (drawing.id.clone(), drawing.label);
        self.drawings.all.update(|drawings| drawings.insert(0, drawing));
        let count = self.drawings.all.with_untracked(Vec::len);
        let undo = Rc::new(move || self.delete_drawing(id.clone()));
        // Several of these would cover the page.
        self.notifications.all.update(|notices| notices.retain(|notice| !notice.text.starts_with("Kept as")));
        let text = format!("Kept as {label}: {} in \"My hand\".", metrics::counted(count as u32, "drawing"));
        self.notify(text, Some(("Undo", undo)));
        true
    }

    /// Keeps the selected digit with this label.
    pub(crate) fn label_digit(self, label: u8) {
        let Some(digit) = self.drawing.settled_digit() else { return };
        let strokes = self.drawing.strokes_of_one_digit();
        let is_whole_drawing = !strokes.is_empty();
        let version = self.drawing.ink_version.get_untracked();
        let is_held_back = self.drawings.all.with_untracked(|drawings| holds_back(drawings, label));
        let drawing =
            LabelledDrawing::new(label, digit.prediction.class, &digit.image, strokes, is_held_back);
        spawn_local(async move {
            if !self.add_drawing(drawing).await {
                return;
            }
            // Make room for the next one, unless the user has begun it already.
            if is_whole_drawing && self.drawing.ink_version.get_untracked() == version {
                self.clear();
            }
        });
    }

    /// Deletes a drawing.
    pub(crate) fn delete_drawing(self, id: String) {
        spawn_local(async move {
            let Some(storage) = self.opened_storage() else { return };
            if self.report_error(storage.delete::<LabelledDrawing>(&id).await).is_some() {
                self.drawings.all.update(|drawings| drawings.retain(|drawing| drawing.id != id));
            }
        });
    }

    /// The labelled drawings as a file.
    pub(crate) async fn export_drawings(self, format: ExportFormat) -> Result<Vec<u8>, JobError> {
        let mut blobs = Blobs::new();
        let images = self
            .drawings
            .all
            .with_untracked(|drawings| labelled_drawings::attach(drawings.iter().rev(), &mut blobs));
        self.written(Delivery { content: Export { format, images }, blobs }).await
    }
}
