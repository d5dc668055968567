//! Images and labels: what a data set is, digits that need no file, and in which order a run sees them.

mod browse;
mod builtin;
mod order;
mod part;
mod set;
mod split;
mod strokes;

pub use browse::ClassMean;
pub use builtin::{built_in_dataset, built_in_digits, careful_digits, not_a_digit, not_digits};
pub use order::epoch_order;
pub use part::Part;
pub use set::{Dataset, LabelledImages};
pub use split::Split;
pub use strokes::{WrittenDigit, drawn_digits};
