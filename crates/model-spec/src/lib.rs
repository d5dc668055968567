//! A network as data: which layers, in which order, and what follows from that.
//!
//! A [`NetworkDraft`] is what a person writes, in a file or in the page. A [`NetworkSpec`] is a draft that was checked: its
//! shapes, tensors and cost are known, and whatever takes one can rely on it.

mod builder;
mod catalog;
mod draft;
mod layer;
pub mod layers;
mod legacy;
mod preprocessing;
#[cfg(feature = "random")]
mod random;
mod shape;
mod spec;
mod tensor;

pub use builder::{dropout, hidden_units, normalized, with_classes, with_dropout, with_hidden_units};
pub use catalog::{NAMED_NETWORKS, NamedNetwork, named_network};
pub use draft::{NetworkDraft, SCHEMA};
pub use layer::LayerSpec;
pub use layers::{LayerError, Padding};
pub use legacy::legacy_network;
pub use preprocessing::{Import, Preprocessing};
#[cfg(feature = "random")]
pub use random::RandomNetworks;
pub use shape::{ImageShape, Shape};
pub use spec::{NetworkSpec, SpecError};
pub use tensor::{Init, TensorKind, TensorSpec};

/// Side of the square image that every network reads, in pixels.
pub const SIDE: usize = 28;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// The label of an image that shows none of the classes: a network learns to prefer none.
pub const NOT_A_DIGIT: u8 = u8::MAX;
/// Most classes that a network can tell apart: a label is a byte, and [`NOT_A_DIGIT`] is none of them.
pub const MAX_CLASSES: u32 = 255;
