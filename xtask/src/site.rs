//! The finished site: Trunk's page, the workers, MNIST, and what a static host needs.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    mnist,
    process::{cargo, command, run, step},
    tools,
    worker_build::{self, Build},
};

/// A path with a slash at both ends.
pub(crate) fn base_path(public_url: &str) -> String {
    match public_url.trim_matches('/') {
        "" => "/".into(),
        inner => format!("/{inner}/"),
    }
}

/// Has Leptos build its views without a type of their own for each: the page is a tenth smaller. Only for the page: other flags would
/// have Burn compiled anew.
pub(crate) const PAGE_FLAGS: (&str, &str) =
    ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg erase_components");

/// Sets up, then builds the page with its CPU worker into a folder.
pub(crate) fn build_page(base_path: &str, dist: &Path) -> anyhow::Result<()> {
    tools::set_up_build()?;
    step("The page and its CPU worker");
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
    fs::write(&path, site.to_string())?;
    Ok(())
}

/// Completes the page that Trunk has just built, in Trunk's staging folder.
pub(crate) fn stage() -> anyhow::Result<()> {
    let staging = env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from);
    let staging = staging.context("this is a step of Trunk's build: call `cargo xtask dist`")?;
    for path in worker_build::files_below(&staging)? {
        if path.extension().is_some_and(|extension| extension == "wasm") {
            worker_build::optimise(&path, "-Oz")?;
        }
    }
    let cpu_worker = worker_build::build(Build::Cpu, &staging)?;
    let files_worker = worker_build::build(Build::Files, &staging)?;
    let mnist = mnist::folder();
    if let Some(folder) = &mnist {
        let data = staging.join("data/mnist");
        fs::create_dir_all(&data)?;
        for file in data_files::mnist::FILES {
            fs::copy(folder.join(file.name), data.join(file.name))?;
        }
    }
    let site = json!({ "cpu_worker": cpu_worker, "files_worker": files_worker, "gpu_worker": null, "mnist": mnist.is_some() });
    fs::write(staging.join("site.json"), site.to_string())?;
    finish_pages(&staging)
}

/// Adds the security policy, and a page at every route, so that a host needs no rewriting rules.
fn finish_pages(site: &Path) -> anyhow::Result<()> {
    let path = site.join("index.html");
    let page = fs::read_to_string(&path)?;
    let policy = policy(&page)?;
    let page = page.replacen(
        "<head>",
        &format!("<head><meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">"),
        1,
    );
    ensure!(page.contains("Content-Security-Policy"), "index.html has no <head> to put the policy into");
    fs::write(&path, &page)?;
    for copy in [
        "404.html",
        "train/index.html",
        "data/index.html",
        "hand/index.html",
        "runs/index.html",
        "models/index.html",
        "learn/index.html",
    ] {
        let copy = site.join(copy);
        fs::create_dir_all(copy.parent().unwrap_or(site))?;
        fs::write(copy, &page)?;
    }
    Ok(())
}

/// Nothing but the site's own files, and no script but the one that Trunk put into the page.
fn policy(page: &str) -> anyhow::Result<String> {
    let mut sources = String::new();
    for script in page.split("<script").skip(1) {
        let (attributes, rest) = script.split_once('>').context("a script tag is not closed")?;
        let (body, _) = rest.split_once("</script>").context("a script is not closed")?;
        if !attributes.contains("src=") && !body.trim().is_empty() {
            sources.extend([" 'sha256-", &base64(&Sha256::digest(body.as_bytes())), "'"]);
        }
    }
    Ok(format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{sources}; worker-src 'self'; connect-src 'self' blob:; \
         style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; manifest-src 'self'; base-uri 'self'; form-action 'none'"
    ))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, &byte| (word << 8) | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn public_urls_get_a_slash_at_both_ends() {
        for (given, path) in [("/", "/"), ("", "/"), ("x", "/x/"), ("/x/", "/x/"), ("/a/b", "/a/b/")] {
            assert_eq!(base_path(given), path);
        }
    }

    #[test]
    fn the_policy_names_inline_scripts_by_their_sum() {
        let policy = policy("<script src=\"a.js\"></script><script type=\"module\">abc</script>").unwrap();
        assert!(policy.contains("'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='"), "{policy}");
    }
}
