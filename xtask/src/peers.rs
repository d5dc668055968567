//! The libraries of others that the tests in `tests/peers` need: an environment of its own in the cache.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    places,
    process::{command, run, step, version},
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
    let python = environment.join("bin/python");
    let sources = places::root().join("tests/peers");
    let wanted = ["requirements-torch.txt", "requirements.txt"].map(|name| sources.join(name));
    // What was installed is written down, so that a changed pin is seen.
    let (done, mut list) = (environment.join("installed.txt"), String::new());
    for path in &wanted {
        list += &fs::read_to_string(path)?;
    }
    if fs::read_to_string(&done).is_ok_and(|installed| installed == list) {
        return Ok(python);
    }
    if environment.exists() {
        fs::remove_dir_all(&environment)?;
    }
    run(command("python3").args(["-m", "venv"]).arg(&environment))
        .context("Python cannot make an environment")?;
    let pip = |options: &[&str], path: &Path| {
        let mut pip = command(environment.join("bin/pip"));
        run(pip.args(["install", "--quiet"]).args(options).arg("-r").arg(path)).context("pip failed")
    };
    pip(&["--no-deps"], &wanted[0])?;
    pip(&[], &wanted[1])?;
    // PyTorch's plain build asks for CUDA's libraries when it is loaded; hollow ones stand in for them.
    let libraries = fs::read_dir(environment.join("lib"))?
        .flatten()
        .map(|version| version.path().join("site-packages/torch/lib"))
        .find(|libraries| libraries.is_dir())
        .context("torch has no libraries")?;
    run(command("bash").arg(places::root().join("bench/peers/py/make_cuda_stubs.sh")).arg(libraries))?;
    fs::write(done, list)?;
    Ok(python)
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
