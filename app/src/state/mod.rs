//! What the page knows, one store a noun. Stores know no component and not each other; `session` has them act together.

pub(crate) mod kept_run;
pub(crate) mod queue;
pub(crate) mod run_log;
pub(crate) mod runs;
