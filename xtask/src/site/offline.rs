//! The service worker: which files make a build.

use std::{fs, path::Path};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::pages::source;
use crate::worker_build::{files_below, short_hex};

/// Whether a file belongs to every build's offline copy. MNIST and the WebGPU worker are kept when they are used.
fn is_of_shell(name: &str) -> bool {
    let is_kept_later = name.starts_with("data/") || name.starts_with("worker/gpu-");
    let is_packed = has_ending(name, &["br", "gz"]);
    let is_no_file_of_the_page = name == "sw.js" || has_ending(name, &["md", "txt"]);
    !is_kept_later && !is_packed && !is_no_file_of_the_page
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    Path::new(name).extension().is_some_and(|found| endings.iter().any(|ending| found == *ending))
}

/// Writes `sw.js` for what lies in the folder now.
pub(super) fn write(site: &Path) -> anyhow::Result<()> {
    let (mut sum, mut files) = (Sha256::new(), Vec::new());
    let worker = source("sw.js")?;
    sum.update(worker.as_bytes());
    for path in files_below(site)? {
        let name = path.strip_prefix(site)?.to_string_lossy().replace('\\', "/");
        if is_of_shell(&name) {
            sum.update(name.as_bytes());
            sum.update(fs::read(&path)?);
            // Asked for as a browser does: a folder, not its index.
            files.push(if name == "index.html" { String::new() } else { name });
        }
    }
    let worker = worker
        .replacen("BUILD = BUILD_SUM", &format!("BUILD = \"{}\"", short_hex(&sum.finalize())), 1)
        .replacen("FILES = BUILD_FILES", &format!("FILES = {}", json!(files)), 1);
    Ok(fs::write(site.join("sw.js"), worker)?)
}

/// Writes the `sw.js` that ends the offline copy.
pub(super) fn write_off_switch(site: &Path) -> anyhow::Result<()> {
    Ok(fs::write(site.join("sw.js"), source("sw-off.js")?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_what_draws_and_reads_and_trains() {
        for (name, is_kept) in [
            ("index.html", true),
            ("app-1_bg.wasm", true),
            ("worker/cpu-1/worker.js", true),
            ("models/small-cnn.safetensors", true),
            ("models/small-cnn.md", false),
            ("worker/gpu-1/worker_bg.wasm", false),
            ("data/mnist/train-images-idx3-ubyte.gz", false),
            ("app-1_bg.wasm.br", false),
            ("sw.js", false),
        ] {
            assert_eq!(is_of_shell(name), is_kept, "{name}");
        }
    }
}
