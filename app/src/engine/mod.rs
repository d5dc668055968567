//! The workers behind the page: one that reads digits, and one that trains while there is a run.

mod evaluate;
mod link;
mod reader;
mod site;
mod trainer;

pub(crate) use evaluate::evaluate;
pub(crate) use reader::{Reader, ReaderEvent};
pub(crate) use site::Site;
pub(crate) use trainer::{Phase, RunView, Trainer, TrainerEvent};
