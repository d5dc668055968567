//! The canvas that takes ink from mouse, pen and touch, and shows it. The page has it, and so has what stands there before
//! the page has arrived.

mod pens;
mod shown;

pub use pens::{PenEvent, Pens};
pub use shown::{show_drawing, show_levels};
