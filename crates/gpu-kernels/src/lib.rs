//! The operations of training on a GPU, in `CubeCL`: what `kernels` does on a CPU, for WebGPU and every other runtime.
//!
//! Buffers are contiguous and of four bytes a value: `f32`, laid out as in `kernels`, or `u32` for labels, order and packed
//! grey levels. A launch only queues work; nothing here waits.
//!
//! Each gives what `kernels` gives, to rounding: unit tests compare them, on whatever GPU or software adapter there is.
//!
//! # What a step is made of
//!
//! Launching costs more than computing, so a step is few and large kernels. One product of matrices (`product.rs`)
//! serves forward pass, input gradient and weight gradient of convolutions and dense layers: a cube of units computes a
//! tile in registers and shared memory, and each operand says how its elements are read where they lie. What follows is
//! done in the same launch: bias and ReLU, pooling (a unit's four rows are a window), the mask of ReLU and pooling on
//! the way back, the bias's gradient as the weight of a column of ones. Where a result has few tiles and a long sum,
//! the sum is cut into parts, and a second launch adds them up in their order, so that a run gives the same bits again.
//!
//! The training images lie on the GPU as bytes, once for the run; a batch is gathered and scaled there. Loss and right
//! answers are summed there and read every fourth step.
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
pub use conv::{ConvGradients, Kept, conv, conv_backward, conv_relu_pool};
pub use cross_entropy::{CrossEntropy, cross_entropy, scaled};
pub use cubecl::client::Client;
pub use dense::{DenseGradients, dense, dense_backward};
pub use dropout::dropout;
pub use update::update;
