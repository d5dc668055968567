//! `cargo xtask bench`: our training beside that of others, interleaved, on this machine.

mod contestant;
mod install;
mod report;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use crate::{
    mnist, places,
    process::{cargo, command, output, run, step},
    worker_build::copy_folder,
};
use contestant::Contestant;
use report::Results;

/// The networks, whose layers stand in `bench/peers/py/bench_torch.py`.
const MODELS: [&str; 11] = [
    "seed",
    "tfjs",
    "mlp",
    "mlp-mnist",
    "study-mnist",
    "study-norm-mnist",
    "strided",
    "conv-norm",
    "average-pool",
    "tanh-mlp",
    "same-padding",
];

/// Measured like a network: one run of the recipe "Fast" on MNIST.
const TO_99: &str = "to-99";

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Networks: seed is the workshop's CNN, tfjs the tfjs-examples' CNN, mlp has 784-128-128-10 units. Those that
    /// end in -mnist train on MNIST, the others on synthetic images.
    #[arg(long, value_delimiter = ',', default_values = MODELS, value_parser = PossibleValuesParser::new(MODELS))]
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
    #[arg(long, conflicts_with = "profile")]
    to_99: bool,
}

/// Where the peers are installed and everything runs.
pub(crate) fn folder() -> PathBuf {
    places::cache().join("bench")
}

pub(crate) fn bench(options: &Options) -> anyhow::Result<()> {
    let mut models: Vec<&str> = options.models.iter().map(String::as_str).collect();
    if options.to_99 {
        models.push(TO_99);
    }
    let mnist = models.iter().any(|model| needs_mnist(model)).then(mnist::folder).flatten();
    if mnist.is_none() {
        models.retain(|model| !needs_mnist(model));
    }
    build_native()?;
    if options.profile {
        for model in models {
            println!("\n{model}");
            let mut profile = command(native_program());
            profile.args([model, "profile"]).envs(mnist_variable(mnist.as_deref()));
            match output(&mut profile) {
                Ok(shares) => print!("{shares}"),
                Err(error) => println!("    failed: {error:#}"),
            }
        }
        return Ok(());
    }
    copy_folder(&places::root().join("bench/peers"), &folder())?;
    build_page()?;
    let browser = crate::tools::set_up_browser()?.browser;
    let contestants = contestants(&options.peers)?;
    for contestant in &contestants {
        let lacking: Vec<_> = models.iter().copied().filter(|model| !contestant.trains(model)).collect();
        if !lacking.is_empty() {
            println!("    {} lacks, and is not measured on: {}", contestant.name(), lacking.join(", "));
        }
    }
    let mut results = Results::default();
    for round in 1..=options.rounds {
        for model in &models {
            for contestant in contestants.iter().filter(|contestant| contestant.trains(model)) {
                step(&format!("Round {round}: {} on {model}", contestant.name()));
                note(&mut results, *contestant, model, contestant.measure(model, &browser, mnist.as_deref()));
            }
        }
    }
    print!("{}", results.table());
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&results.json())?)?;
    }
    Ok(())
}

fn needs_mnist(model: &str) -> bool {
    model.ends_with("-mnist") || model == TO_99
}

/// The environment variable that tells every contestant where MNIST is.
fn mnist_variable(folder: Option<&Path>) -> Option<(&'static str, &Path)> {
    folder.map(|folder| ("INKLING_MNIST_DIR", folder))
}

/// Ours and the peers with these names, as far as they can be installed here.
fn contestants(peers: &[String]) -> anyhow::Result<Vec<Contestant>> {
    let mut wanted = vec![Contestant::InklingPage, Contestant::InklingNative];
    for name in peers {
        wanted.push(Contestant::peer(name).with_context(|| format!("no peer is called {name}"))?);
    }
    wanted.retain(|contestant| {
        let installed = install::install(*contestant);
        if let Err(error) = &installed {
            println!("    {} cannot be installed here and is left out: {error:#}", contestant.name());
        }
        installed.is_ok()
    });
    Ok(wanted)
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
        .arg(&out))
}
