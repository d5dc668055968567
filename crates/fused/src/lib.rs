//! The kernels as operations under Burn's own autodiff.
//!
//! Each is exact: unit tests compare it with Burn's stock operations element by element, forward and backward. They run
//! on Burn's CPU backend (`Flex`, feature `cpu`) and on its GPU backend (`CubeCL`, feature `gpu`, without fusion: it would
//! have nothing left to fuse).

mod batch_norm;
mod computes;
mod conv;
#[cfg(feature = "cpu")]
mod cpu;
mod cross_entropy;
mod dense;
mod dropout;
#[cfg(feature = "gpu")]
mod gather;
#[cfg(feature = "gpu")]
mod gpu;
mod optimizer;
#[cfg(feature = "cpu")]
pub mod profile;

#[cfg(test)]
mod tests;

pub use batch_norm::batch_norm;
pub use conv::{conv_relu, conv_relu_pool};
pub use cross_entropy::cross_entropy;
pub use dense::dense;
pub use dropout::dropout;
#[cfg(feature = "gpu")]
pub use gather::gather;
pub use kernels::Layout;
pub use optimizer::update;
