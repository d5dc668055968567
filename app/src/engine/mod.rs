//! The workers behind the page: one that reads digits, one that trains while there is a run, and one for each errand.

mod errand;
mod link;
mod reader;
mod run_view;
mod site;
mod trainer;

pub(crate) use errand::{Errand, errand};
pub(crate) use reader::{Reader, ReaderEvent};
pub(crate) use run_view::{Phase, RunView};
pub(crate) use site::Site;
pub(crate) use trainer::{Trainer, TrainerEvent};
