//! `cargo xtask test` and its fast inner loop.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{
    end_to_end, mnist,
    peers::{self, Peers},
    places,
    process::{cargo, command, output, path, run, step},
    site, sizes,
    tools::{self, Browser},
    worker_build::Build,
};

/// Crates that only make sense in a browser; they are linted for wasm and tested end to end.
const BROWSER_ONLY: [&str; 7] =
    ["app", "first-page", "paper", "worker", "files-worker", "worker-transport", "browser-storage"];
/// Crates whose own tests also run in a browser.
const BOTH: [&str; 27] = [
    "backup",
    "checkpoint",
    "experiments",
    "forward",
    "ink",
    "model-spec",
    "train-config",
    "evaluation",
    "link-text",
    "model-card",
    "model-io",
    "npy",
    "recognition",
    "augment",
    "metrics",
    "network-editor",
    "run-advice",
    "glossary",
    "data-files",
    "dataset",
    "weights",
    "protocol",
    "worker-client",
    "kernels",
    "fused",
    "network",
    "training",
];
/// Tells the tests where MNIST is.
const MNIST_VARIABLE: &str = "INKLING_MNIST_DIR";
const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// Everything.
pub(crate) fn test() -> anyhow::Result<()> {
    // The tests take it from where the site does.
    let mnist = mnist::folder();
    format()?;
    lint_native()?;
    let browser = tools::set_up_browser()?;
    let peers = peers::set_up()?;
    test_native(mnist.as_deref(), Some(&browser), &peers)?;
    tools::set_up_build()?;
    lint_wasm()?;
    test_in_browser(&browser)?;
    // Below a path of its own, as on many hosts: links that forget it are found.
    let site = places::test_site();
    fs::create_dir_all(&site)?;
    site::build_page("/inkling/", &site, &[Build::Cpu, Build::Gpu])?;
    site::add_gpu_worker(&site)?;
    site::seal(&site, true)?;
    sizes::hold(&site)?;
    end_to_end(&browser, mnist.as_deref(), &peers)
}

/// What an edit needs.
pub(crate) fn check() -> anyhow::Result<()> {
    format()?;
    lint_native()?;
    test_native(mnist::folder().as_deref(), tools::find_browser().as_ref(), &Peers::default())
}

fn format() -> anyhow::Result<()> {
    step("Format");
    run(&mut cargo(&["fmt", "--all", "--", "--check"]))
}

fn native(arguments: &[&str]) -> std::process::Command {
    let mut cargo = cargo(arguments);
    cargo.arg("--workspace");
    for package in BROWSER_ONLY {
        cargo.args(["--exclude", package]);
    }
    cargo
}

fn lint_native() -> anyhow::Result<()> {
    step("Lints, native");
    run(native(&["clippy", "--all-targets"]).args(["--", "-D", "warnings"]))
}

fn lint_wasm() -> anyhow::Result<()> {
    step("Lints, WebAssembly");
    // A second configuration bans what blocks or does not exist in a tab.
    let clippy = |arguments: &[&str]| {
        let mut clippy = cargo(&["clippy"]);
        clippy.args(arguments).args(WASM).args(["--", "-D", "warnings"]);
        run(clippy.env("CLIPPY_CONF_DIR", places::root().join("worker")))
    };
    clippy(&[
        "--package",
        "app",
        "--package",
        "first-page",
        "--package",
        "paper",
        "--package",
        "worker-transport",
        "--package",
        "browser-storage",
        "--package",
        "files-worker",
    ])?;
    clippy(&["--package", "worker", "--features", "cpu", "--bin", "worker-cpu"])?;
    clippy(&["--package", "worker", "--features", "gpu", "--bin", "worker-gpu"])
}

fn test_native(mnist: Option<&Path>, browser: Option<&Browser>, peers: &Peers) -> anyhow::Result<()> {
    step("Tests, native");
    // The end-to-end tests stand in `tests` too, but need a browser and a built site: they come last.
    run(native(&["test", "--quiet"])
        .args([
            "--lib",
            "--bins",
            "--test",
            "architecture",
            "--test",
            "shipped",
            "--test",
            "peers",
            "--test",
            "corpus",
        ])
        .envs(peers.variables())
        .envs(mnist.map(|folder| (MNIST_VARIABLE, folder)))
        .envs(browser.map(software_gpu).unwrap_or_default()))
}

/// What has a program outside the browser find the browser's GPU in software, beside any other; nothing where it brings
/// none.
fn software_gpu(browser: &Browser) -> Vec<(&'static str, OsString)> {
    let program =
        program(&browser.browser).ok().and_then(|path| fs::canonicalize(path).ok()).unwrap_or_default();
    // Debian's `chromium` is a script that starts the program in a folder of its own.
    let folders = program.parent().into_iter().chain([Path::new("/usr/lib/chromium")]);
    for folder in folders {
        let driver = folder.join("vk_swiftshader_icd.json");
        if driver.exists() {
            let libraries = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
            let all = env::split_paths(&libraries).chain([folder.to_owned()]);
            return vec![
                ("VK_ADD_DRIVER_FILES", driver.into()),
                ("LD_LIBRARY_PATH", env::join_paths(all).unwrap_or(libraries)),
                // Without it the tests may find none.
                ("INKLING_HAS_GPU", "1".into()),
            ];
        }
    }
    Vec::new()
}

