//! Fuzzing of everything that reads bytes from outside, with libFuzzer on stable Rust.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::{
    places,
    process::{cargo, command, run, step},
};

/// What cargo-fuzz asks rustc for, less the address sanitizer, which needs a nightly one.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1";
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

/// Fuzzes one reader after the other. What each finds stays in the target folder; the least that covers as much is put beside what
/// `fuzz/corpus` has, for the tests to replay.
pub(crate) fn fuzz(options: &Options) -> anyhow::Result<()> {
    step("Fuzzers");
    let source = places::root().join("fuzz");
    let target = places::target().join("fuzz");
    let mut build = cargo(&["build", "--release", "--bins"]);
    let build = build.current_dir(&source).env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", COVERAGE);
    // Without what it would do for every build of this machine.
    run(build
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true"))?;
    let all = fs::read_dir(source.join("fuzz_targets"))?;
    let mut readers = all
        .map(|entry| Ok(entry?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    readers.sort();
    for name in &options.readers {
        ensure!(readers.contains(name), "there is no fuzzer \"{name}\", only {}", readers.join(", "));
    }
    readers.retain(|name| options.readers.is_empty() || options.readers.contains(name));
    for name in readers {
        step(&format!("Fuzzer {name}, {} minutes", options.minutes));
        let program = target.join("release").join(&name);
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
        run(command(&program).args(&arguments).arg(&found).arg(&kept))?;
        run(command(&program).args(["-set_cover_merge=1", "-verbosity=0"]).arg(&kept).arg(&found))?;
    }
    Ok(())
}
