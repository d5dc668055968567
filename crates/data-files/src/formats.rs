//! One file a format.

pub(crate) mod csv;
pub(crate) mod idx;
pub(crate) mod label_list;
pub(crate) mod npy;
pub(crate) mod strokes;
