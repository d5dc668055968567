//! Training metrics for display: charts' lines and axes, images per second, time left, numbers as text.

mod axis;
mod band;
mod export;
#[cfg(test)]
mod noise;
mod number;
mod palette;
mod plot;
mod pyramid;
mod rate;
mod series;
mod smoothing;
mod window;

pub use axis::{Axis, Scale};
pub use band::Band;
pub use export::{DrawnBand, DrawnLine, Picture, chart_csv, chart_svg};
pub use number::{counted, grouped, size_text};
pub use palette::{dash_text, line_colour, line_dash};
pub use plot::polyline;
pub use pyramid::Pyramid;
pub use rate::{Rate, duration_text};
pub use series::{Point, Series};
pub use smoothing::{ema, moving_average};
pub use window::{Window, clamp_window, pan_window, zoom_window};
