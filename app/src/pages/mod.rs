//! The pages.

pub(crate) mod about;
pub(crate) mod data;
pub(crate) mod draw;
pub(crate) mod evaluate;
pub(crate) mod learn;
pub(crate) mod models;
pub(crate) mod personalize;
pub(crate) mod runs;
pub(crate) mod train;
