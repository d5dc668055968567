//! A worker's side: what it posts to its page.

use js_sys::global;
use protocol::{FromWorker, Hello, JobError, Message};
use wasm_bindgen::{JsCast as _, UnwrapThrowExt as _};
use web_sys::DedicatedWorkerGlobalScope;

/// What the browser offers a worker.
pub fn scope() -> DedicatedWorkerGlobalScope {
    global().unchecked_into()
}

/// Posts the greeting, which must come before anything else.
///
/// # Panics
/// Never: a worker can post to its page.
pub fn post_hello() {
    let value = crate::hello_to_js(&Hello::OURS.to_bytes());
    scope().post_message(&value).expect_throw("a worker can post to its page");
}

/// Posts a message.
///
/// # Errors
/// [`JobError`] if the message cannot be written or there is no memory for it.
pub fn post(message: Message<FromWorker>) -> Result<(), JobError> {
    let (value, transfer) = crate::to_js(message)?;
    // The worker's own buffers can always be transferred; what is refused is too large for this machine.
    scope().post_message_with_transfer(&value, &transfer).map_err(|_| JobError::OutOfMemory)
}

/// Tells the page that this worker is lost. Must not panic: the panic hook calls it.
pub fn post_fatal(reason: &str) {
    // If even this fails, the page still sees the worker's error event.
    let _ = post(Message::bare(FromWorker::Fatal { reason: reason.to_owned() }));
}
