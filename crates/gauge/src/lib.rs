//! What a running run shows: curves of bounded size, images a second, time left, numbers as people write them.

mod curve;
mod number;
mod rate;

pub use curve::{Curve, CurvePoint, Scale};
pub use number::{counted, grouped};
pub use rate::{Rate, duration_text};
