//! Our native side of the bench: `bench MODEL` prints one JSON object. The protocol is that of `peers/web/protocol.js`.

use std::{fs, time::Instant};

use anyhow::Context as _;
use bench::{MNIST_IMAGES, Trial};
use pollster::block_on;
use serde_json::json;

const WINDOWS: usize = 3;
const WINDOW_S: f64 = 2.0;
const MIN_STEPS: usize = 20;
/// As many as the peers take at most: on the same few images, a longer run meets easier ones.
const MAX_STEPS: usize = 400;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context("usage: bench MODEL [profile], or bench to-99 [SEED]")?;
    if model == "to-99" {
        let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
        return to_99(seed);
    }
    let (pixels, labels) =
        if model.ends_with("-mnist") { mnist_images()? } else { bench::synthetic_images() };
    let mut trial = Trial::new(&model, pixels, labels)?;
    let infer_ms = infer_ms(&trial)?;
    let first_loss = block_on(trial.step())?;
    for _ in 0..3 {
        block_on(trial.step())?;
    }
    let start = Instant::now();
    block_on(trial.step())?;
    let steps = ((WINDOW_S / start.elapsed().as_secs_f64()) as usize).clamp(MIN_STEPS, MAX_STEPS);
    if arguments.next().as_deref() == Some("profile") {
        return profile(&mut trial, steps);
    }
    let (mut per_s, mut per_cpu_s, mut loss) = (Vec::new(), Vec::new(), first_loss);
    for _ in 0..WINDOWS {
        let (start, cpu) = (Instant::now(), cpu_s()?);
        for _ in 0..steps {
            loss = block_on(trial.step())?;
        }
        let images = (steps * trial.batch_size() as usize) as f64;
        per_s.push(images / start.elapsed().as_secs_f64());
        per_cpu_s.push(images / (cpu_s()? - cpu).max(0.01));
    }
    let result = json!({
        "train_images_per_s": median(&mut per_s),
        "train_images_per_cpu_s": median(&mut per_cpu_s),
        "infer_ms_batch1": infer_ms,
        "peak_memory_bytes": peak_memory_bytes()?,
        "first_loss": first_loss,
        "last_loss": loss,
    });
    println!("{result}");
    Ok(())
}

/// The first of MNIST's training images, and their labels.
fn mnist_images() -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let train = data_files::mnist::dataset(mnist_files()?)?.train.take(MNIST_IMAGES);
    Ok((train.pixels, train.labels))
}

fn mnist_files() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let folder = std::env::var("INKLING_MNIST_DIR").context("INKLING_MNIST_DIR says where MNIST is")?;
    let mut files = Vec::new();
    for file in data_files::mnist::FILES {
        files.push((file.name.to_owned(), fs::read(std::path::Path::new(&folder).join(file.name))?));
    }
    Ok(files)
}

/// The experiment "fast" on MNIST.
fn to_99(seed: u64) -> anyhow::Result<()> {
    let files = mnist_files()?;
    let begin = Instant::now();
    let (taken_ms, test) = block_on(bench::run_fast(files, seed, || begin.elapsed().as_secs_f64() * 1e3))?;
    println!("{}", json!({ "seconds": taken_ms / 1e3, "accuracy": test.share() }));
    Ok(())
}

/// Prints the share of every operation in a step.
fn profile(trial: &mut Trial, steps: usize) -> anyhow::Result<()> {
    let begin = Instant::now();
    fused::profile::start(Box::new(move || begin.elapsed().as_secs_f64() * 1e3));
    let start = Instant::now();
    for _ in 0..steps {
        block_on(trial.step())?;
    }
    let step_ms = start.elapsed().as_secs_f64() * 1e3 / steps as f64;
    let mut rest_ms = step_ms;
    for (name, total_ms) in fused::profile::stop() {
        let own_ms = total_ms / steps as f64;
        rest_ms -= own_ms;
        println!("{name:<36} {own_ms:8.3} ms {:5.1} %", 100.0 * own_ms / step_ms);
    }
    println!("{:<36} {rest_ms:8.3} ms {:5.1} %", "everything else", 100.0 * rest_ms / step_ms);
    println!("{:<36} {step_ms:8.3} ms", "one step");
    Ok(())
}

/// Median over groups of calls.
fn infer_ms(trial: &Trial) -> anyhow::Result<f64> {
    let mut groups = Vec::new();
    for _ in 0..15 {
        let start = Instant::now();
        for _ in 0..20 {
            block_on(trial.predict())?;
        }
        groups.push(start.elapsed().as_secs_f64() * 1e3 / 20.0);
    }
    Ok(median(&mut groups))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU time of this process, in seconds, in ticks of 10 ms (Linux).
fn cpu_s() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("the CPU time is read from /proc, on Linux")?;
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

fn peak_memory_bytes() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(1_024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}
