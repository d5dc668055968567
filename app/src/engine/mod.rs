//! The workers behind the page. What they do and when is decided in `worker-client`; here are the browser's workers,
//! timers and downloads.

mod host;
mod site;
mod trainer;

pub(crate) use host::BrowserHost;
pub(crate) use site::Site;
pub(crate) use trainer::{RunRequest, TrainerShell};
