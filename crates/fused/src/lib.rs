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
#[cfg(feature = "cpu")]
mod layer_norm;
mod optimizer;
#[cfg(feature = "cpu")]
pub mod profile;
#[cfg(feature = "cpu")]
mod unary;

#[cfg(test)]
mod tests;

pub use batch_norm::{BatchStatistics, batch_norm};
pub use conv::{ConvGeometry, conv, conv_relu_pool, gpu_supports_conv};
pub use cross_entropy::cross_entropy;
pub use dense::dense;
pub use dropout::dropout;
#[cfg(feature = "gpu")]
pub use gather::gather;
pub use kernels::{Activation, DropoutMask, Layout, UpdateKind, UpdateRule};
#[cfg(feature = "cpu")]
pub use layer_norm::layer_norm;
pub use optimizer::update;
#[cfg(feature = "cpu")]
pub use unary::{activation, avg_pool2d, global_avg_pool, max_pool2d, to_channels_first, to_channels_last};
