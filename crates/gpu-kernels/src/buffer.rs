//! Memory on a device.

use cubecl::{CubeCount, CubeDim, client::Client, frontend::BufferArg, server::Handle};

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

/// A launch of one unit for each of `count` pieces of work; the last cube may have units without any.
pub(crate) fn one_unit_each(count: usize) -> (CubeCount, CubeDim) {
    const UNITS: usize = 256;
    (CubeCount::Static(count.div_ceil(UNITS) as u32, 1, 1), CubeDim::new_1d(UNITS as u32))
}
