//! The worker's side of the browser: posting, the clock, fetching and yielding.

use js_sys::Uint8Array;
use protocol::JobError;
use wasm_bindgen::{JsCast as _, JsValue, UnwrapThrowExt as _};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort, Response};

pub(crate) use worker_transport::worker::{post, post_fatal, post_hello, scope};

/// Milliseconds on a clock that never goes back.
pub(crate) fn now_ms() -> f64 {
    scope().performance().map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// Downloads from this site.
pub(crate) async fn fetch(url: &str) -> Result<Vec<u8>, JobError> {
    let failed = |what: &str| JobError::BadInput(format!("{url} could not be read: {what}."));
    let response =
        JsFuture::from(scope().fetch_with_str(url)).await.map_err(|_| failed("the site does not answer"))?;
    let response: Response = response.dyn_into().map_err(|_| failed("the answer makes no sense"))?;
    if !response.ok() {
        return Err(failed(&format!("the site answers {}", response.status())));
    }
    let body = response.array_buffer().map_err(|_| failed("it has no content"))?;
    let buffer = JsFuture::from(body).await.map_err(|_| failed("the connection broke off"))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Lets messages in. A timer would do so too, but browsers delay nested timers by 4 ms.
pub(crate) struct Yielder {
    sender: MessagePort,
    receiver: MessagePort,
}

impl Yielder {
    pub(crate) fn new() -> Self {
        let channel = MessageChannel::new().expect_throw("every worker can open a message channel");
        Self { sender: channel.port1(), receiver: channel.port2() }
    }

    /// Returns after every event that is waiting now has been handled.
    pub(crate) async fn pass(&self) {
        let arrived = js_sys::Promise::new(&mut |resolve, _| self.receiver.set_onmessage(Some(&resolve)));
        self.sender.post_message(&JsValue::NULL).expect_throw("an open channel takes messages");
        // The promise only resolves; it has nothing to fail at.
        let _ = JsFuture::from(arrived).await;
    }
}
