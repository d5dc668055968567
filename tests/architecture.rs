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

/// Checks that a package links none of these, of which `burn*` means everything whose name begins so.
#[track_caller]
fn check_absent(package: &str, features: &str, absent: &[&str]) {
    let linked = tree(package, features, &["--format", "{lib}"]);
    assert!(!linked.is_empty(), "cargo tree named nothing for {package}");
    for name in absent {
        // What was listed before is marked so.
        let bare = |linked: &str| linked.trim_end_matches(" (*)").to_owned();
        let is_it = |linked: &&String| match name.strip_suffix('*') {
            Some(start) => linked.starts_with(start),
            None => bare(linked) == *name,
        };
        let found: Vec<_> = linked.iter().filter(is_it).collect();
        assert!(found.is_empty(), "{package} depends on {found:?}");
    }
}

#[test]
fn the_page_never_depends_on_burn() {
    check_absent(
        "app",
        "",
        &["burn*", "cubecl*", "network", "training", "weights", "safetensors", "model_io"],
    );
}

#[test]
fn a_visit_without_files_does_not_pay_for_them() {
    check_absent("files-worker", "", &["burn*", "cubecl*", "network", "training", "kernels"]);
    check_absent("worker", "cpu", &["model_io"]);
}

#[test]
fn what_reads_first_is_small() {
    check_absent(
        "first-page",
        "",
        &["burn*", "cubecl*", "leptos*", "network", "training", "kernels", "protocol"],
    );
}

#[test]
fn logic_knows_no_browser() {
    for package in [
        "ink",
        "model-spec",
        "train-config",
        "evaluation",
        "model-card",
        "recognition",
        "augment",
        "metrics",
        "network-editor",
        "run-advice",
        "glossary",
        "data-files",
        "dataset",
        "experiments",
        "backup",
        "weights",
        "checkpoint",
        "forward",
        "model-io",
        "link-text",
        "npy",
        "protocol",
        "worker-client",
        "kernels",
    ] {
        check_absent(package, "", &["wasm_bindgen*", "web_sys", "js_sys", "leptos*", "burn*"]);
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
    check_absent("worker", "cpu", &["wgpu*", "cubecl_core*", "cubecl_wgpu*", "burn_wgpu*", "naga*"]);
    check_absent("worker", "gpu", &["burn_flex*", "burn_fusion*"]);
}

#[test]
fn no_training_framework_in_the_tab() {
    for features in ["cpu", "gpu"] {
        check_absent("worker", features, &["burn_train*", "burn_store*", "rayon*", "tokio*", "leptos*"]);
    }
}

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = files(folder);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files
}

/// Whether a file holds nothing but tests.
fn is_test(path: &Path) -> bool {
    let in_tests = path.components().any(|part| part.as_os_str() == "tests");
    in_tests || path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
}

/// Every file below a folder, but for what tools make.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "dist", "node_modules", ".git"].contains(&name.as_str()) {
            files.extend(self::files(&path));
        } else if !path.is_dir() {
            files.push(path);
        }
    }
    files
}

#[test]
fn names_say_what_a_module_is_for() {
    for path in files(&tests::root()) {
        for part in path.strip_prefix(tests::root()).unwrap().components() {
            let part = part.as_os_str().to_string_lossy();
            let stem = part.split('.').next().unwrap_or_default();
            assert!(!["utils", "util", "common", "helpers", "misc"].contains(&stem), "{}", path.display());
        }
    }
}

