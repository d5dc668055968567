//! Files of labelled images: what they hold, read in and written out.
//!
//! `Reading::new` unpacks files and sees from their first bytes what each holds (`kind.rs`); each format has its file in
//! `formats/` and gives images, labels or both (`raw.rs`). `Reading::finish` pairs them (`pairing.rs`), names their classes
//! (`classes.rs`) and makes the images 28x28 (`making.rs`). What was decided comes back as choices that a person can change.

mod classes;
mod duplicates;
mod error;
mod export;
mod formats;
mod import;
mod kind;
mod making;
pub mod mnist;
mod numbers;
mod options;
mod pairing;
mod raw;
mod source;
mod text;
mod unpack;

pub use duplicates::Duplicates;
pub use error::ImportError;
pub use export::{ExportError, idx_zip, picture_zip, submission};
pub use formats::strokes::parse_strokes;
pub use import::{Imported, Reading, to_train_on};
pub use making::Making;
pub use options::{Choice, ImportOptions, Question};
pub use raw::RawImages;
pub use source::SourceFile;
pub use unpack::{MAX_FILES, MAX_UNPACKED_BYTES};

/// Reads files in which no picture is; pictures must be decoded by whoever can.
///
/// # Errors
/// [`ImportError`] says what is wrong with which file.
pub fn read(files: Vec<SourceFile>, options: &ImportOptions) -> Result<Imported, ImportError> {
    let mut reading = Reading::new(files, options, &mut |_| ())?;
    while reading.next_picture().is_some() {
        reading.decoded(Err("pictures are not decoded here".into()));
    }
    reading.finish(None)
}
