//! Links to settings, runs and drawings: copied, and shown as a QR code.

use ink::{drawing_link, linked_drawing};
use leptos::prelude::*;
use protocol::{Delivery, JobError, model_files::DrawQr};
use train_config::DataChoice;
use wasm_bindgen_futures::spawn_local;

use crate::{browser, lab::Lab, state::offers::SharedLink, words};

impl Lab {
    /// Puts a link to something on the clipboard, and shows it; `data` is what it would train on.
    pub(crate) fn offer_link(self, page: &str, fragment: &str, data: Option<DataChoice>) {
        let address = format!("{}{fragment}", browser::site_url(page));
        let files = match data {
            Some(DataChoice::Kept(hash)) => untrack(|| self.data_sets.get(hash)).map(|summary| summary.name),
            _ => None,
        };
        let shared = SharedLink { address: address.clone(), files, ..SharedLink::default() };
        self.offers.link.set(Some(shared));
        self.copy_link(&address);
        spawn_local(async move {
            match self.qr_of(&address).await {
                // It may be closed by now, or another one.
                Ok((side, modules)) => self.offers.link.update(|shown| {
                    if let Some(shown) = shown.as_mut().filter(|shown| shown.address == address) {
                        (shown.side, shown.modules) = (side, modules);
                    }
                }),
                Err(error) => self.report_trouble(words::job_error(&error)),
            }
        });
    }

    /// Puts a link on the clipboard, and says whether it is there.
    pub(crate) fn copy_link(self, address: &str) {
        let copied = browser::copy_text(address);
        spawn_local(async move {
            if copied.await {
                self.notify("The link was copied.".into(), None);
            } else {
                self.report_trouble(
                    "This browser does not let the page copy. Select the link and copy it yourself.".into(),
                );
            }
        });
    }

    /// Modules along a side of an address's QR code, and a byte for each.
    async fn qr_of(self, address: &str) -> Result<(u32, Vec<u8>), JobError> {
        let request = Delivery::bare(DrawQr { text: address.to_owned() });
        let mut reply = self.workers.call_writing(request).await?;
        let modules = reply.content.modules;
        Ok((reply.content.side, reply.take(modules)?))
    }

    /// Offers the drawing as a link.
    pub(crate) fn share_drawing(self) {
        match self.drawing.with_drawing(|drawing| drawing_link(drawing.strokes())) {
            Ok(fragment) => self.offer_link("", &fragment, None),
            Err(error) => self.report_trouble(error.to_string()),
        }
    }

    /// Draws what the page's address holds, where that is a drawing.
    pub(super) fn open_drawing(self) {
        let opened = linked_drawing(&browser::fragment());
        if opened != Ok(None) {
            browser::clear_fragment();
        }
        match opened {
            Ok(Some(strokes)) => self.set_drawing(strokes),
            Ok(None) => {}
            Err(error) => self.report_trouble(format!("This link cannot be used. {error}")),
        }
    }
}
