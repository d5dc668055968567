//! The pinned tools, installed where they are missing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};

use crate::{
    places,
    process::{cargo, command, output, run, step, version},
};

/// A program that cargo installs.
struct Tool {
    program: &'static str,
    package: &'static str,
    version: &'static str,
    /// For `cargo install`.
    arguments: &'static [&'static str],
    /// They run for seconds: what more than this gains there, it loses many times over in being compiled.
    opt_level: u8,
}

const TRUNK: Tool = Tool {
    program: "trunk",
    package: "trunk",
    version: "0.21.14",
    // It fetches nothing here, so it needs no TLS; nor is it to ask whether there is a newer one.
    arguments: &["--locked", "--no-default-features"],
    opt_level: 0,
};
const WASM_BINDGEN: Tool = Tool {
    program: "wasm-bindgen",
    package: "wasm-bindgen-cli",
    version: "0.2.130",
    // Its own lock file names a crate that some mirrors lack.
    arguments: &[],
    opt_level: 1,
};
const CARGO_DENY: Tool = locked("cargo-deny", "0.20.2");
const CARGO_AUDIT: Tool = locked("cargo-audit", "0.22.2");
const GECKODRIVER: Tool = locked("geckodriver", "0.37.1");
const AXE: &str = "4.14.1";
const MAC_CHROME: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// A program that is called like its package.
const fn locked(name: &'static str, version: &'static str) -> Tool {
    Tool { program: name, package: name, version, arguments: &["--locked"], opt_level: 0 }
}

/// What code for a browser is compiled for.
pub(crate) fn add_wasm_target() -> anyhow::Result<()> {
    let installed = output(command("rustup").args(["target", "list", "--installed"])).unwrap_or_default();
    if !installed.contains("wasm32-unknown-unknown") {
        run(command("rustup").args(["target", "add", "wasm32-unknown-unknown"]))
            .context("The WebAssembly target is missing and rustup could not add it")?;
    }
    Ok(())
}

/// What a build needs.
pub(crate) fn set_up_build() -> anyhow::Result<()> {
    add_wasm_target()?;
    install_build_tools()
}

/// What binds and puts together what is compiled.
pub(crate) fn install_build_tools() -> anyhow::Result<()> {
    step("Set-up: wasm-bindgen, Trunk");
    cargo_install(&WASM_BINDGEN)?;
    cargo_install(&TRUNK)
}

/// Holds every dependency to `deny.toml`, and to the list of known faults.
pub(crate) fn audit() -> anyhow::Result<()> {
    step("Dependencies: known faults, licences, origins");
    cargo_install(&CARGO_DENY)?;
    cargo_install(&CARGO_AUDIT)?;
    run(&mut cargo(&["deny", "--all-features", "check"]))?;
    run(&mut cargo(&["audit"]))
}

