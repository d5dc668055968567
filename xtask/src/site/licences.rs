//! What the site is made of: every package that is linked into one of its programs, with its licence, as the page's About shows it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::process::{cargo, output};

/// Programs of the site, and the features that they are built with.
const PROGRAMS: [(&str, &str); 5] =
    [("app", ""), ("first-page", ""), ("files-worker", ""), ("worker", "cpu"), ("worker", "gpu")];

/// Writes `licences.json`, a list of packages, and `licences.txt`, the words of their licences.
pub(super) fn write(site: &Path) -> anyhow::Result<()> {
    let linked = linked_packages()?;
    let metadata: Value =
        serde_json::from_str(&output(&mut cargo(&["metadata", "--format-version", "1", "--locked"]))?)?;
    let packages = metadata["packages"].as_array().context("cargo lists no packages")?;
    let (mut list, mut texts) = (Vec::new(), BTreeMap::<String, Vec<String>>::new());
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let (name, version) = (text("name"), text("version"));
        // Our own have no source: they come from no registry.
        if package["source"].is_null() || !linked.contains(&(name.clone(), version.clone())) {
            continue;
        }
        let repository = text("repository");
        let address = if repository.starts_with("https://") { repository } else { String::new() };
        list.push(
            json!({ "name": name, "version": version, "licence": text("license"), "address": address }),
        );
        for file in licence_files(&PathBuf::from(text("manifest_path"))) {
            let words = fs::read_to_string(&file).unwrap_or_default();
            texts.entry(words.trim().to_owned()).or_default().push(format!("{name} {version}"));
        }
    }
    fs::write(site.join("licences.json"), Value::from(list).to_string())?;
    let each = texts.iter().map(|(words, packages)| format!("{}\n\n{words}\n", packages.join(", ")));
    let rule = format!("\n{}\n\n", "-".repeat(80));
    Ok(fs::write(site.join("licences.txt"), each.collect::<Vec<_>>().join(&rule))?)
}

/// Names and versions of everything that is linked into the site's programs.
fn linked_packages() -> anyhow::Result<BTreeSet<(String, String)>> {
    let mut linked = BTreeSet::new();
    for (package, features) in PROGRAMS {
        let mut tree =
            cargo(&["tree", "--edges", "normal", "--prefix", "none", "--locked", "--format", "{p}"]);
        tree.args(["--target", "wasm32-unknown-unknown", "--package", package, "--features", features]);
        for line in output(&mut tree)?.lines() {
            let mut words = line.split(' ');
            if let (Some(name), Some(version)) = (words.next(), words.next()) {
                linked.insert((name.to_owned(), version.trim_start_matches('v').to_owned()));
            }
        }
    }
    Ok(linked)
}

/// Files beside a manifest that hold a licence or a notice.
fn licence_files(manifest: &Path) -> Vec<PathBuf> {
    let entries = manifest.parent().and_then(|folder| fs::read_dir(folder).ok());
    let is_licence = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        path.is_file()
            && ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|start| name.starts_with(start))
    };
    let mut files: Vec<PathBuf> =
        entries.into_iter().flatten().flatten().map(|entry| entry.path()).filter(is_licence).collect();
    files.sort();
    files
}
