//! Models that come from files, links and the site.

use std::sync::Arc;

use leptos::prelude::*;
use protocol::{
    Blobs, Delivery, JobError,
    model_files::{ChosenFile, ModelReading, OpenLink, OpenedLink, ReadModel, TriedReadings, TryReadings},
};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::{
    browser,
    lab::Lab,
    state::offers::{Offer, OfferedReading, Origin},
    words,
};

/// The largest file of weights that is read.
const MAX_WEIGHTS_MIB: u32 = 64;
/// The parameter of the address that names a model of this site.
const MODEL_PARAMETER: &str = "model";

/// What was brought, before it is read.
struct Brought {
    name: String,
    origin: Origin,
    files: Vec<(String, Arc<Vec<u8>>)>,
}

impl Lab {
    /// Opens the drawing or the model that stands behind the `#` of the page's address, if there is one.
    pub(crate) fn open_fragment(self) {
        self.open_drawing();
        let fragment = browser::fragment();
        self.offers.fragment.set(fragment.clone());
        if fragment.starts_with("#m=") {
            // A reload must not bring it again, and no history keep it.
            browser::clear_fragment();
            spawn_local(async move {
                self.offers.opening.set(Some("the model of this link".into()));
                let opened = self.open_link(fragment).await;
                self.offers.opening.set(None);
                match opened {
                    Ok(offer) => self.offers.offer(offer),
                    Err(error) => self.report_trouble(words::job_error(&error)),
                }
            });
        }
    }

    /// Offers the model of this site that the page's address names, if it names one.
    pub(crate) fn open_site_model(self) {
        let Some(path) = browser::query(MODEL_PARAMETER) else { return };
        spawn_local(async move {
            match site_file(&path).await {
                Ok(bytes) => {
                    let name = stem(&path).to_owned();
                    let files = vec![(path, Arc::new(bytes))];
                    self.bring(Brought { name, origin: Origin::Site, files }).await;
                }
                Err(text) => self.report_trouble(text),
            }
        });
    }

    async fn open_link(self, link: String) -> Result<Offer, JobError> {
        let mut opened = self.workers.call_writing(Delivery::bare(OpenLink { link })).await?;
        let model = opened.content.model;
        let model = Arc::new(opened.take(model)?);
        let OpenedLink { name, card, .. } = opened.content;
        let name = if name.trim().is_empty() { card.short() } else { name };
        let reading = OfferedReading {
            model,
            card: card.clone(),
            preprocessing: Some(card.preprocessing),
            assumes: String::new(),
            is_unusual: false,
        };
        let offer = Offer {
            name,
            origin: Origin::Link,
            format: "Inkling".into(),
            chosen: 0,
            card,
            model: Arc::clone(&reading.model),
            readings: vec![reading],
            tried: None,
        };
        self.tried(offer, None).await
    }

    /// Tries the readings of an offer, or the one that was chosen, on digits that are known.
    async fn tried(self, offer: Offer, chosen: Option<usize>) -> Result<Offer, JobError> {
        let mut blobs = Blobs::new();
        let readings = offer
            .readings
            .iter()
            .enumerate()
            .filter(|(index, _)| chosen.is_none_or(|chosen| chosen == *index));
        let readings = readings
            .map(|(_, reading)| ModelReading {
                model: blobs.add(Arc::clone(&reading.model)),
                card: reading.card.clone(),
                preprocessing: reading.preprocessing,
                assumes: reading.assumes.clone(),
                is_unusual: reading.is_unusual,
            })
            .collect();
        let request = Delivery { content: TryReadings { readings }, blobs };
        let mut reply = self.workers.pool()?.call(request, |_| ()).await?;
        let model = reply.content.model;
        let model = Arc::new(reply.take(model)?);
        let TriedReadings { index, card, tried, .. } = reply.content;
        Ok(Offer { chosen: chosen.unwrap_or(index as usize), card, model, tried, ..offer })
    }

    /// Reads a model from files that a person chose together. Where a file says what it is, or can be read in one way, it is kept;
    /// else it is offered first.
    pub(crate) fn import(self, chosen: Vec<File>) {
        spawn_local(async move {
            let mut files = Vec::new();
            for file in chosen {
                match browser::read_file(&file, MAX_WEIGHTS_MIB).await {
                    Ok(bytes) => files.push((file.name(), Arc::new(bytes))),
                    // The others may be fine.
                    Err(text) => self.report_trouble(format!("{text} The model in use is unchanged.")),
                }
            }
            // A description and its weights belong together; other files are a model each.
            if files.iter().any(|(_, bytes)| bytes.first() == Some(&b'{')) {
                let name = "TensorFlow.js model".to_owned();
                return self.bring(Brought { name, origin: Origin::File, files }).await;
            }
            for (name, bytes) in files {
                let brought = Brought {
                    name: stem(&name).to_owned(),
                    origin: Origin::File,
                    files: vec![(name, bytes)],
                };
                self.bring(brought).await;
            }
        });
    }

