//! Messages over `postMessage`. Page and workers both use this and nothing else.
//!
//! A buffer is copied twice on its way: once out of the sender's WebAssembly memory into an `ArrayBuffer`, and once into
//! the receiver's memory. In between the `ArrayBuffer` is transferred, so the browser itself copies nothing.

mod start;
pub mod worker;

pub use start::{start_same_worker, start_worker};

use js_sys::{Array, ArrayBuffer, Uint8Array};
use protocol::{DecodeError, EncodeError, Message};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue};

/// A posted value that is not a message of this build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// It is not a list of buffers.
    #[error("something arrived that is not a message of this page")]
    NotAMessage,
    /// Its buffers cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// The value to post, and the list of buffers to transfer with it.
///
/// # Errors
/// [`EncodeError`] if the envelope cannot be written.
pub fn to_js<E: Serialize>(message: Message<E>) -> Result<(JsValue, Array), EncodeError> {
    let (parts, transfer) = (Array::new(), Array::new());
    for bytes in message.into_buffers()? {
        let buffer = Uint8Array::from(bytes.as_slice()).buffer();
        parts.push(&buffer);
        transfer.push(&buffer);
    }
    Ok((parts.into(), transfer))
}

/// Reads a posted value.
///
/// # Errors
/// [`ReceiveError`] if it was not made by [`to_js`] of the same build.
pub fn from_js<E: DeserializeOwned>(value: &JsValue) -> Result<Message<E>, ReceiveError> {
    let parts: &Array = value.dyn_ref().ok_or(ReceiveError::NotAMessage)?;
    let bytes =
        |part: JsValue| part.dyn_into::<ArrayBuffer>().map(|buffer| Uint8Array::new(&buffer).to_vec());
    let buffers: Result<Vec<_>, _> = parts.iter().map(bytes).collect();
    Ok(Message::from_buffers(buffers.map_err(|_| ReceiveError::NotAMessage)?)?)
}

/// A worker's greeting as a posted value, of the same form in every version.
pub fn hello_to_js(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// The bytes of a greeting, or `None` if the value is something else.
pub fn hello_from_js(value: &JsValue) -> Option<Vec<u8>> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
}
