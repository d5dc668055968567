//! Fuzzing of everything that reads bytes from outside, with libFuzzer on stable Rust.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::{
    places,
    process::{cargo, command, output, run, step},
};

/// What cargo-fuzz asks rustc for, less the address sanitizer, which needs a nightly one.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1";
/// Of what a fuzzer finds, so many inputs are kept for the tests: the smallest of those that cover as much as all.
const KEPT: usize = 30;
/// Longer than any input of this size may take.
const TIMEOUT_S: u32 = 20;

#[derive(Args)]
pub(crate) struct Options {
    /// Which readers; all where none is named.
    readers: Vec<String>,
    /// For how long each.
    #[arg(long, default_value_t = 10)]
    minutes: u32,
}

/// Fuzzes one reader after the other. What each finds stays in the target folder; a few small inputs of it, and each that ended the
/// fuzzer, go to `fuzz/corpus`, for the tests to replay.
pub(crate) fn fuzz(options: &Options) -> anyhow::Result<()> {
    step("Fuzzers");
    let source = places::root().join("fuzz");
    let target = places::target().join("fuzz");
    let host = host()?;
    // With a target, cargo leaves build scripts and macros as they are: they could not be linked with what libFuzzer asks for.
    let mut build = cargo(&["build", "--release", "--bins", "--target", &host]);
    build.current_dir(&source).env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", COVERAGE);
    for check in ["DEBUG_ASSERTIONS", "OVERFLOW_CHECKS"] {
        build.env(format!("CARGO_PROFILE_RELEASE_{check}"), "true");
    }
    run(&mut build)?;
    let all = fs::read_dir(source.join("fuzz_targets"))?;
    let mut readers = all
        .map(|entry| Ok(entry?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    readers.sort();
    for name in &options.readers {
        ensure!(readers.contains(name), "there is no fuzzer \"{name}\", only {}", readers.join(", "));
    }
    readers.retain(|name| options.readers.is_empty() || options.readers.contains(name));
    let mut faulty = Vec::new();
    for name in readers {
        step(&format!("Fuzzer {name}, {} minutes", options.minutes));
        let program = target.join(&host).join("release").join(&name);
        let folder = |kind: &str| -> anyhow::Result<PathBuf> {
            let folder = target.join(kind).join(&name);
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            Ok(folder)
        };
        let (found, faults, kept) = (folder("found")?, folder("faults")?, source.join("corpus").join(&name));
        fs::create_dir_all(&kept)?;
        let arguments = [
            format!("-max_total_time={}", 60 * options.minutes),
            format!("-timeout={TIMEOUT_S}"),
            format!("-artifact_prefix={}/", faults.display()),
            "-max_len=16384".into(),
            // Memory is counted by the fuzzer itself.
            "-rss_limit_mb=4096".into(),
            "-print_final_stats=1".into(),
            "-verbosity=0".into(),
        ];
        if let Err(error) = run(command(&program).args(&arguments).arg(&found).arg(&kept)) {
            println!("    {error}");
            for fault in fs::read_dir(&faults)?.flatten() {
                fs::copy(fault.path(), kept.join(fault.file_name()))?;
            }
            faulty.push(name);
            continue;
        }
        let least = folder("least")?;
        fs::remove_dir_all(&least)?;
        fs::create_dir_all(&least)?;
        run(command(&program)
            .args(["-set_cover_merge=1", "-verbosity=0"])
            .arg(&least)
            .arg(&found)
            .arg(&kept))?;
        keep_smallest(&least, &kept)?;
    }
    ensure!(faulty.is_empty(), "faults were found in {}: the tests read them now", faulty.join(", "));
    Ok(())
}

/// Puts the smallest inputs of a folder in place of those that were kept before. Seeds and inputs with a fault have names of their
/// own, and stay.
fn keep_smallest(from: &Path, kept: &Path) -> anyhow::Result<()> {
    let inputs = |folder: &Path| -> anyhow::Result<Vec<PathBuf>> {
        let all = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
        // libFuzzer names an input by its SHA-1.
        let is_found = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 40);
        Ok(all.into_iter().filter(is_found).collect())
    };
    let mut least = inputs(from)?
        .into_iter()
        .map(|path| Ok((fs::metadata(&path)?.len(), path)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    least.sort();
    for path in inputs(kept)? {
        fs::remove_file(path)?;
    }
    for (_, path) in least.iter().take(KEPT) {
        fs::copy(path, kept.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// This machine, as rustc names it.
fn host() -> anyhow::Result<String> {
    let version = output(command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say which machine this is")?.to_owned())
}
