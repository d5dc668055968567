//! What the page knows, one store a noun. Stores know no component and not each other; `commands` has them act together.

pub(crate) mod announcer;
pub(crate) mod data_sets;
pub(crate) mod drawings;
pub(crate) mod kept;
pub(crate) mod kept_run;
pub(crate) mod models;
pub(crate) mod notifications;
pub(crate) mod offers;
pub(crate) mod queue;
pub(crate) mod run_log;
pub(crate) mod runs;
pub(crate) mod site_copy;
pub(crate) mod training;
pub(crate) mod turns;
pub(crate) mod workers;
