//! What the site contains, as `cargo xtask` wrote it into `site.json`.

use protocol::Program;
use serde::Deserialize;

use crate::browser;

/// The contents of `site.json`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Site {
    /// The folder of the CPU worker, with its content hash in the path.
    cpu_worker: String,
    /// The folder of the worker for files of models; absent from sites of before there was one.
    files_worker: Option<String>,
    /// The folder of the WebGPU worker; absent until it is built.
    gpu_worker: Option<String>,
    /// Whether MNIST's files lie under `data/mnist/`.
    pub(crate) mnist: bool,
}

impl Site {
    /// Reads the file again: a worker may have been added or replaced. The error is for people.
    pub(crate) async fn fetch() -> Result<Self, String> {
        let bytes = browser::fetch("site.json", true).await?;
        serde_json::from_slice(&bytes).map_err(|_| "site.json is damaged: build the site again.".to_owned())
    }

    /// The address of a worker's script, if the site has that worker.
    pub(crate) fn worker_url(&self, program: Program) -> Option<String> {
        let folder = match program {
            Program::Cpu => Some(&self.cpu_worker),
            Program::Files => self.files_worker.as_ref(),
            Program::WebGpu => self.gpu_worker.as_ref(),
        };
        folder.map(|folder| browser::site_url(&format!("{folder}loader.js")))
    }
}
