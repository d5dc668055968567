//! The pages.

pub(crate) mod draw;
pub(crate) mod models;
pub(crate) mod train;
