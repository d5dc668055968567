//! What a person can have the page do. A command may touch several stores; nothing else does.

mod data;
mod drawings;
mod drops;
mod exports;
mod ink;
mod interrupted;
mod kept_runs;
mod links;
mod models;
mod notices;
mod offers;
mod queue;
mod recognition;
mod runs;
mod site_copy;
mod start;
mod storage;
mod tabs;

pub(crate) use data::data_source;
pub(crate) use drops::{MODEL_FILES, Place};
pub(crate) use exports::LinkOfModel;
