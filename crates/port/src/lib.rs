//! Packets over `postMessage`: a header that [`protocol`] encodes and buffers that are transferred, not copied, between
//! page and worker. Both sides use this and nothing else.

use js_sys::{Array, ArrayBuffer, Uint8Array};
use protocol::{decode, encode};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue};

/// A message and the buffers that go with it.
#[derive(Debug)]
pub struct Packet<M> {
    /// The message.
    pub message: M,
    /// Its buffers, in the order that the message names them.
    pub buffers: Vec<Vec<u8>>,
}

/// Something came that is no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("something came that is no message of this page")]
pub struct PacketError;

impl<M> Packet<M> {
    /// A message without buffers.
    pub const fn bare(message: M) -> Self {
        Self { message, buffers: Vec::new() }
    }
}

impl<M: Serialize> Packet<M> {
    /// The value to post and the list of buffers to transfer with it.
    pub fn to_js(&self) -> (JsValue, Array) {
        let (parts, transfer) = (Array::new(), Array::new());
        let header = encode(&self.message);
        for bytes in core::iter::once(&header).chain(&self.buffers) {
            let buffer = Uint8Array::from(bytes.as_slice()).buffer();
            parts.push(&buffer);
            transfer.push(&buffer);
        }
        (parts.into(), transfer)
    }
}

impl<M: DeserializeOwned> Packet<M> {
    /// Reads a posted value.
    ///
    /// # Errors
    /// [`PacketError`] where it was not made by [`Packet::to_js`] of the same build.
    pub fn from_js(value: &JsValue) -> Result<Self, PacketError> {
        let parts: &Array = value.dyn_ref().ok_or(PacketError)?;
        let bytes =
            |part: JsValue| part.dyn_into::<ArrayBuffer>().map(|buffer| Uint8Array::new(&buffer).to_vec());
        let mut parts = parts.iter().map(bytes).collect::<Result<Vec<_>, _>>().map_err(|_| PacketError)?;
        if parts.is_empty() {
            return Err(PacketError);
        }
        let buffers = parts.split_off(1);
        Ok(Self { message: decode(&parts[0]).map_err(|_| PacketError)?, buffers })
    }
}

/// A worker's greeting as a posted value, in the same form in every version.
pub fn hello_to_js(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// The bytes of a greeting; empty where the value is something else.
pub fn hello_from_js(value: &JsValue) -> Vec<u8> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).unwrap_or_default()
}
