//! What a running run shows: curves of bounded size, images a second, time left.

mod curve;
mod rate;

pub use curve::{Curve, CurvePoint, Scale};
pub use rate::{Rate, duration_text};
