//! The worker's side of the browser: posting, the clock, fetching and yielding.

use js_sys::{Uint8Array, global};
use port::Packet;
use protocol::{FromWorker, Hello};
use wasm_bindgen::{JsCast as _, JsValue, UnwrapThrowExt as _};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessagePort, Response};

pub(crate) fn scope() -> DedicatedWorkerGlobalScope {
    global().unchecked_into()
}

/// Says hello: the first thing that the page hears.
pub(crate) fn post_hello() {
    let value = port::hello_to_js(&Hello::OURS.to_bytes());
    scope().post_message(&value).expect_throw("a worker can post to its page");
}

/// Sends a message without buffers.
pub(crate) fn post(message: FromWorker) {
    post_with(message, Vec::new());
}

/// Sends a message and hands over its buffers.
pub(crate) fn post_with(message: FromWorker, buffers: Vec<Vec<u8>>) {
    let (value, transfer) = Packet { message, buffers }.to_js();
    scope().post_message_with_transfer(&value, &transfer).expect_throw("a worker can post to its page");
}

/// Tells the page that this worker is lost. Must not panic: it is called by the panic hook.
pub(crate) fn post_fatal(text: &str) {
    let (value, transfer) = Packet::bare(FromWorker::Fatal(text.to_owned())).to_js();
    // Nothing is left to do where even this fails: the page then sees the worker's error event.
    let _ = scope().post_message_with_transfer(&value, &transfer);
}

/// Address of this worker's script.
pub(crate) fn own_url() -> String {
    scope().location().href()
}

/// Milliseconds on a clock that never goes back.
pub(crate) fn now_ms() -> f64 {
    scope().performance().map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// The bytes at an address of this site; the error is for people.
pub(crate) async fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let failed = |what: &str| format!("{url} could not be read: {what}.");
    let response =
        JsFuture::from(scope().fetch_with_str(url)).await.map_err(|_| failed("the site does not answer"))?;
    let response: Response = response.dyn_into().map_err(|_| failed("the answer is not one"))?;
    if !response.ok() {
        return Err(failed(&format!("the site answers {}", response.status())));
    }
    let body = response.array_buffer().map_err(|_| failed("it has no content"))?;
    let buffer = JsFuture::from(body).await.map_err(|_| failed("the connection broke off"))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Lets messages in. A timer would do it too, but browsers make nested timers wait for 4 ms.
pub(crate) struct Yielder {
    sender: MessagePort,
    receiver: MessagePort,
}

impl Yielder {
    pub(crate) fn new() -> Self {
        let channel = MessageChannel::new().expect_throw("every worker can open a message channel");
        Self { sender: channel.port1(), receiver: channel.port2() }
    }

    /// Comes back after every event that waits now has been handled.
    pub(crate) async fn pass(&self) {
        let arrived = js_sys::Promise::new(&mut |resolve, _| self.receiver.set_onmessage(Some(&resolve)));
        self.sender.post_message(&JsValue::NULL).expect_throw("an open channel takes messages");
        // The promise only resolves; it has nothing to fail at.
        let _ = JsFuture::from(arrived).await;
    }
}
