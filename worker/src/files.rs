//! Files for the user.

use data_files::{idx_zip, picture_zip};
use protocol::{
    Blobs, Delivery, JobError,
    files::{Export, ExportFormat, Written},
};

use crate::{data::labelled, failure};

/// Handles [`Export`].
pub(crate) fn export(mut request: Delivery<Export>) -> Result<Delivery<Written>, JobError> {
    let images = labelled(&mut request.blobs, request.content.images)?;
    let file = match request.content.format {
        ExportFormat::Idx => idx_zip(&images),
        ExportFormat::Pictures => picture_zip(&images),
    };
    Ok(written(file.map_err(failure::of_writing)?))
}

fn written(file: Vec<u8>) -> Delivery<Written> {
    let mut blobs = Blobs::new();
    let content = Written { file: blobs.add(file) };
    Delivery { content, blobs }
}
