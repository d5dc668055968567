//! Those who are measured, and how each is started.

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::{folder, install, native_program};
use crate::{
    mnist,
    process::{command, output},
};

/// One who trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contestant {
    InklingPage,
    InklingNative,
    PyTorch,
    Keras,
    OrtWeb,
    Tfjs,
    JaxJs,
}

impl Contestant {
    const PEERS: [Self; 5] = [Self::PyTorch, Self::Keras, Self::OrtWeb, Self::Tfjs, Self::JaxJs];

    /// As on the command line and in the results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InklingPage => "inkling",
            Self::InklingNative => "inkling-native",
            Self::PyTorch => "pytorch",
            Self::Keras => "keras",
            Self::OrtWeb => "ort-web",
            Self::Tfjs => "tfjs",
            Self::JaxJs => "jax-js",
        }
    }

    pub(crate) fn peer(name: &str) -> Option<Self> {
        Self::PEERS.into_iter().find(|peer| peer.name() == name)
    }

    /// One turn; what the contestant printed.
    pub(crate) fn measure(self, model: &str, browser: &str) -> anyhow::Result<Value> {
        let mut turn = match self {
            Self::InklingNative => {
                let mut native = command(native_program());
                native.arg(model);
                native
            }
            Self::PyTorch => install::python("torch", "bench_torch.py", &["1", model]),
            Self::Keras => install::python("keras", "bench_keras.py", &["1", model]),
            Self::InklingPage | Self::OrtWeb | Self::Tfjs | Self::JaxJs => {
                let mut node = command("node");
                node.arg(folder().join("web/bench.mjs")).args([self.name(), model]);
                node.env("CHROMIUM", which(browser)?);
                node
            }
        };
        read(&mut turn)
    }

    pub(crate) const fn runs_to_99(self) -> bool {
        matches!(self, Self::InklingPage | Self::InklingNative | Self::PyTorch)
    }

    /// One run of the recipe "Fast" on MNIST.
    pub(crate) fn to_99(self, browser: &str) -> anyhow::Result<Value> {
        let mnist = mnist::folder().context("MNIST is not to be had")?;
        let mut turn = match self {
            Self::InklingNative => {
                let mut native = command(native_program());
                native.arg("to-99");
                native
            }
            Self::PyTorch => install::python("torch", "to_99.py", &["1"]),
            Self::InklingPage => {
                let mut node = command("node");
                node.arg(folder().join("web/bench.mjs")).args([self.name(), "to-99"]);
                node.env("CHROMIUM", which(browser)?);
                node
            }
            other => bail!("{} does not know the recipe", other.name()),
        };
        read(turn.env("INKLING_MNIST_DIR", mnist))
    }
}

fn read(turn: &mut std::process::Command) -> anyhow::Result<Value> {
    let text = output(turn)?;
    let line = text.lines().rev().find(|line| line.starts_with('{')).context("it printed no figures")?;
    let figures: Value = serde_json::from_str(line)?;
    match figures["error"].as_str() {
        Some(error) => bail!("{error}"),
        None => Ok(figures),
    }
}

/// Playwright wants the browser's whole path.
fn which(program: &str) -> anyhow::Result<String> {
    let paths = crate::process::path();
    let found = std::env::split_paths(&paths).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.map(|path| path.to_string_lossy().into_owned()).with_context(|| format!("no {program} on the PATH"))
}
