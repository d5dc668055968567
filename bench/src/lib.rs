//! The side of `cargo xtask bench` that is ours: the same run that the worker drives, one step at a time.

mod models;
mod synthetic;
mod trial;

#[cfg(target_arch = "wasm32")]
mod browser;

pub use models::{MNIST_IMAGES, config};
pub use synthetic::synthetic_images;
pub use trial::{Trial, TrialError, run_fast};
