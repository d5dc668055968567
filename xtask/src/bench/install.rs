//! The peers' pinned packages, from PyPI and npm, in the cache.

use std::process::Command;

use super::{contestant::Contestant, folder};
use crate::process::{command, run};

/// What a contestant needs in order to run.
pub(crate) fn install(contestant: Contestant) -> anyhow::Result<()> {
    match contestant {
        Contestant::InklingNative => Ok(()),
        Contestant::InklingPage => web("playwright-core", &["--omit=dev"]),
        // Without its dependencies, of which most are CUDA's.
        Contestant::PyTorch => environment("torch", &["--no-deps"], || Ok(())),
        Contestant::Keras => environment("keras", &[], || Ok(())),
        Contestant::OrtWeb => {
            web("onnxruntime-web", &[])?;
            environment("ort", &[], || run(&mut python("ort", "make_ort_artifacts.py", &[])))
        }
        Contestant::Tfjs => web("@tensorflow/tfjs", &[]),
        Contestant::JaxJs => web("@jax-js/jax", &[]),
    }
}

/// The pages' packages, unless `package` is there: what drives the browser, and the peers' libraries, which
/// `package.json` has as `devDependencies`, so that `options` can leave them out.
fn web(package: &str, options: &[&str]) -> anyhow::Result<()> {
    let web = folder().join("web");
    if web.join("node_modules").join(package).is_dir() {
        return Ok(());
    }
    let mut npm = command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).args(options);
    run(npm.current_dir(web))
}

/// A script of the peers, in one of their environments.
pub(crate) fn python(environment: &str, script: &str, arguments: &[&str]) -> Command {
    let mut python = command(folder().join(format!(".venv-{environment}/bin/python")));
    python.arg(folder().join("py").join(script)).args(arguments);
    python
}

fn environment(
    name: &str,
    options: &[&str],
    finish: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let list = folder().join(format!("py/requirements-{name}.txt"));
    crate::python::environment(&folder().join(format!(".venv-{name}")), &[(&list, options)], finish)
}
