//! Workers that are bound by the page's content security policy.
//!
//! A worker whose script comes over the network has the policy of that answer's headers, and a static host sends none: it
//! could ask any host for anything. One whose script is a `blob:` has the policy of whoever starts it. So the script is
//! one line, which imports the real one.

use core::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag, Url, Worker, WorkerOptions, WorkerType};

thread_local! {
    /// The `blob:` address of each program. They are kept: helpers are started from them later.
    static ADDRESSES: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// Starts the worker whose script has this absolute address on the page's own host.
///
/// # Errors
/// What the browser says where it starts no workers.
pub fn start_worker(script_url: &str) -> Result<Worker, JsValue> {
    let known = ADDRESSES.with_borrow(|addresses| addresses.get(script_url).cloned());
    let address = if let Some(address) = known { address } else { new_address(script_url)? };
    start_module(&address)
}

fn new_address(script_url: &str) -> Result<String, JsValue> {
    // An address is quoted as JSON quotes text, which JavaScript reads.
    let line = js_sys::JSON::stringify(&script_url.into())?;
    let options = BlobPropertyBag::new();
    options.set_type("text/javascript");
    let parts = Array::of1(&JsValue::from_str(&format!("import {};", String::from(line))));
    let script = Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let address = Url::create_object_url_with_blob(&script)?;
    ADDRESSES.with_borrow_mut(|addresses| addresses.insert(script_url.to_owned(), address.clone()));
    Ok(address)
}

/// Called in a worker: starts another one of the same program.
///
/// # Errors
/// What the browser says where workers may not start workers.
pub fn start_same_worker() -> Result<Worker, JsValue> {
    start_module(&crate::worker::scope().location().href())
}

fn start_module(address: &str) -> Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    Worker::new_with_options(address, &options)
}
