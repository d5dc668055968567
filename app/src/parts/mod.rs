//! Parts of pages.

pub(crate) mod bars;
pub(crate) mod chart;
pub(crate) mod digits;
pub(crate) mod file_button;
pub(crate) mod frame;
pub(crate) mod notices;
pub(crate) mod paper;
pub(crate) mod picture;
pub(crate) mod seen;
pub(crate) mod teach;
