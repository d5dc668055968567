//! The end-to-end tests. A browser on a machine that is busy with something else fails one of them now and then: what fails is run
//! once more, alone, and said to be flaky where it then passes. What fails twice, or in numbers, is broken.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};

use crate::process::{run, step};

/// More than these that fail at once are no accident.
const MAX_FLAKY: usize = 3;
/// Tests that look at a clock or at memory, or that keep all cores busy by themselves: each has the machine to itself.
const ALONE: [&str; 11] = [
    "draw::bars_follow_the_pen_within_a_frame",
    "first_load::",
    "gpu::",
    "hands::my_hand_is_learned_within_seconds",
    "lab::a_chart_of_many_steps_stays_smooth",
    "offline::a_new_version_waits_for_the_run",
    "runs::a_hidden_and_a_frozen_tab",
    "runs::five_hundred_runs_stay_fast",
    "soak::",
    "train::a_network_learns_mnist",
    "train::a_run_pauses_goes_on_and_stops_at_once",
];

/// Runs every test, two at a time where they may; `tests` makes the command with the arguments of the test program.
pub(crate) fn run_all(tests: impl Fn(&[&str]) -> anyhow::Result<Command>) -> anyhow::Result<()> {
    step("End-to-end tests, in a browser");
    let skipped = ALONE.iter().flat_map(|name| ["--skip", name]);
    let together: Vec<&str> = ["--nocapture", "--test-threads", "2"].into_iter().chain(skipped).collect();
    let alone: Vec<&str> = ["--nocapture", "--test-threads", "1"].into_iter().chain(ALONE).collect();
    let mut failed = failed_tests(&mut tests(&together)?)?;
    step("End-to-end tests that need the machine to themselves");
    failed.extend(failed_tests(&mut tests(&alone)?)?);
    ensure!(failed.len() <= MAX_FLAKY, "{} end-to-end tests failed: {}", failed.len(), failed.join(", "));
    for name in &failed {
        step(&format!("Once more: {name}"));
        run(&mut tests(&["--nocapture", "--test-threads", "1", "--exact", name])?)?;
        println!("    Flaky: {name} failed, then passed.");
    }
    Ok(())
}

/// Runs the command, shows what it prints, and returns the names of the tests that failed.
fn failed_tests(command: &mut Command) -> anyhow::Result<Vec<String>> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start the end-to-end tests")?;
    let output = child.stdout.take().context("the tests print nothing")?;
    let mut lines = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line.context("what the tests print cannot be read")?;
        println!("{line}");
        lines.push(line);
    }
    let status = child.wait().context("the tests cannot be waited for")?;
    let failed = names(&lines);
    if !status.success() && failed.is_empty() {
        bail!("the end-to-end tests ended without a result ({status})");
    }
    Ok(failed)
}

/// The names in the last list of failures.
fn names(lines: &[String]) -> Vec<String> {
    let Some(last) = lines.iter().rposition(|line| line == "failures:") else { return Vec::new() };
    let listed = lines[last + 1..].iter().take_while(|line| line.starts_with("    "));
    listed.map(|line| line.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, wanted: &[&str]) {
        let lines: Vec<String> = output.lines().map(str::to_owned).collect();
        assert_eq!(names(&lines), wanted);
    }

    #[test]
    fn failures_are_read_from_the_output() {
        check("test a::b ... ok\n\ntest result: ok. 1 passed", &[]);
        let two = "test a::b ... FAILED\n\nfailures:\n\n---- a::b stdout ----\n\nfailures:\n    a::b\n    c::d\n\ntest result: FAILED.";
        check(two, &["a::b", "c::d"]);
    }
}
