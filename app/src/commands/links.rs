//! Links to settings, runs and drawings: copied, and shown as a QR code.

use experiments::{Shared, decode, encode};
use ink::{Drawing, Point, Stroke};
use leptos::prelude::*;
use protocol::{Delivery, JobError, model_files::DrawQr};
use wasm_bindgen_futures::spawn_local;

use crate::{browser, lab::Lab, state::offers::SharedLink, words};

/// The shortest way between two places of a shared stroke, in units of the paper: finer ones make long links.
const LEAST_WAY: f32 = 4.0;

impl Lab {
    /// Puts a link to something on the clipboard, and shows it.
    pub(crate) fn offer_link(self, page: &str, fragment: &str) {
        let address = format!("{}{fragment}", browser::site_url(page));
        browser::copy_text(&address);
        self.notify(format!("The link was copied: {address}"), None);
        spawn_local(async move {
            match self.qr_of(address).await {
                Ok(link) => self.offers.link.set(Some(link)),
                Err(error) => self.report_trouble(words::job_error(&error)),
            }
        });
    }

    async fn qr_of(self, address: String) -> Result<SharedLink, JobError> {
        let request = Delivery::bare(DrawQr { text: address.clone() });
        let mut reply = self.workers.call_files(request).await?;
        let modules = reply.content.modules;
        let modules = reply.take(modules)?;
        Ok(SharedLink { address, side: reply.content.side, modules })
    }

    /// Offers the drawing as a link.
    pub(crate) fn share_drawing(self) {
        let strokes = self.drawing.with_drawing(|drawing| drawing.strokes().iter().map(thinned).collect());
        match encode(&Shared::Drawing { strokes }) {
            Ok(fragment) => self.offer_link("", &fragment),
            Err(error) => self.report_trouble(error.to_string()),
        }
    }

    /// Draws what the page's address holds, where that is a drawing.
    pub(crate) fn open_drawing(self) {
        let strokes = match decode(&browser::fragment()) {
            Ok(Some(Shared::Drawing { strokes })) => strokes,
            // What else it may hold is for the page Runs, which also says what is wrong with it.
            Err(error) if !browser::is_at("runs") => {
                browser::clear_fragment();
                return self.report_trouble(format!("This link cannot be used. {error}"));
            }
            _ => return,
        };
        browser::clear_fragment();
        self.set_drawing(strokes.iter().map(|stroke| places(stroke)).collect());
    }
}

/// Whole numbers: the first place, then the way to each next one.
fn thinned(stroke: &Stroke) -> Vec<i32> {
    let mut numbers = Vec::new();
    let mut at: Option<Point> = None;
    for (index, point) in stroke.iter().enumerate() {
        let rounded = Point { x: point.x.round(), y: point.y.round() };
        let before = at.unwrap_or(Point { x: 0.0, y: 0.0 });
        let way = (rounded.x - before.x).hypot(rounded.y - before.y);
        if at.is_none() || way >= LEAST_WAY || index + 1 == stroke.len() {
            numbers.extend([(rounded.x - before.x) as i32, (rounded.y - before.y) as i32]);
            at = Some(rounded);
        }
    }
    numbers
}

/// Undoes [`thinned`]; what lies beyond the paper is brought back to its edge.
fn places(numbers: &[i32]) -> Stroke {
    let mut at = (0_i32, 0_i32);
    let side = Drawing::SIDE as i32;
    let place = |way: &[i32]| {
        at = (at.0.saturating_add(way[0]).clamp(0, side), at.1.saturating_add(way[1]).clamp(0, side));
        Point { x: at.0 as f32, y: at.1 as f32 }
    };
    numbers.chunks_exact(2).map(place).collect()
}
