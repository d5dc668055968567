//! `cargo xtask bench`: our training beside that of others, interleaved, on this machine.

mod contestant;
mod install;
mod report;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{
    places,
    process::{cargo, command, output, run, step},
    worker_build::{copy_folder, optimise},
};
use contestant::Contestant;
use report::Results;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Networks: seed (the workshop's CNN), tfjs (the tfjs-examples' CNN), mlp (784-128-128-10).
    #[arg(long, value_delimiter = ',', default_value = "seed,tfjs,mlp")]
    models: Vec<String>,
    /// Peers: pytorch, keras (native, one thread), ort-web, tfjs, jax-js (in Chromium, one thread).
    #[arg(long, value_delimiter = ',', default_value = "pytorch,keras,ort-web,tfjs,jax-js")]
    peers: Vec<String>,
    /// Times that everyone has a turn; the table shows medians.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Writes ratios and raw figures there.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Instead: the share of each operation in a training step of ours, natively.
    #[arg(long)]
    profile: bool,
    /// Also: seconds from random weights to the end of the recipe "Fast" on MNIST, ours and PyTorch's.
    #[arg(long)]
    to_99: bool,
}

/// Where the peers are installed and everything runs.
pub(crate) fn folder() -> PathBuf {
    places::cache().join("bench")
}

pub(crate) fn bench(options: &Options) -> anyhow::Result<()> {
    for model in &options.models {
        ensure!(["seed", "tfjs", "mlp"].contains(&model.as_str()), "no model is called {model}");
    }
    build_native()?;
    if options.profile {
        for model in &options.models {
            println!("\n{model}");
            print!("{}", output(command(native_program()).args([model.as_str(), "profile"]))?);
        }
        return Ok(());
    }
    copy_folder(&places::root().join("bench/peers"), &folder())?;
    build_page()?;
    let browser = crate::tools::set_up_browser()?.browser;
    let mut contestants = vec![Contestant::InklingPage, Contestant::InklingNative];
    for name in &options.peers {
        let peer = Contestant::peer(name).with_context(|| format!("no peer is called {name}"))?;
        match install::install(peer) {
            Ok(()) => contestants.push(peer),
            Err(error) => println!("    {name} cannot be installed here and is left out: {error:#}"),
        }
    }
    install::web()?;
    let mut results = Results::default();
    for round in 1..=options.rounds {
        for model in &options.models {
            for &contestant in &contestants {
                step(&format!("Round {round}: {} on {model}", contestant.name()));
                note(&mut results, contestant, model, contestant.measure(model, &browser));
            }
        }
        if options.to_99 {
            for contestant in contestants.iter().copied().filter(|contestant| contestant.runs_to_99()) {
                step(&format!("Round {round}: {}, the recipe Fast on MNIST", contestant.name()));
                note(&mut results, contestant, "fast", contestant.to_99(&browser));
            }
        }
    }
    print!("{}", results.table());
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&results.json())?)?;
    }
    Ok(())
}

fn note(results: &mut Results, contestant: Contestant, model: &str, measured: anyhow::Result<Value>) {
    match measured {
        Ok(figures) => {
            println!("    {}", report::short(&figures));
            results.add(contestant, model, figures);
        }
        Err(error) => println!("    failed: {error:#}"),
    }
}

pub(crate) fn native_program() -> PathBuf {
    places::target().join("cli-release").join(format!("bench{}", std::env::consts::EXE_SUFFIX))
}

fn build_native() -> anyhow::Result<()> {
    step("Our native program");
    run(&mut cargo(&["build", "--package", "bench", "--bin", "bench", "--profile", "cli-release"]))
}

fn build_page() -> anyhow::Result<()> {
    step("Our page");
    let target = "wasm32-unknown-unknown";
    run(&mut cargo(&["build", "--package", "bench", "--lib", "--release", "--target", target]))?;
    let out = folder().join("web/inkling");
    run(command("wasm-bindgen")
        .arg(places::target().join(target).join("release/bench.wasm"))
        .args(["--target", "web", "--no-typescript", "--out-name", "bench", "--out-dir"])
        .arg(&out))?;
    optimise(&out.join("bench_bg.wasm"), "-O3")
}
