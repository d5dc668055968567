//! Training metrics for display: charts' lines and axes, images per second, time left, numbers as text.

mod axis;
mod number;
mod rate;
mod series;

pub use axis::Axis;
pub use number::{counted, grouped};
pub use rate::{Rate, duration_text};
pub use series::{Point, Scale, Series};