/// Blocking reads panic on WebGPU in a browser; everything that runs in a worker reads asynchronously.
#[test]
fn nothing_in_the_worker_reads_a_tensor_by_blocking() {
    for folder in ["worker/src", "crates/fused/src", "crates/network/src", "crates/training/src"] {
        for path in sources(&tests::root().join(folder)) {
            if is_test(path.strip_prefix(tests::root()).unwrap()) {
                continue;
            }
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

/// One attribute would allow it anywhere.
#[test]
fn unsafe_code_stays_where_it_is() {
    let allowed = ["crates/kernels/src/lib.rs", "crates/gpu-kernels/src/lib.rs", "worker/src/lib.rs"];
    for folder in ["app", "first-page", "worker", "files-worker", "cli", "bench/src", "xtask", "crates"] {
        for path in sources(&tests::root().join(folder)) {
            let own = path.strip_prefix(tests::root()).unwrap().to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                !text.contains("unsafe_code") || allowed.contains(&own.as_str()),
                "{own} allows unsafe code"
            );
        }
    }
}

/// Only the set-up may name other hosts, and it runs before the page exists.
#[test]
fn the_page_and_its_workers_name_no_other_host() {
    // The mirrors are for `cargo xtask`; the server is not in the page.
    let for_the_setup = ["crates/data-files/src/mnist.rs", "crates/site-server/src/lib.rs"];
    let is_of_the_page = |path: &PathBuf| {
        path.extension().is_some_and(|end| ["rs", "js", "html", "css"].iter().any(|own| end == *own))
    };
    for folder in ["app", "first-page", "worker", "files-worker", "crates", "public"] {
        for path in files(&tests::root().join(folder)).into_iter().filter(is_of_the_page) {
            let own = path.strip_prefix(tests::root()).unwrap().to_string_lossy().replace('\\', "/");
            if for_the_setup.contains(&own.as_str()) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for scheme in ["https://", "http://", "wss://", "ws://"] {
                let named =
                    text.lines().filter(|line| line.contains(scheme) && !line.trim_start().starts_with("//"));
                // The namespace of SVG is a name; nobody asks for it.
                let is_name = |line: &&str| {
                    line.contains("http://localhost") || line.contains("http://www.w3.org/2000/svg")
                };
                let named: Vec<_> = named.filter(|line| !is_name(line)).collect();
                assert!(named.is_empty(), "{own}: {named:?}");
            }
        }
    }
}

/// The cards of the experiments and the table in the docs are one truth.
#[test]
fn the_tutorials_table_has_the_figures_of_the_page() {
    let text = fs::read_to_string(tests::root().join("docs/tutorials.md")).unwrap();
    for experiment in train_config::EXPERIMENTS {
        let Some(reached) = experiment.reached() else { continue };
        let row = text.lines().find(|line| line.starts_with(&format!("| `{}` |", experiment.id))).unwrap();
        let figure = format!("{:.4} ± {:.4} |", reached.mean, reached.deviation);
        assert!(row.contains(&figure), "{}: {figure} is not in {row}", experiment.id);
        assert!(row.contains(&format!("| {} |", reached.seeds)), "{row}");
    }
}

#[test]
fn stores_know_neither_components_nor_each_other() {
    let folder = tests::root().join("app/src/state");
    let stores: Vec<String> = sources(&folder)
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        // These two are parts of stores.
        .filter(|name| !["mod", "kept_run", "run_log"].contains(&name.as_str()))
        .collect();
    assert!(stores.len() > 5, "{stores:?}");
    for path in sources(&folder).into_iter().filter(|path| !path.ends_with("mod.rs")) {
        let text = fs::read_to_string(&path).unwrap();
        let own = path.file_stem().unwrap().to_string_lossy().into_owned();
        for absent in ["parts", "pages", "commands", "lab", "form"] {
            assert!(!text.contains(&format!("{absent}::")), "{} knows {absent}", path.display());
        }
        for other in stores.iter().filter(|store| **store != own) {
            for way in [
                format!("super::{other}::"),
                format!("state::{other}::"),
                format!("{{{other}::"),
                format!(", {other}::"),
            ] {
                assert!(!text.contains(&way), "{} knows the store {other}", path.display());
            }
        }
    }
}

/// A sum that leaves out a crate takes two builds for one: a run would seem to go on exactly, a message to be understood.
#[test]
fn sums_over_sources_leave_out_no_crate() {
    for (package, features) in [("training", "cpu,gpu"), ("protocol", "")] {
        let script = fs::read_to_string(tests::root().join("crates").join(package).join("build.rs")).unwrap();
        let linked = tree(package, features, &["--format", "{p}"]);
        let own = linked.iter().filter(|line| line.contains("(/"));
        let names: BTreeSet<&str> = own.filter_map(|line| line.split(' ').next()).collect();
        assert!(names.len() > 5, "{names:?}");
        for name in names.into_iter().filter(|name| *name != package) {
            assert!(
                script.contains(&format!("\"../{name}/src\"")),
                "crates/{package}/build.rs leaves out {name}"
            );
        }
    }
}

/// A setting whose term is unknown would be a button that explains nothing.
#[test]
fn no_setting_is_without_its_term() {
    let of_runs = train_config::FIELDS.iter().map(|field| (field.name, field.term));
    let kinds = network_editor::LAYER_KINDS.iter();
    let of_layers = kinds.flat_map(|kind| network_editor::settings(&(kind.layer)()));
    for (name, term) in of_runs.chain(of_layers.map(|setting| (setting.name, setting.term))) {
        assert!(glossary::term(term).is_some(), "{name}: there is no term \"{term}\"");
    }
}
