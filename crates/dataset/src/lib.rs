//! Images and labels: where they come from, and in which order a run sees them.

mod builtin;
mod csv;
mod export;
mod files;
mod idx;
mod labels;
pub mod mnist;
mod order;
mod set;
mod strokes;
mod test_set;

pub use builtin::{built_in_digits, built_in_split, careful_digits, not_a_digit, not_digits};
pub use csv::{CsvError, parse_csv};
pub use export::{ExportError, idx_zip, picture_zip};
pub use files::{FilesError, split_from_files};
pub use idx::{IdxError, IdxFile, IdxImages, MAX_FILE_BYTES, parse_idx};
pub use labels::{LabelsError, parse_labels};
pub use order::epoch_order;
pub use set::{LabelledImages, Split};
pub use strokes::{StrokesError, WrittenDigit, parse_strokes};
pub use test_set::{TestSetError, drawn_digits, test_set};
