//! Environments of Python: what a list of pinned packages asks for, apart from everything else on the machine.

use std::{fs, path::Path};

use anyhow::Context as _;

use crate::{
    places,
    process::{command, run},
};

/// Makes an environment with these lists of packages, unless it is there; each list has its own options for pip. A list that has
/// changed is seen. `finish` does what else belongs to it.
pub(crate) fn environment(
    folder: &Path,
    lists: &[(&Path, &[&str])],
    finish: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut wanted = String::new();
    for (list, _) in lists {
        wanted += &fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    }
    let done = folder.join("installed.txt");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    run(command("python3").args(["-m", "venv"]).arg(folder)).context("Python cannot make an environment")?;
    for (list, options) in lists {
        let mut pip = command(folder.join("bin/pip"));
        run(pip.args(["install", "--quiet"]).args(*options).arg("-r").arg(list))?;
    }
    stand_in_for_cuda(folder)?;
    finish()?;
    fs::write(done, wanted)?;
    Ok(())
}

/// PyTorch's plain build asks for CUDA's libraries when it is loaded, which would be 2.5 GB: hollow ones stand in for them.
fn stand_in_for_cuda(environment: &Path) -> anyhow::Result<()> {
    let libraries = fs::read_dir(environment.join("lib"))?
        .flatten()
        .map(|version| version.path().join("site-packages/torch/lib"))
        .find(|libraries| libraries.is_dir());
    let Some(libraries) = libraries else { return Ok(()) };
    run(command("bash").arg(places::root().join("bench/peers/py/make_cuda_stubs.sh")).arg(libraries))
}
