//! The finished site: Trunk's page, what stands there before it, the workers, MNIST, and what a static host needs.

mod licences;
mod offline;
mod packed;
mod pages;

use std::{
    env, fs,
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) use packed::brotli;

use crate::{
    mnist,
    process::{cargo, command, run, step},
    tools,
    worker_build::{self, Build, short_hex},
};

/// A path with a slash at both ends.
pub(crate) fn base_path(public_url: &str) -> String {
    match public_url.trim_matches('/') {
        "" => "/".into(),
        inner => format!("/{inner}/"),
    }
}

/// Has Leptos build its views without a type of their own for each: the page is a tenth smaller. Not for the workers that compute: with
/// these flags Burn would be compiled anew.
pub(crate) const PAGE_FLAGS: (&str, &str) =
    ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg erase_components");

/// Sets up, then builds the page with its CPU worker into a folder. The workers of `ahead` are compiled beside it.
pub(crate) fn build_page(base_path: &str, dist: &Path, ahead: &[Build]) -> anyhow::Result<()> {
    step("The page and its CPU worker");
    tools::add_wasm_target()?;
    thread::scope(|scope| {
        // Linking takes minutes of one core; cargo itself has one of two builds of the same profile wait for the other.
        let workers =
            scope.spawn(|| ahead.iter().try_for_each(|&build| worker_build::compile_meanwhile(build)));
        let page = build_page_alone(base_path, dist);
        if let Err(error) = &page {
            println!("    {error:#}. Waiting for what is compiled beside it.");
        }
        page.and(workers.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn build_page_alone(base_path: &str, dist: &Path) -> anyhow::Result<()> {
    tools::install_build_tools()?;
    step("The page");
    // Compiled first by cargo itself, which shows its progress; Trunk then finds everything done.
    let profile = ["--target", "wasm32-unknown-unknown", "--profile", "app-release"];
    run(cargo(&["build", "--package", "app"]).args(profile).env(PAGE_FLAGS.0, PAGE_FLAGS.1))?;
    run(command("trunk")
        .args(["build", "--release", "--offline", "--public-url", base_path, "--dist"])
        .arg(dist)
        .env(PAGE_FLAGS.0, PAGE_FLAGS.1)
        // Trunk reads this variable as one of its own flags and refuses the usual value.
        .env_remove("NO_COLOR"))
}

/// Builds the WebGPU worker and adds it to the site; a page that is open finds it at its next training run.
pub(crate) fn add_gpu_worker(dist: &Path) -> anyhow::Result<()> {
    let folder = worker_build::build(Build::Gpu, dist)?;
    let path = dist.join("site.json");
    let mut site: Value = serde_json::from_slice(&fs::read(&path)?)?;
    site["gpu_worker"] = json!(folder);
    Ok(fs::write(&path, site.to_string())?)
}

/// Writes what is made of all files together, once nothing else changes: the service worker, and each file compressed. Without
/// `offline`, browsers that come back drop the copy that they keep.
pub(crate) fn seal(dist: &Path, offline: bool) -> anyhow::Result<()> {
    step("Offline copy, compressed files");
    if offline {
        offline::write(dist)?;
    } else {
        offline::write_off_switch(dist)?;
    }
    packed::write(dist)
}

/// Writes what the first program reads with, and returns its path below the site's root.
fn pack_first_model(site: &Path) -> anyhow::Result<String> {
    let file = fs::read(site.join("models/small-cnn.safetensors"))?;
    let (weights, card) = weights::read_safetensors(&file)?;
    let packed = forward::pack(&weights, &card).context("the small model has no named network")?;
    let path = format!("first/model-{}.bin", short_hex(&Sha256::digest(&packed)));
    fs::write(site.join(&path), packed)?;
    Ok(path)
}

/// The program that reads before the page has arrived.
struct FirstPage {
    /// Its folder below the site's root, with a slash at its end.
    folder: String,
    /// What it reads with, below the site's root.
    model: String,
}

/// Completes the page that Trunk has just built, in Trunk's staging folder.
pub(crate) fn stage() -> anyhow::Result<()> {
    let staging = env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from);
    let staging = staging.context("this is a step of Trunk's build: call `cargo xtask dist`")?;
    let cpu_worker = worker_build::build(Build::Cpu, &staging)?;
    let reading_worker = worker_build::build(Build::ReadFiles, &staging)?;
    let writing_worker = worker_build::build(Build::WriteFiles, &staging)?;
    let folder = worker_build::build(Build::First, &staging)?;
    let mnist = mnist::folder();
    if let Some(folder) = &mnist {
        let data = staging.join("data/mnist");
        fs::create_dir_all(&data)?;
        for file in data_files::mnist::FILES {
            fs::copy(folder.join(file.name), data.join(file.name))?;
        }
    }
    let site = json!({
        "cpu_worker": cpu_worker,
        "reading_worker": reading_worker,
        "writing_worker": writing_worker,
        "gpu_worker": null,
        "mnist": mnist.is_some(),
    });
    fs::write(staging.join("site.json"), site.to_string())?;
    let model = pack_first_model(&staging)?;
    pages::finish(&staging, &FirstPage { folder, model })?;
    licences::write(&staging)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls_get_a_slash_at_both_ends() {
        for (given, path) in [("/", "/"), ("", "/"), ("x", "/x/"), ("/x/", "/x/"), ("/a/b", "/a/b/")] {
            assert_eq!(base_path(given), path);
        }
    }
}
