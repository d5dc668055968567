//! Ink to the 28x28 image that a network reads.
//!
//! There is one way from ink to an image, and page, tests and command line all take it:
//! [`Drawing`] (strokes), or [`Picture`] and [`found_ink`] -> [`Raster`] (ink as grey levels) -> [`normalise`] (the image).

mod atoms;
mod boxes;
mod cells;
mod components;
mod drawing;
mod drawing_link;
mod found;
mod keyboard_pen;
mod light;
mod normalise;
mod one_pen;
mod picture;
mod picture_file;
mod raster;
mod rules;
mod segments;
mod specks;
mod tracer;

pub use components::Bounds;
pub use drawing::{Drawing, Point, Stroke};
pub use drawing_link::{DrawingLinkError, drawing_link, linked_drawing};
pub use found::{FoundInk, Polarity, found_ink};
pub use keyboard_pen::{KeyboardPen, PenKey};
pub use normalise::{BOX_SIDE, CENTRE, Image, normalise, placed};
pub use one_pen::{OnePen, PointerDown, PointerKind};
pub use picture::{Picture, PictureError};
pub use picture_file::{PictureTooLarge, check_picture_file, check_picture_size, is_animated};
pub use raster::{Raster, RasterError};
pub use segments::{Candidate, Line, cheapest, lines};

/// Side of the image, in pixels.
pub const SIDE: usize = 28;
/// Pixels of the image.
pub const PIXELS: usize = SIDE * SIDE;
