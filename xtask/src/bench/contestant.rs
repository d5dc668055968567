//! Those who are measured, and how each is started.

use std::{path::Path, process::Command};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::{TO_99, folder, install, mnist_variable, native_program};
use crate::process::{command, output};

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

    /// Whether it has the network `model`, or knows the recipe of [`TO_99`].
    pub(crate) fn trains(self, model: &str) -> bool {
        match self {
            Self::InklingPage | Self::InklingNative | Self::PyTorch => true,
            Self::Keras => model != TO_99,
            Self::OrtWeb | Self::Tfjs | Self::JaxJs => ["seed", "tfjs", "mlp"].contains(&model),
        }
    }

    pub(crate) fn peer(name: &str) -> Option<Self> {
        Self::PEERS.into_iter().find(|peer| peer.name() == name)
    }

    /// One turn; what the contestant printed.
    pub(crate) fn measure(self, model: &str, browser: &str, mnist: Option<&Path>) -> anyhow::Result<Value> {
        let mut turn = match self {
            Self::InklingNative => {
                let mut native = command(native_program());
                native.arg(model);
                native
            }
            Self::PyTorch if model == TO_99 => install::python("torch", "to_99.py", &["1"]),
            Self::PyTorch => install::python("torch", "bench_torch.py", &["1", model]),
            Self::Keras => install::python("keras", "bench_keras.py", &["1", model]),
            Self::InklingPage | Self::OrtWeb | Self::Tfjs | Self::JaxJs => {
                let mut node = command("node");
                node.arg(folder().join("web/bench.mjs")).args([self.name(), model]);
                node.env("CHROMIUM", which(browser)?);
                node
            }
        };
        read(turn.envs(mnist_variable(mnist)))
    }
}

fn read(turn: &mut Command) -> anyhow::Result<Value> {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::{bench::MODELS, places};

    #[test]
    fn native_peers_have_every_network() {
        for script in ["bench_torch.py", "bench_keras.py"] {
            let text = fs::read_to_string(places::root().join("bench/peers/py").join(script)).unwrap();
            for model in MODELS {
                assert!(text.contains(&format!("\"{model}\": lambda:")), "{script} lacks {model}");
            }
        }
    }
}
