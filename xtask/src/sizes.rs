//! What a visitor downloads, held to a budget.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::ensure;

use crate::{process::step, site::brotli, worker_build::files_below};

/// Part of the site, how to know its files, and the most that they may take: KiB raw and KiB by brotli.
///
/// Decided anew in November 2026, when networks became data: a worker holds every layer, activation and optimizer, fused and
/// Burn's own, and both sides read specs and configurations as JSON. Then once for the page, which builds networks, draws
/// charts and explains its terms; and for data sets of one's own: what reads them is in the workers, what shows them in the page; and for runs that are kept.
/// The page's part in files of models is to offer what was brought, to describe models and to show links. What a first visit waits for is `first`: the page itself comes
/// after it, and may hold the offline copy, drawing by keys, what assistive software is told, and what it is made of.
const BUDGETS: [(&str, &str, &[&str], u64, u64); 6] = [
    ("app", "", &["wasm", "js", "css"], 2_960, 805),
    ("CPU worker", "worker/cpu-", &["wasm", "js"], 6_160, 1_150),
    ("first", "first/", &["wasm", "js", "bin"], 320, 140),
    ("reads files", "worker/reads-", &["wasm", "js"], 720, 250),
    ("writes files", "worker/writes-", &["wasm", "js"], 720, 250),
    ("WebGPU worker", "worker/gpu-", &["wasm", "js"], 15_000, 2_600),
];

/// Prints the sizes of a site, and holds them to their budgets: an error where one is exceeded.
pub(crate) fn hold(dist: &Path) -> anyhow::Result<()> {
    let exceeded = report(dist)?;
    ensure!(exceeded.is_empty(), "over budget: {}", exceeded.join(", "));
    Ok(())
}

/// Prints the sizes of a site; the names of the parts that are over their budgets.
pub(crate) fn report(dist: &Path) -> anyhow::Result<Vec<&'static str>> {
    step("Sizes");
    let mut table =
        format!("{:<16}{:>10}{:>10}{:>12}{:>12}\n", "part", "raw KiB", "budget", "brotli KiB", "budget");
    let mut exceeded = Vec::new();
    let files = files_below(dist)?;
    for (part, prefix, extensions, raw_budget, brotli_budget) in BUDGETS {
        let (mut raw, mut packed) = (0, 0);
        for path in &files {
            let name = path.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
            let of_part = if prefix.is_empty() { !name.contains('/') } else { name.starts_with(prefix) };
            if of_part && extensions.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
                let bytes = fs::read(path)?;
                raw += bytes.len() as u64;
                packed += brotli(&bytes)?.len() as u64;
            }
        }
        ensure!(raw > 0, "dist has no {part}: run `cargo xtask dist`");
        let (raw, packed) = (raw.div_ceil(1_024), packed.div_ceil(1_024));
        writeln!(table, "{part:<16}{raw:>10}{raw_budget:>10}{packed:>12}{brotli_budget:>12}")?;
        if raw > raw_budget || packed > brotli_budget {
            exceeded.push(part);
        }
    }
    println!("{table}");
    Ok(exceeded)
}
