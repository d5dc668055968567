//! Memory on a device.

use cubecl::{client::Client, frontend::BufferArg, server::Handle};

/// Values of four bytes each, on a device.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// Where they lie, from the first one on.
    pub handle: Handle,
    /// How many.
    pub length: usize,
}

impl Buffer {
    pub(crate) fn empty(client: &Client, length: usize) -> Self {
        Self { handle: client.empty(length * size_of::<f32>()), length }
    }

    pub(crate) fn argument(&self) -> BufferArg {
        // SAFETY: the length is that which the memory was made for.
        unsafe { BufferArg::from_raw_parts(self.handle.clone(), self.length) }
    }
}
