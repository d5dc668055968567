//! The workers: compiled, bound and put where their content says.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use crate::{
    places,
    process::{cargo, command, run, step},
    site::PAGE_FLAGS,
};

/// A worker's script. The page's policy binds it, so the address of a helping worker, which is its own, must be let through by name.
const LOADER: &str = "\
import init from './worker.js';
self.trustedTypes?.createPolicy('default', { createScriptURL: url => (url === location.href ? url : null) });
await init();
";

/// One of the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Cpu,
    Gpu,
    ReadFiles,
    WriteFiles,
    /// What reads before the page has arrived: no worker, but built as one.
    First,
}

impl Build {
    /// First part of the folder's name; of those that compute, a feature of their crate too.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::ReadFiles => "reads",
            Self::WriteFiles => "writes",
            Self::First => "first",
        }
    }

    /// Name of its script and its module, without their endings.
    const fn file(self) -> &'static str {
        match self {
            Self::First => "first",
            _ => "worker",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Cpu => "The CPU worker",
            Self::Gpu => "The WebGPU worker",
            Self::ReadFiles => "The worker that reads files of models",
            Self::WriteFiles => "The worker that writes files of models",
            Self::First => "What reads before the page has arrived",
        }
    }

    /// Package, program, and what else cargo must know.
    const fn program(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Cpu => ("worker", "worker-cpu", &["--features", "cpu"]),
            Self::Gpu => ("worker", "worker-gpu", &["--features", "gpu"]),
            Self::ReadFiles => ("files-worker", "read-files", &[]),
            Self::WriteFiles => ("files-worker", "write-files", &[]),
            Self::First => ("first-page", "first-page", &[]),
        }
    }

    const fn profile(self) -> &'static str {
        match self {
            Self::Cpu => "release",
            Self::Gpu => "gpu-release",
            // As small as the page.
            Self::ReadFiles | Self::WriteFiles | Self::First => "app-release",
        }
    }
}

/// Compiles a worker with no sign of it but errors, while something else is built.
pub(crate) fn compile_meanwhile(build: Build) -> anyhow::Result<()> {
    println!("    Meanwhile: {}", build.title());
    run(compilation(build).arg("--quiet"))
}

fn compilation(build: Build) -> Command {
    let (package, name, features) = build.program();
    let mut compilation = cargo(&["build", "--package", package, "--bin", name]);
    compilation.args(features).args(["--target", "wasm32-unknown-unknown", "--profile", build.profile()]);
    match build {
        // Trunk, which calls this, hands on the page's flags.
        Build::Cpu | Build::Gpu => compilation.env_remove(PAGE_FLAGS.0),
        // The same as the page's, which have no meaning here: so they share what both are made of.
        Build::ReadFiles | Build::WriteFiles | Build::First => compilation.env(PAGE_FLAGS.0, PAGE_FLAGS.1),
    };
    compilation
}

/// Builds a worker into `site/worker/` and returns its folder below the site's root, with a slash at its end.
pub(crate) fn build(build: Build, site: &Path) -> anyhow::Result<String> {
    let (id, profile, (_, name, _)) = (build.id(), build.profile(), build.program());
    step(build.title());
    run(&mut compilation(build))?;
    let compiled = places::target().join("wasm32-unknown-unknown").join(profile).join(format!("{name}.wasm"));

    let out = places::target().join("bound").join(id);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    ensure_no_command_exports(&compiled)?;
    run(command("wasm-bindgen")
        .arg(&compiled)
        .args(["--remove-name-section", "--remove-producers-section"])
        .args(["--target", "web", "--no-typescript", "--out-name", build.file(), "--out-dir"])
        .arg(&out))?;
    if build != Build::First {
        fs::write(out.join("loader.js"), LOADER)?;
    }

    let parent = if build == Build::First { "first" } else { "worker" };
    let folder = format!("{parent}/{id}-{}/", content_hash(&out)?);
    remove_older(&site.join(parent), id)?;
    copy_folder(&out, &site.join(&folder))?;
    Ok(folder)
}

/// A wrapped export runs every constructor at each call; with CubeCL's that made a step take 1.3 s instead of 6 ms.
fn ensure_no_command_exports(wasm: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(wasm)?;
    let wrapped = bytes.windows(15).any(|window| window == b".command_export");
    ensure!(
        !wrapped,
        "{}: exports are wrapped in calls to all constructors; see worker/src/lib.rs",
        wasm.display()
    );
    Ok(())
}

/// First half of the SHA-256 of every file of a folder, by name.
fn content_hash(folder: &Path) -> anyhow::Result<String> {
    let mut sum = Sha256::new();
    for path in files_below(folder)? {
        sum.update(path.strip_prefix(folder)?.to_string_lossy().as_bytes());
        sum.update(fs::read(&path)?);
    }
    Ok(short_hex(&sum.finalize()))
}

pub(crate) fn short_hex(bytes: &[u8]) -> String {
    let word = bytes.iter().take(8).fold(0, |word: u64, &byte| word << 8 | u64::from(byte));
    format!("{word:016x}")
}

/// Every file below a folder, in the order of their paths.
pub(crate) fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    for path in files_below(from)? {
        let copy = to.join(path.strip_prefix(from)?);
        fs::create_dir_all(copy.parent().unwrap_or(to))?;
        fs::copy(&path, &copy)?;
    }
    Ok(())
}

fn remove_older(worker_folder: &Path, id: &str) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(worker_folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let is_older =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{id}-")));
        if is_older {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}
