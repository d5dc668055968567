//! Parts of pages.

pub(crate) mod bars;
pub(crate) mod chart;
pub(crate) mod frame;
pub(crate) mod notices;
pub(crate) mod paper;
pub(crate) mod seen;
