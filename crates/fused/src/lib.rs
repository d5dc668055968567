//! The kernels as operations under Burn's own autodiff.
//!
//! Each is exact: unit tests compare it with Burn's stock operations element by element, forward and backward. They run
//! on Burn's CPU backend (`Flex`) alone.

mod conv;
mod cross_entropy;
mod dense;
mod dropout;
mod optimizer;
pub mod profile;
mod values;

#[cfg(test)]
mod tests;

pub use conv::{conv_relu, conv_relu_pool};
pub use cross_entropy::cross_entropy;
pub use dense::dense;
pub use dropout::dropout;
pub use kernels::Layout;
pub use optimizer::{Moments, update};
