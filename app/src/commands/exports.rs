//! Models as files of other formats, and as links.

use std::sync::Arc;

use leptos::prelude::*;
use model_card::{LayerSummary, ModelCard};
use protocol::{
    Blobs, Call, Delivery, JobError,
    evaluate::Evaluation,
    files::Written,
    model_files::{MadeLink, MakeLink, ModelFormat, SetCard, Summarize, WriteModel},
};

use super::kept_runs::NO_WEIGHTS_YET;
use crate::{
    browser,
    lab::Lab,
    saved_models::{ModelBytes, SavedModel},
    state::runs::RunFiles,
    words,
};

/// A model as a link, and what that cost.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinkOfModel {
    /// The whole address.
    pub(crate) address: String,
    /// What rounding the weights has cost, for people.
    pub(crate) cost: String,
}

impl Lab {
    /// Has the worker for files write one.
    async fn written_model<C: Call<Reply = Written>>(
        self,
        request: Delivery<C>,
    ) -> Result<Vec<u8>, JobError> {
        let mut reply = self.workers.call_writing(request).await?;
        let file = reply.content.file;
        Ok(reply.take(file)?)
    }

    /// Downloads a model in another format.
    pub(crate) async fn export_as(self, model: &SavedModel, format: ModelFormat) {
        let Some(file) = self.bytes_of(model).await else { return };
        let mut blobs = Blobs::new();
        let content =
            WriteModel { model: blobs.add(file), name: model.name.clone(), format, checkpoint: None };
        let name = match format {
            ModelFormat::Onnx => file_name(&model.name, "onnx"),
            ModelFormat::Zip => file_name(&model.name, "zip"),
            ModelFormat::Half => file_name(&format!("{} f16", model.name), "safetensors"),
        };
        self.download_written(&name, Delivery { content, blobs }).await;
    }

    /// Has a file written, and downloads it under this name.
    async fn download_written(self, name: &str, request: Delivery<WriteModel>) {
        match self.written_model(request).await {
            Ok(bytes) => browser::download(name, &bytes),
            Err(error) => self.report_trouble(words::job_error(&error)),
        }
    }

    /// Downloads a run as it stands, with its optimizer's state, to be trained further in PyTorch.
    pub(crate) async fn export_run(self, id: String) {
        let Some(storage) = self.opened_storage() else { return };
        let found = self.report_error(self.runs.as_it_stands(&storage, &id).await);
        let Some(found) = found else { return };
        let Some(RunFiles { name, weights, checkpoint }) = found else {
            let text = if self.runs.live.with_untracked(|live| live.as_ref() == Some(&id)) {
                NO_WEIGHTS_YET
            } else {
                "This run has no saved checkpoint. Save it as a model, and export that: only the optimizer's state is lost."
            };
            return self.report_trouble(text.into());
        };
        let mut blobs = Blobs::new();
        let content = WriteModel {
            model: blobs.add(weights),
            name: name.clone(),
            format: ModelFormat::Zip,
            checkpoint: Some(blobs.add(checkpoint)),
        };
        self.download_written(&file_name(&name, "zip"), Delivery { content, blobs }).await;
    }

    /// What a model's file holds, layer by layer.
    pub(crate) async fn layers_of(self, file: Arc<Vec<u8>>) -> Result<Vec<LayerSummary>, JobError> {
        let mut blobs = Blobs::new();
        let content = Summarize { model: blobs.add(file) };
        Ok(self.workers.call_writing(Delivery { content, blobs }).await?.content)
    }

    /// A model's file with another card.
    pub(crate) async fn with_card(
        self,
        file: Arc<Vec<u8>>,
        card: ModelCard,
    ) -> Result<Arc<Vec<u8>>, JobError> {
        let mut blobs = Blobs::new();
        let content = SetCard { model: blobs.add(file), card };
        Ok(Arc::new(self.written_model(Delivery { content, blobs }).await?))
    }

    /// Changes what is said of a saved model: in its row and in its file.
    pub(crate) async fn describe(self, model: &SavedModel, change: impl FnOnce(&mut ModelCard)) {
        let Some(file) = self.bytes_of(model).await else { return };
        let mut card = model.card.clone();
        change(&mut card);
        match self.with_card(file, card.clone()).await {
            Ok(bytes) => {
                let changed = SavedModel { card, bytes: ModelBytes::Here(bytes), ..model.clone() };
                if self.save(&changed).await {
                    self.models.active.update(|active| {
                        if let Some(active) = active.as_mut().filter(|active| active.is(&changed.id)) {
                            active.card.clone_from(&changed.card);
                        }
                    });
                    self.notify(format!("Saved what you say of \"{}\".", model.name), None);
                }
            }
            Err(error) => self.report_trouble(words::job_error(&error)),
        }
    }

    /// Downloads a model's file as it is.
    pub(crate) async fn export(self, model: &SavedModel) {
        let Some(file) = self.bytes_of(model).await else { return };
        browser::download(&file_name(&model.name, "safetensors"), &file);
    }

    /// Hands a model's file to the share sheet, or downloads it where there is none for it.
    pub(crate) async fn share(self, model: &SavedModel) {
        let Some(file) = self.bytes_of(model).await else { return };
        let name = file_name(&model.name, "safetensors");
        if !browser::share_file(&name, &file).await {
            browser::download(&name, &file);
            self.inform("This browser does not share such files, so it was downloaded.".into());
        }
    }

    /// A model as a link. Its weights are rounded to fit; what that costs is measured on the data set at hand.
    pub(crate) async fn link_of(
        self,
        model: &SavedModel,
        file: Arc<Vec<u8>>,
        on_progress: impl Fn(String) + Clone + 'static,
    ) -> Result<LinkOfModel, JobError> {
        let make = async |measured: Option<ModelCard>| {
            let mut blobs = Blobs::new();
            let content =
                MakeLink { model: blobs.add(Arc::clone(&file)), name: model.name.clone(), measured };
            self.workers.call_writing(Delivery { content, blobs }).await
        };
        let mut first = make(None).await?;
        let rounded = first.content.rounded;
        let rounded = Arc::new(first.take(rounded)?);
        let before = self.evaluate(Arc::clone(&file), on_progress.clone()).await?.report.accuracy();
        let Evaluation { report, images, .. } = self.evaluate(rounded, on_progress).await?;
        let after = report.accuracy();
        let card = ModelCard {
            test: Some(after),
            tested_on: images.clone(),
            validation: None,
            ..model.card.clone()
        };
        let MadeLink { link, relative_step, .. } = make(Some(card)).await?.content;
        let cost = format!(
            "{} characters. Of {} {images} test images it reads {} correctly in the link, {} before: {:+.2} points. Each weight is \
             rounded to steps of {relative_step:.2} standard deviations of its channel.",
            metrics::grouped(link.len() as u32),
            metrics::grouped(after.total),
            metrics::grouped(after.correct),
            metrics::grouped(before.correct),
            100.0 * (after.share() - before.share()),
        );
        Ok(LinkOfModel { address: format!("{}{link}", browser::site_url("")), cost })
    }
}

/// A file name that every system accepts.
fn file_name(name: &str, ending: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let stem = if parts.is_empty() { "model".to_owned() } else { parts.join("-") };
    format!("{stem}.{ending}")
}
