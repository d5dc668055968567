//! Images and labels: where they come from, and in which order a run sees them.

mod builtin;
mod csv;
mod files;
mod idx;
pub mod mnist;
mod order;
mod set;
mod strokes;

pub use builtin::{built_in_digit, built_in_digits, built_in_split, not_a_digit, not_digits};
pub use csv::{CsvError, parse_csv};
pub use files::{FilesError, split_from_files};
pub use idx::{IdxError, IdxFile, IdxImages, MAX_FILE_BYTES, parse_idx};
pub use order::epoch_order;
pub use set::{LabelledImages, Split};
pub use strokes::{StrokesError, WrittenDigit, parse_strokes};
