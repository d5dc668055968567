//! What a user chooses before a run, and how its result is stated.
//!
//! Page, worker and command line share these types; nothing here computes with tensors.

mod architecture;
mod card;
mod choice;
mod interval;
mod preset;
mod schedule;

pub use architecture::{Architecture, Layer, Parameter, Shape};
pub use card::ModelCard;
pub use choice::{DataChoice, DeviceChoice, Optimizer, RecipeError, TrainRecipe};
pub use interval::{Accuracy, wilson_interval_95};
pub use preset::Preset;
pub use schedule::Schedule;

/// Digits that a network tells apart.
pub const CLASSES: usize = 10;
/// Side of the square image that every network reads, in pixels.
pub const SIDE: usize = 28;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
