//! What a user chooses before a run, and how its result is stated.
//!
//! Page, worker and command line share these types; nothing here computes with tensors.

mod architecture;
mod assessment;
mod augmentation;
mod calibration;
mod card;
mod choice;
mod interval;
mod preset;
mod schedule;

pub use architecture::{Architecture, Layer, Parameter, Shape};
pub use assessment::{Assessment, Bin, RELIABILITY_BINS};
pub use augmentation::Augmentation;
pub use calibration::{Calibration, Reading};
pub use card::ModelCard;
pub use choice::{DataChoice, DeviceChoice, Optimizer, RecipeError, TrainRecipe};
pub use interval::{Accuracy, wilson_interval_95};
pub use preset::Preset;
pub use schedule::Schedule;

/// Digits that a network tells apart.
pub const CLASSES: usize = 10;
/// The label of an image that shows no digit: a network learns to prefer none.
pub const NOT_A_DIGIT: u8 = CLASSES as u8;
/// Side of the square image that every network reads, in pixels.
pub const SIDE: usize = 28;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