/// Adds a package to the cache. One that npm cannot get is done without.
pub(crate) fn npm_install(package: &str) -> anyhow::Result<()> {
    let prefix = places::cache();
    fs::create_dir_all(&prefix)?;
    let mut npm = command("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&prefix).arg(package);
    if let Err(error) = run(&mut npm) {
        println!("    {error}");
    }
    Ok(())
}

/// The script of axe-core, which finds barriers for assistive software; none where there is no npm.
pub(crate) fn axe() -> anyhow::Result<Option<PathBuf>> {
    let folder = places::cache().join("node_modules/axe-core");
    let has_wanted = fs::read_to_string(folder.join("package.json")).is_ok_and(|text| text.contains(AXE));
    if !has_wanted && version("npm").is_some() {
        println!("    axe-core: installing {AXE} from npm");
        npm_install(&format!("axe-core@{AXE}"))?;
    }
    let script = folder.join("axe.min.js");
    Ok(script.is_file().then_some(script))
}

fn cargo_install(tool: &Tool) -> anyhow::Result<()> {
    let Tool { program, package, version: wanted, .. } = tool;
    if version(program).is_some_and(|found| found.contains(wanted)) {
        println!("    {program}: {wanted}");
        return Ok(());
    }
    println!("    {program}: installing {package} {wanted}, which takes some minutes");
    let mut install = cargo(&["install", package, "--version", wanted]);
    install.args(tool.arguments).arg("--root").arg(places::cache().join("tools"));
    install.env("CARGO_TARGET_DIR", places::cache().join("tools-target"));
    let opt_level = tool.opt_level.to_string();
    for (setting, value) in [("LTO", "off"), ("OPT_LEVEL", opt_level.as_str()), ("CODEGEN_UNITS", "16")] {
        install.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    run(&mut install)
}

/// The browser and its driver.
pub(crate) struct Browser {
    /// Program of the driver.
    pub(crate) driver: String,
    /// Program of the browser.
    pub(crate) browser: String,
}

/// Installs packages of Debian or Ubuntu, where this user may.
fn apt_install(packages: &[&str]) -> anyhow::Result<()> {
    ensure!(Path::new("/usr/bin/apt-get").exists(), "this machine has no apt-get");
    let is_root = output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let apt = |arguments: &[&str]| {
        let mut apt = if is_root { command("apt-get") } else { command("sudo") };
        if !is_root {
            apt.args(["--non-interactive", "apt-get"]);
        }
        run(apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat())
}

/// What the browser tests need.
pub(crate) fn set_up_browser() -> anyhow::Result<Browser> {
    step("Set-up: a browser and its driver");
    if find_browser().is_none() {
        // Debian's names, then Ubuntu's.
        let installed = apt_install(&["chromium", "chromium-driver"])
            .or_else(|_| apt_install(&["chromium-browser", "chromium-chromedriver"]));
        if let Err(error) = installed {
            println!("    {error}");
        }
    }
    let Some(found) = find_browser() else {
        bail!(
            "No browser was found. Install Chromium or Chrome and the ChromeDriver of the same version \
             (Debian: apt-get install chromium chromium-driver), then run this again."
        )
    };
    println!("    {} and {}", found.browser, found.driver);
    Ok(found)
}

/// Firefox and `WebKit` with their drivers, as variables for the tests; without one of them its tests say that they are skipped.
pub(crate) fn set_up_other_browsers() -> Vec<(&'static str, PathBuf)> {
    step("Set-up: Firefox and WebKit");
    let mut variables = Vec::new();
    if firefox().is_none() || webkit().is_none() {
        let installed = apt_install(&["firefox-esr", "webkit2gtk-driver", "xvfb"]);
        if let Err(error) = installed {
            println!("    {error:#}");
        }
    }
    match firefox().map(|firefox| (firefox, cargo_install(&GECKODRIVER))) {
        Some((firefox, Ok(()))) => {
            variables.push(("INKLING_FIREFOX", firefox));
            variables.push(("INKLING_GECKODRIVER", places::cache().join("tools/bin/geckodriver")));
        }
        Some((_, Err(error))) => {
            println!("    There is no geckodriver, so Firefox's tests are skipped: {error:#}");
        }
        None => println!("    There is no Firefox: its tests are skipped."),
    }
    match webkit() {
        Some((driver, browser)) => {
            variables.push(("INKLING_WEBKITDRIVER", driver));
            variables.push(("INKLING_MINIBROWSER", browser));
        }
        None => println!("    There is no WebKit with a driver and Xvfb: its tests are skipped."),
    }
    variables
}

fn firefox() -> Option<PathBuf> {
    ["/usr/bin/firefox-esr", "/usr/bin/firefox"].map(PathBuf::from).into_iter().find(|path| path.exists())
}

/// The driver of `WebKitGTK`, and the browser of the same library.
fn webkit() -> Option<(PathBuf, PathBuf)> {
    let driver = PathBuf::from("/usr/bin/WebKitWebDriver");
    let browser = fs::read_dir("/usr/lib").ok()?.flatten().find_map(|entry| {
        let path = entry.path().join("webkit2gtk-4.1/MiniBrowser");
        path.exists().then_some(path)
    })?;
    (driver.exists() && Path::new("/usr/bin/Xvfb").exists()).then_some((driver, browser))
}

pub(crate) fn find_browser() -> Option<Browser> {
    let first =
        |names: &[&str]| names.iter().find(|name| version(name).is_some()).map(|name| (*name).to_owned());
    Some(Browser {
        driver: first(&["chromedriver"])?,
        browser: first(&[
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
            "chrome",
            MAC_CHROME,
        ])?,
    })
}
