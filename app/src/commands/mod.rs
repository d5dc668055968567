//! What a person can have the page do. A command may touch several stores; nothing else does.

mod data;
mod drawings;
mod ink;
mod interrupted;
mod kept_runs;
mod models;
mod notices;
mod queue;
mod recognition;
mod runs;
mod storage;
mod tabs;

pub(crate) use data::data_source;
pub(crate) use ink::PEN_KEY;
