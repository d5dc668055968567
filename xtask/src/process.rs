//! Running other programs, with what the project's builds have in common.

use std::{env, ffi::OsStr, path::PathBuf, process::Command, sync::LazyLock, time::Instant};

use anyhow::{Context as _, ensure};

use crate::places;

/// Says which step begins, and after how many minutes.
pub(crate) fn step(text: &str) {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    println!("\n==> {text} ({} min)", FIRST.elapsed().as_secs() / 60);
}

/// A program with the project's tools first on its PATH, in the project's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(places::root()).env("CARGO_TARGET_DIR", places::target()).env("PATH", path());
    // Set by the cargo that runs this program, for its own packages; a child must not take them for its own.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR") {
            command.env_remove(name);
        }
    }
    command
}

/// `cargo` with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments);
    cargo
}

/// PATH with the tools that the set-up installed.
pub(crate) fn path() -> std::ffi::OsString {
    let own = [places::cache().join("tools/bin"), places::cache().join("node_modules/.bin")];
    let before = env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = own.into_iter().chain(env::split_paths(&before)).collect();
    env::join_paths(all).unwrap_or(before)
}

/// Runs to the end; the error says what failed and how.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let start = Instant::now();
    let text = describe(command);
    let status = command.status().with_context(|| format!("cannot start {text}"))?;
    ensure!(status.success(), "{text} failed ({status})");
    println!("    {text}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Runs to the end and returns what was printed.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let text = describe(command);
    let output = command.output().with_context(|| format!("cannot start {text}"))?;
    ensure!(output.status.success(), "{text} failed ({})", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program answers to `--version`, and what.
pub(crate) fn version(program: &str) -> Option<String> {
    output(command(program).arg("--version")).ok()
}

fn describe(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(OsStr::to_string_lossy);
    core::iter::once(name.into()).chain(arguments).collect::<Vec<_>>().join(" ")
}
