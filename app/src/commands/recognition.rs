//! What the worker that recognizes reports.

use worker_client::RecognizerEvent;

use crate::{
    lab::Lab,
    saved_models::{ActiveModel, ModelFile},
    words,
};
use leptos::prelude::*;

impl Lab {
    pub(crate) fn on_recognizer_event(self, event: RecognizerEvent<ModelFile>) {
        match event {
            RecognizerEvent::Predicted { number, predictions } => {
                self.workers.with_recognizer(|recognizer| {
                    self.drawing.on_predictions(recognizer, number, &predictions);
                });
            }
            RecognizerEvent::Loaded { model, card } => {
                if self.models.active.with_untracked(Option::is_none) {
                    // The line is idle now.
                    self.keep_site_copy();
                }
                self.models.active.set(Some(ActiveModel { file: model, card: *card }));
                self.workers.with_recognizer(|recognizer| self.drawing.recognize(recognizer));
            }
            RecognizerEvent::LoadFailed { model, error } => {
                self.report_trouble(format!("{}: {}", model.name, words::job_error(&error)));
            }
            RecognizerEvent::PredictFailed(error) => self.report_trouble(words::job_error(&error)),
            RecognizerEvent::GaveUp(error) => self.report_trouble(words::no_recognizer(&error)),
        }
    }
}
