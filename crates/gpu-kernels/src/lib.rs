//! The operations of training on a GPU, in `CubeCL`: what `kernels` does on a CPU, for WebGPU and every other runtime.
//!
//! Buffers are contiguous and of four bytes a value: `f32`, laid out as in `kernels`, or `u32` for labels, order and packed
//! grey levels. A launch only queues work; nothing here waits.
//!
//! Each gives what `kernels` gives, to rounding: unit tests compare them, on whatever GPU or software adapter there is.
#![expect(
    unsafe_code,
    reason = "CubeCL takes the length of a buffer on trust, and its bounds checks would be WebGPU's done twice: every \
              kernel guards its indices"
)]

mod batch;
mod buffer;
mod conv;
mod cross_entropy;
mod dense;
mod dropout;
mod geometry;
mod product;
mod result;
mod update;
mod weight_gradient;

#[cfg(test)]
mod tests;

pub use batch::gather;
pub use buffer::Buffer;
pub use conv::{ConvGradients, Kept, conv_backward, conv_relu, conv_relu_pool};
pub use cross_entropy::{CrossEntropy, cross_entropy, scaled};
pub use cubecl::client::Client;
pub use dense::{DenseGradients, dense, dense_backward};
pub use dropout::dropout;
pub use update::update;
