//! What the site contains, as `cargo xtask` wrote it into `site.json`.

use protocol::Program;
use serde::Deserialize;

use crate::browser;

/// The contents of `site.json`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Site {
    /// The folder of the CPU worker, with its content hash in the path.
    cpu_worker: String,
    /// The folder of the worker that reads files of models; absent from sites of before there was one.
    reading_worker: Option<String>,
    /// The folder of the worker that writes files of models.
    writing_worker: Option<String>,
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

    /// The files of the WebGPU worker, below the site's root.
    pub(crate) fn gpu_files(&self) -> Vec<String> {
        let all = |folder: &String| {
            ["loader.js", "worker.js", "worker_bg.wasm"].map(|file| format!("{folder}{file}"))
        };
        self.gpu_worker.iter().flat_map(all).collect()
    }

    /// The address of a worker's script, if the site has that worker.
    pub(crate) fn worker_url(&self, program: Program) -> Option<String> {
        let folder = match program {
            Program::Cpu => Some(&self.cpu_worker),
            Program::ReadFiles => self.reading_worker.as_ref(),
            Program::WriteFiles => self.writing_worker.as_ref(),
            Program::WebGpu => self.gpu_worker.as_ref(),
        };
        folder.map(|folder| browser::site_url(&format!("{folder}loader.js")))
    }
}
