//! The libraries of others that the tests in `tests/peers` need: an environment of its own in the cache.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    places,
    process::{command, run, step, version},
    python,
};

const PACKAGES: [(&str, &str); 2] = [("@tensorflow/tfjs", "4.22.0"), ("onnxruntime-web", "1.30.0")];

/// Where they stand.
#[derive(Default)]
pub(crate) struct Peers {
    /// A Python with PyTorch, Keras, ONNX and onnxruntime; none where it cannot be had.
    pub(crate) python: Option<PathBuf>,
    /// A folder with the packages of TensorFlow.js and onnxruntime-web; none where there is no npm.
    pub(crate) node_packages: Option<PathBuf>,
}

impl Peers {
    /// What tells the tests.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let python = self.python.iter().map(|python| ("INKLING_PYTHON", python));
        python.chain(self.node_packages.iter().map(|folder| ("INKLING_NODE_PACKAGES", folder)))
    }
}

/// Installs what is missing. What cannot be installed is said, and its tests are reported as ignored.
pub(crate) fn set_up() -> anyhow::Result<Peers> {
    step("The libraries of others: PyTorch, Keras, ONNX, TensorFlow.js, onnxruntime-web");
    let folder = places::cache().join("peers");
    fs::create_dir_all(&folder)?;
    let python =
        python(&folder).inspect_err(|error| println!("    {error:#}. Their tests are ignored.")).ok();
    let node_packages =
        node_packages(&folder).inspect_err(|error| println!("    {error:#}. Their tests are ignored.")).ok();
    Ok(Peers { python, node_packages })
}

fn python(folder: &Path) -> anyhow::Result<PathBuf> {
    let environment = folder.join("venv");
    // The benchmarks' pins of PyTorch, and what the tests need besides.
    let torch = places::root().join("bench/peers/py/requirements-torch.txt");
    let others = places::root().join("tests/peers/requirements.txt");
    python::environment(&environment, &[(&torch, &["--no-deps"]), (&others, &[])], || Ok(()))?;
    Ok(environment.join("bin/python"))
}

fn node_packages(folder: &Path) -> anyhow::Result<PathBuf> {
    let is_there = |(name, version): &(&str, &str)| {
        let package = folder.join("node_modules").join(name).join("package.json");
        fs::read_to_string(package).is_ok_and(|text| text.contains(version))
    };
    if PACKAGES.iter().all(is_there) {
        return Ok(folder.to_owned());
    }
    version("npm").context("there is no npm")?;
    let mut npm = command("npm");
    npm.args(["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(folder);
    run(npm.args(PACKAGES.map(|(name, version)| format!("{name}@{version}"))))?;
    Ok(folder.to_owned())
}
