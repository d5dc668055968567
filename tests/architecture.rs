//! The invariants of ARCHITECTURE.md, each of them an absence.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect should end there")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// What `cargo tree` says of a package in a tab: a set of lines.
fn tree(package: &str, features: &str, arguments: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(tests::root()).args(["tree", "--edges", "normal", "--prefix", "none"]).args(arguments);
    cargo.args([
        "--target",
        "wasm32-unknown-unknown",
        "--locked",
        "--package",
        package,
        "--features",
        features,
    ]);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[track_caller]
fn check_absent(package: &str, features: &str, absent: &[&str]) {
    let linked = tree(package, features, &["--format", "{lib}"]);
    assert!(!linked.is_empty(), "cargo tree named nothing for {package}");
    for name in absent {
        let found: Vec<_> = linked.iter().filter(|linked| linked.starts_with(name)).collect();
        assert!(found.is_empty(), "{package} depends on {found:?}");
    }
}

#[test]
fn the_page_never_depends_on_burn() {
    check_absent("app", "", &["burn", "cubecl", "network", "training", "weights", "safetensors"]);
}

#[test]
fn logic_knows_no_browser() {
    for package in
        ["ink", "recipe", "reading", "augment", "gauge", "dataset", "weights", "protocol", "kernels"]
    {
        check_absent(package, "", &["wasm_bindgen", "web_sys", "js_sys", "leptos", "burn"]);
    }
}

#[test]
fn what_computes_adds_burn_or_cubecl_and_nothing_of_a_browser() {
    for (package, adds) in
        [("gpu-kernels", "cubecl"), ("fused", "burn"), ("network", "burn"), ("training", "burn")]
    {
        let direct = tree(package, "", &["--format", "{lib}", "--depth", "1"]);
        assert!(direct.contains(adds), "{direct:?}");
        assert!(adds == "burn" || !direct.contains("burn"), "{package} depends on Burn");
        for name in ["wasm_bindgen", "web_sys", "js_sys", "leptos", "gloo"] {
            assert!(!direct.contains(name), "{package} depends on {name}");
        }
    }
}

/// Autotune asks for what no browser grants, and panics.
#[test]
fn autotune_is_off() {
    let features = tree("worker", "gpu", &["--format", "{lib} {f}"]);
    assert!(features.iter().any(|line| line.contains("cubecl")), "{features:?}");
    assert!(!features.iter().any(|line| line.contains("autotune")), "autotune is on");
}

#[test]
fn each_worker_links_one_backend() {
    check_absent("worker", "cpu", &["wgpu", "cubecl_core", "cubecl_wgpu", "burn_wgpu", "naga"]);
    check_absent("worker", "gpu", &["burn_flex", "burn_fusion"]);
}

#[test]
fn no_training_framework_in_the_tab() {
    for features in ["cpu", "gpu"] {
        check_absent("worker", features, &["burn_train", "burn_store", "rayon", "tokio", "leptos"]);
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "dist", "node_modules", ".git"].contains(&name.as_str()) {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn names_say_what_a_module_is_for() {
    for path in sources(&tests::root()) {
        for part in path.strip_prefix(tests::root()).unwrap().components() {
            let part = part.as_os_str().to_string_lossy();
            let stem = part.trim_end_matches(".rs");
            assert!(!["utils", "util", "common", "helpers", "misc"].contains(&stem), "{}", path.display());
        }
    }
}

/// Blocking reads panic on WebGPU in a browser; everything that runs in a worker reads asynchronously.
#[test]
fn nothing_in_the_worker_reads_a_tensor_by_blocking() {
    for folder in ["worker", "crates/fused", "crates/network", "crates/training"] {
        for path in sources(&tests::root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for call in [".into_data()", ".to_data()", ".into_scalar()", ".execute()", ".sync()", "block_on("]
            {
                assert!(!code.contains(call), "{} calls {call}", path.display());
            }
        }
    }
}

#[test]
fn architecture_md_names_every_crate_and_no_other() {
    let text = fs::read_to_string(tests::root().join("ARCHITECTURE.md")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    let metadata =
        cargo.current_dir(tests::root()).args(["metadata", "--no-deps", "--locked", "--format-version", "1"]);
    let metadata: Value = serde_json::from_slice(&metadata.output().unwrap().stdout).unwrap();
    let mut folders = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
        let folder = manifest
            .parent()
            .unwrap()
            .strip_prefix(tests::root())
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        folders.insert(folder);
    }
    let named: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(folder, _)| folder)
        .collect();
    let folders: BTreeSet<&str> = folders.iter().map(String::as_str).collect();
    assert_eq!(named, folders);
}

/// Code that touches addresses of other hosts; only the set-up may, and it runs before the page exists.
#[test]
fn the_page_and_its_workers_name_no_other_host() {
    for folder in ["app", "worker", "crates/port", "crates/protocol", "crates/training", "crates/network"] {
        for path in sources(&tests::root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            for scheme in ["https://", "http://", "wss://", "ws://"] {
                let named =
                    text.lines().filter(|line| line.contains(scheme) && !line.trim_start().starts_with("//"));
                let named: Vec<_> = named.filter(|line| !line.contains("http://localhost")).collect();
                assert!(named.is_empty(), "{}: {named:?}", path.display());
            }
        }
    }
}