    async fn bring(self, brought: Brought) {
        let (name, origin) = (brought.name.clone(), brought.origin);
        // With its ending: it may say what is wrong.
        let file = brought.files.first().map_or_else(|| name.clone(), |(path, _)| base_name(path).to_owned());
        self.offers.opening.set(Some(format!("\"{name}\"")));
        let read = self.read(brought).await;
        self.offers.opening.set(None);
        let (offer, is_known) = match read {
            Ok(read) => read,
            Err(error) => {
                let text = words::job_error(&error);
                return self.report_trouble(format!("{file}: {text} The model in use is unchanged."));
            }
        };
        if origin == Origin::File && (is_known || offer.readings.len() == 1) {
            let found =
                offer.tried.map_or_else(String::new, |tried| words::tried(&tried, &offer.card.preprocessing));
            let model = self.models.new_model(offer.name, offer.card, offer.model);
            if self.save(&model).await {
                self.inform(format!("Imported \"{}\".{found}", model.name));
            }
        } else {
            self.offers.offer(offer);
        }
    }

    /// What files hold, and whether they say so themselves.
    async fn read(self, brought: Brought) -> Result<(Offer, bool), JobError> {
        let mut blobs = Blobs::new();
        let files =
            brought.files.into_iter().map(|(name, bytes)| ChosenFile { name, bytes: blobs.add(bytes) });
        let content = ReadModel { files: files.collect() };
        let mut found = self.workers.read_model(Delivery { content, blobs }).await?;
        let mut readings = Vec::new();
        for reading in core::mem::take(&mut found.content.readings) {
            readings.push(OfferedReading {
                model: Arc::new(found.take(reading.model)?),
                card: reading.card,
                preprocessing: reading.preprocessing,
                assumes: reading.assumes,
                is_unusual: reading.is_unusual,
            });
        }
        let first = readings.first().ok_or_else(|| JobError::BadInput("There is no model in it.".into()))?;
        let (model, card) = (Arc::clone(&first.model), first.card.clone());
        let (name, origin, format) = (brought.name, brought.origin, found.content.format);
        let is_known = found.content.is_known;
        let offer = Offer { name, origin, format, readings, chosen: 0, card, model, tried: None };
        // What says itself what it is needs no trial, unless it came from somebody else.
        let offer = if is_known && origin == Origin::File { offer } else { self.tried(offer, None).await? };
        Ok((offer, is_known))
    }

    /// Reads what is on offer in another way.
    pub(crate) fn read_offer_as(self, index: usize) {
        let Some(offer) = self.offers.current.get_untracked() else { return };
        self.offers.choices.update_value(|choices| *choices += 1);
        let choice = self.offers.choices.get_value();
        spawn_local(async move {
            let tried = self.tried(offer, Some(index)).await;
            // Meanwhile it may have been kept, or read in another way.
            if self.offers.choices.get_value() != choice {
                return;
            }
            match tried {
                Ok(offer) => self.offers.current.set(Some(offer)),
                Err(error) => self.report_trouble(words::job_error(&error)),
            }
        });
    }

    /// Keeps what is on offer, and draws with it if that is wanted. What cannot be kept stays on offer.
    pub(crate) fn keep_offer(self, is_to_be_used: bool) {
        // Whoever clicks twice keeps it once.
        let Some((offer, choice)) = self.offers.begin_keeping() else { return };
        browser::ask_for_persistence();
        let model = self.models.new_model(offer.name, offer.card, Arc::clone(&offer.model));
        spawn_local(async move {
            let is_kept = self.save(&model).await;
            self.offers.end_keeping(choice, is_kept);
            if !is_kept {
                return;
            }
            self.notify(format!("Kept \"{}\".", model.name), None);
            if is_to_be_used {
                self.use_model(model.to_file(offer.model));
            }
        });
    }
}

/// A file of this site, and of no other.
async fn site_file(path: &str) -> Result<Vec<u8>, String> {
    let is_own =
        !path.contains(':') && !path.starts_with('/') && !path.contains("..") && !path.contains('\\');
    if !is_own {
        return Err(format!(
            "\"{path}\" is not a file of this site. Give a path below the page, such as ?model=models/mine.safetensors."
        ));
    }
    browser::fetch(path, false).await
}

/// A file's name without folders.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A file's name without folders and ending.
fn stem(path: &str) -> &str {
    let name = base_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
