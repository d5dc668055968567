//! The pages.

pub(crate) mod draw;
pub(crate) mod evaluate;
pub(crate) mod hand;
pub(crate) mod models;
pub(crate) mod train;