fn test_in_browser(browser: &Browser) -> anyhow::Result<()> {
    step("Unit tests, in a browser's worker");
    let folder = places::target().join("browser-tests");
    fs::create_dir_all(&folder)?;
    // The runner reads the browser's flags from the folder it is started in.
    let capabilities =
        json!({ "goog:chromeOptions": { "args": browser_flags(), "binary": program(&browser.browser)? } });
    fs::write(folder.join("webdriver.json"), capabilities.to_string())?;
    let mut build = cargo(&["test", "--no-run", "--lib", "--message-format", "json"]);
    // As in the CPU worker.
    build.args(WASM).args(["--features", "network/cpu,training/cpu"]);
    for package in BOTH {
        build.args(["--package", package]);
    }
    let messages = output(build.stderr(std::process::Stdio::inherit()))?;
    let mut executables = Vec::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line)?;
        executables.extend(message["executable"].as_str().map(PathBuf::from));
    }
    ensure!(
        executables.len() == BOTH.len(),
        "{} of {} test programs were built",
        executables.len(),
        BOTH.len()
    );
    for executable in executables {
        run(command("wasm-bindgen-test-runner")
            .arg(&executable)
            .current_dir(&folder)
            .env("WASM_BINDGEN_USE_DEDICATED_WORKER", "1")
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
            .env("CHROMEDRIVER", program(&browser.driver)?))?;
    }
    Ok(())
}

fn end_to_end(browser: &Browser, mnist: Option<&Path>, peers: &Peers) -> anyhow::Result<()> {
    let axe = tools::axe()?;
    let others = tools::set_up_other_browsers();
    end_to_end::run_all(|arguments| {
        // The same packages as before: with others, cargo would resolve other features and compile Burn anew.
        let mut tests = native(&["test"]);
        tests
            .args(["--test", "e2e", "--"])
            .args(arguments)
            .envs(mnist.map(|folder| (MNIST_VARIABLE, folder)))
            // The same as before, or the tests would be compiled anew.
            .envs(peers.variables())
            .envs(axe.as_ref().map(|script| ("INKLING_AXE", script)))
            .envs(others.iter().map(|(name, path)| (*name, path)))
            // What failed must not drown in the stack of the test's runtime.
            .env("RUST_BACKTRACE", "0")
            .envs(page_variables(browser)?);
        Ok(tests)
    })
}

/// The test that uses the page for `minutes`.
pub(crate) fn soak(minutes: u32) -> anyhow::Result<()> {
    let browser = tools::set_up_browser()?;
    let mut soak = native(&["test", "--test", "e2e", "--", "--nocapture", "--exact", "soak::soak"]);
    soak.env("INKLING_SOAK_MINUTES", minutes.to_string()).envs(page_variables(&browser)?);
    run(&mut soak)
}

/// What has Chromium compute on a GPU without a screen, on Linux.
pub(crate) const GPU_FLAGS: &str =
    "--enable-features=Vulkan --use-angle=vulkan --disable-vulkan-surface --ignore-gpu-blocklist";

/// The tests of WebGPU and its speeds, in a browser that is started with these flags besides.
pub(crate) fn webgpu(flags: &str) -> anyhow::Result<()> {
    let browser = tools::set_up_browser()?;
    let mut tests = native(&["test", "--test", "e2e", "--", "--nocapture", "--test-threads", "1"]);
    tests.args(["gpu::", "hardware::"]).envs(page_variables(&browser)?);
    let all = [&browser_flags()[..], &[flags]].concat().join(" ");
    run(tests.env("INKLING_BROWSER_FLAGS", all).env("INKLING_HARDWARE_GPU", "1"))
}

/// Where the end-to-end tests find the site and the browser.
fn page_variables(browser: &Browser) -> anyhow::Result<[(&'static str, OsString); 4]> {
    Ok([
        ("INKLING_DIST", places::test_site().into()),
        ("INKLING_CHROMEDRIVER", program(&browser.driver)?.into()),
        ("INKLING_BROWSER", program(&browser.browser)?.into()),
        ("INKLING_BROWSER_FLAGS", browser_flags().join(" ").into()),
    ])
}

pub(crate) fn browser_flags() -> Vec<&'static str> {
    // No sandbox: tests run as root in containers. The others keep the browser from calling home.
    vec![
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
}

/// Absolute path of a program, which may stand on the PATH.
pub(crate) fn program(name: &str) -> anyhow::Result<String> {
    if Path::new(name).is_absolute() {
        return Ok(name.to_owned());
    }
    let found = env::split_paths(&path()).map(|folder| folder.join(name)).find(|path| path.is_file());
    let found = found.ok_or_else(|| anyhow::anyhow!("{name} is not on the PATH"))?;
    Ok(found.to_string_lossy().into_owned())
}
