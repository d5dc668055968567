//! The peers' pinned packages, from PyPI and npm, in the cache.

use std::{fs, process::Command};

use super::{contestant::Contestant, folder};
use crate::process::{command, run};

/// What a contestant needs in order to run.
pub(crate) fn install(contestant: Contestant) -> anyhow::Result<()> {
    match contestant {
        Contestant::InklingNative => Ok(()),
        Contestant::InklingPage => web("playwright-core", &["--omit=dev"]),
        // Without its dependencies, of which most are CUDA's; hollow libraries stand in for those.
        Contestant::PyTorch => environment("torch", &["--no-deps"], || {
            let libraries = fs::read_dir(folder().join(".venv-torch/lib"))?
                .flatten()
                .map(|python| python.path().join("site-packages/torch/lib"))
                .find(|libraries| libraries.is_dir());
            let libraries = libraries.ok_or_else(|| anyhow::anyhow!("torch has no libraries"))?;
            run(command("bash").arg(folder().join("py/make_cuda_stubs.sh")).arg(libraries))
        }),
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
    let environment = folder().join(format!(".venv-{name}"));
    let done = environment.join("ok");
    if done.exists() {
        return Ok(());
    }
    if environment.exists() {
        fs::remove_dir_all(&environment)?;
    }
    run(command("python3").args(["-m", "venv"]).arg(&environment))?;
    let mut pip = command(environment.join("bin/pip"));
    pip.args(["install", "--quiet"]).args(options).arg("-r");
    run(pip.arg(folder().join(format!("py/requirements-{name}.txt"))))?;
    finish()?;
    fs::write(done, "")?;
    Ok(())
}
