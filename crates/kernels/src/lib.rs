//! The arithmetic of training on a CPU, over plain slices of `f32`.
//!
//! Burn's stock operations spend most of a step in layout changes and in products with zero. These kernels fuse what
//! belongs together (convolution, bias, ReLU, max-pooling), keep their sums in vector registers, and in the backward
//! pass skip the zeros that max-pooling, ReLU and dropout leave. One source for every target: `pulp` picks SIMD128,
//! NEON or AVX2 vectors.
//!
//! # Where the time of a step goes
//!
//! `cargo xtask bench --profile` prints it. Nine tenths of a step of the workshop's CNN are spent here:
//!
//! - Register tiles of four pixels by two vectors of channels (`simd.rs`): the products of a convolution never leave
//!   the registers before bias, ReLU and pooling are done (`output.rs`).
//! - 3x3 convolutions of at least 16 channels go through Winograd's F(4x4, 3x3) (`winograd.rs`): a quarter of the
//!   products.
//! - Backward, what is not zero is listed once an image and multiplied with whole rows (`sparse.rs`,
//!   `conv_backward.rs`, `dense.rs`); in the first layer the lit pixels are listed instead (`first_layer.rs`).
//! - What is too small to matter becomes zero before a processor stumbles over it (`negligible.rs`).
//! - Maps lie channels last between convolutions and channels first before a dense layer; dense weights lie as PyTorch
//!   keeps them. So no step transposes what is large.

#![expect(
    clippy::inline_always,
    reason = "vector code must end up inside the one function that switches the vector unit on"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "loops of a fixed length over several small arrays unroll into registers, and read as the matrices they are"
)]
#![expect(unsafe_code, reason = "the inner loops read and write whole vectors without a check for each")]

mod activation;
mod batch_norm;
mod conv_backward;
mod conv_dense;
mod conv_forward;
mod cross_entropy;
mod dense;
mod dropout;
mod first_layer;
mod layer_norm;
mod layout;
mod negligible;
mod output;
mod packing;
mod pooling;
mod product;
mod shape;
mod simd;
mod sparse;
mod update;
mod winograd;

#[cfg(test)]
mod plain;

pub use activation::Activation;
pub use batch_norm::{BatchNormalized, NormAffine, batch_norm, batch_norm_backward, block_rows};
pub use conv_backward::{ConvGradients, OutputGradient, conv_backward};
pub use conv_forward::{Winners, conv, conv_relu_pool};
pub use cross_entropy::{CrossEntropy, cross_entropy};
pub use dense::{DenseGradients, add_offset_gradient, dense, dense_backward, offset_bias};
pub use dropout::{DropoutMask, GOLDEN, MIX_1, MIX_2, mix};
pub use layer_norm::{LayerNormalized, NormGradients, layer_norm, layer_norm_backward};
pub use layout::{to_channels_first, to_channels_last};
pub use pooling::{
    PoolShape, avg_pool2d, avg_pool2d_backward, global_avg_pool, global_avg_pool_backward, max_pool2d,
    max_pool2d_backward,
};
pub use product::SparseRows;
pub use shape::{ConvShape, Layout};
pub use update::{UpdateKind, UpdateRule};
