//! The arithmetic of training on a CPU, over plain slices of `f32`.
//!
//! Burn's stock operations spend most of a step in layout changes and in products with zero. These kernels fuse what
//! belongs together (convolution, bias, ReLU, max-pooling), keep their sums in vector registers, and in the backward
//! pass skip the zeros that max-pooling, ReLU and dropout leave. One source for every target: `pulp` picks SIMD128,
//! NEON or AVX2 vectors.

#![expect(
    clippy::inline_always,
    reason = "vector code must end up inside the one function that switches the vector unit on"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "loops of a fixed length over several small arrays unroll into registers, and read as the matrices they are"
)]
#![expect(unsafe_code, reason = "the inner loops read and write whole vectors without a check for each")]

mod batch_norm;
mod conv_backward;
mod conv_forward;
mod cross_entropy;
mod dense;
mod dropout;
mod first_layer;
mod output;
mod packing;
mod shape;
mod simd;
mod sparse;
mod update;
mod winograd;

#[cfg(test)]
mod plain;

pub use batch_norm::{NORM_EPSILON, Normalised, batch_norm, batch_norm_backward, block_rows};
pub use conv_backward::{ConvGradients, OutputGradient, conv_backward};
pub use conv_forward::{Winners, conv, conv_relu_pool};
pub use cross_entropy::{CrossEntropy, cross_entropy};
pub use dense::{DenseGradients, dense, dense_backward};
pub use dropout::{DropoutMask, GOLDEN, MIX_1, MIX_2, mix};
pub use shape::{ConvShape, Layout};
pub use update::UpdateRule;
