//! The data sets that the person brought and keeps in this browser. Workers write them; the page lists and deletes them.

use browser_storage::{DATA_SET_IMAGES, DATA_SETS, KeptDataSet, Record as _, Storage, Writes};
use data_files::ImportOptions;
use leptos::prelude::*;
use protocol::{
    Blobs, Delivery, JobError,
    data::{
        ChangeImage, DataPreview, DataSource, DataSummary, FileAddress, ImportData, ImportProgress,
        KeepImages, Listed, Look, LookAtData, PartName, Relabel,
    },
};
use train_config::{DataChoice, DataHash};
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, Url};

use crate::{browser, lab::Lab, labelled_drawings, parts::image_grid::Shown};

/// How long what was brought waits for the person's word: another tab may show it.
const MOST_OFFERED_MS: f64 = 24.0 * 3_600_000.0;

/// Where workers find a data set.
pub(crate) fn data_source(choice: DataChoice) -> DataSource {
    DataSource { choice, mnist_url: browser::site_url("data/mnist/") }
}

/// Deletes a data set: its images, and what is known of it.
fn deletion(hash: DataHash) -> Writes {
    let id = hash.to_string();
    Writes::new().delete(DATA_SET_IMAGES, &id).delete(DATA_SETS, &id)
}

impl Lab {
    /// Reads the list anew: a worker has written to it.
    pub(crate) async fn reload_data_sets(self) {
        if let Some(storage) = self.opened_storage() {
            self.list_data_sets(&storage).await;
        }
    }

    /// Lists the data sets that are kept. What was brought long ago and never kept is deleted.
    pub(super) async fn list_data_sets(self, storage: &Storage) {
        let Some(all) = self.report_error(storage.all::<KeptDataSet>().await) else { return };
        let (offered, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|set| set.is_offered);
        self.data_sets.all.set(kept);
        let now_ms = js_sys::Date::now();
        for set in offered.into_iter().filter(|set| now_ms - set.saved_ms() > MOST_OFFERED_MS) {
            self.report_error(storage.write(deletion(set.summary.hash)).await);
        }
    }

    /// Keeps a data set that was brought. If that fails, it is reported, and the result is false.
    pub(crate) async fn keep_data_set(self, hash: DataHash) -> bool {
        let Some(storage) = self.opened_storage() else { return false };
        let kept = |found: Option<KeptDataSet>| {
            let Some(mut set) = found else { return Ok((Writes::new(), false)) };
            set.is_offered = false;
            Ok((Writes::new().put(&set)?, true))
        };
        let is_kept = self.report_error(storage.change(&hash.to_string(), &[], kept).await);
        if is_kept == Some(false) {
            self.report_trouble(
                "These images are no longer in this browser. Bring their files again.".into(),
            );
        }
        self.list_data_sets(&storage).await;
        is_kept == Some(true)
    }

    /// Deletes a data set.
    pub(crate) fn delete_data_set(self, hash: DataHash) {
        spawn_local(async move {
            let Some(storage) = self.opened_storage() else { return };
            if self.report_error(storage.write(deletion(hash)).await).is_some() {
                self.data_sets.all.update(|sets| sets.retain(|set| set.summary.hash != hash));
                if self.form.data.get_untracked() == DataChoice::Kept(hash) {
                    self.form.set_data(DataChoice::BuiltIn { train_images: 20_000 });
                }
            }
        });
    }

    /// Has a worker read files and keep what they make. The page hands over addresses, never the bytes.
    pub(crate) async fn import_data(
        self,
        files: &[File],
        options: ImportOptions,
        progress: impl Fn(f64) + 'static,
    ) -> Result<Delivery<DataPreview>, JobError> {
        let mut addresses = Vec::with_capacity(files.len());
        for file in files {
            let refused = |_| JobError::BadInput(format!("{} cannot be read by this browser.", file.name()));
            let url = Url::create_object_url_with_blob(file).map_err(refused)?;
            let path = browser::relative_path(file);
            addresses.push(FileAddress { path: if path.is_empty() { file.name() } else { path }, url });
        }
        let urls: Vec<String> = addresses.iter().map(|address| address.url.clone()).collect();
        let request = Delivery::bare(ImportData { files: addresses, options });
        let progress = move |delivery: Delivery<ImportProgress>| progress(delivery.content.share);
        let preview = self.workers.pool()?.call(request, progress).await;
        for url in urls {
            // What cannot be released goes with the page.
            let _ = Url::revoke_object_url(&url);
        }
        preview
    }

    /// Makes a data set of all labelled drawings.
    pub(crate) async fn keep_drawings(self) -> Result<DataSummary, JobError> {
        let mut blobs = Blobs::new();
        let images = self
            .drawings
            .all
            .with_untracked(|drawings| labelled_drawings::attach(drawings.iter().rev(), &mut blobs));
        let content = KeepImages { name: "My drawings".into(), images };
        let kept = self.workers.pool()?.call(Delivery { content, blobs }, |_| ()).await?.content;
        self.reload_data_sets().await;
        Ok(kept)
    }

    /// Says what an image of a kept data set shows; the data set that takes its place.
    pub(crate) async fn relabel(self, relabel: Relabel) -> Result<DataSummary, JobError> {
        let summary = self.workers.pool()?.call(Delivery::bare(relabel), |_| ()).await?.content;
        if self.form.data.get_untracked() == DataChoice::Kept(relabel.hash) {
            self.form.set_data(DataChoice::Kept(summary.hash));
        }
        self.reload_data_sets().await;
        Ok(summary)
    }

    /// What the ink pipeline and augmentation make of an image, with what was done.
    pub(crate) async fn changed(
        self,
        choice: DataChoice,
        part: PartName,
        number: u32,
        seed: u32,
    ) -> Result<Vec<(String, Shown)>, JobError> {
        let request = Delivery::bare(ChangeImage { source: data_source(choice), part, number, seed });
        let mut reply = self.workers.pool()?.call(request, |_| ()).await?;
        let images = Shown::taken(&mut reply, |reply| reply.images)?;
        Ok(reply.content.names.into_iter().zip(images).collect())
    }

    /// Looks at a data set: what is known of it, and the images that were asked for, each with its number.
    pub(crate) async fn look(
        self,
        choice: DataChoice,
        images: Listed,
    ) -> Result<(Look, Vec<Shown>), JobError> {
        let request = Delivery::bare(LookAtData { source: data_source(choice), images });
        let mut found = self.workers.pool()?.call(request, |_| ()).await?;
        let images = Shown::taken(&mut found, |look| look.images)?;
        // Means of classes have no numbers.
        let numbers = found.content.numbers.iter().copied().chain(core::iter::repeat(0));
        let images =
            images.into_iter().zip(numbers).map(|(shown, number)| Shown { number, ..shown }).collect();
        Ok((found.content, images))
    }
}
