//! Training on WebGPU: in software, but where `cargo xtask webgpu` runs this.

use std::{fs, sync::Arc, time::Duration};

use crate::{
    browser::{Browser, Options, dist},
    page::SOON,
};

pub(crate) const WEBGPU: &[&str] = &["--enable-unsafe-webgpu"];
/// Compiling shaders and some steps, computed by a slow CPU.
const PATIENCE: Duration = Duration::from_mins(5);
/// Dispatches of a training step of the workshop's CNN.
const MOST_DISPATCHES: f64 = 26.0;
/// Largest difference, absolute or as a share, between the losses of a CPU and a GPU over some steps. Every step builds on the rounding of
/// the one before, and batch norm divides by what a batch of 32 images scatters.
const LOSS_TOLERANCE: f64 = 1e-4;
const LOSS_TOLERANCE_WITH_NORM: f64 = 5e-3;

#[tokio::test]
async fn webgpu_learns_what_the_cpu_learns() {
    let browser = Browser::open(Options { flags: WEBGPU, ..Options::default() }).await;
    for model in
        ["Fast CNN", "Reader CNN", "Small CNN", "Workshop CNN", "tfjs-examples CNN", "MLP 784-128-128-10"]
    {
        check_webgpu(&browser, model, "none", None).await;
    }
    for model in ["Reader CNN", "Workshop CNN"] {
        check_webgpu(&browser, model, "batch norm", None).await;
    }
    // Rates at which some steps are seen in the losses.
    for optimizer in [("SGD", "0.5"), ("SGD with momentum", "0.2"), ("RMSprop", "0.004")] {
        check_webgpu(&browser, "MLP 784-128-64-10", "none", Some(optimizer)).await;
    }
    browser.picture("train-webgpu").await;
    browser.close().await;
}

/// Trains a model for some steps on both devices, by an optimizer at its learning rate or by the preset's.
async fn check_webgpu(browser: &Browser, model: &str, normalisation: &str, optimizer: Option<(&str, &str)>) {
    let losses = async |device: &str| {
        browser.fill_built_in(device, 170, 1).await;
        browser.choose("Model", model).await;
        browser.choose("Normalisation", normalisation).await;
        if let Some((optimizer, learning_rate)) = optimizer {
            browser.choose("Optimizer", optimizer).await;
            browser.fill("Learning rate", learning_rate).await;
        }
        browser.fill("Batch size", "32").await;
        browser.click("button", "Start training").await;
        browser.says("Done", PATIENCE).await;
        browser.losses().await
    };
    let cpu = losses("cpu").await;
    let gpu = losses("webgpu").await;
    let device = browser.text_when("status", "Device in use", SOON, |text| text.starts_with("WebGPU")).await;
    println!("{model}: {device}");
    assert!(device.contains("gradients differ by at most"), "{device}");
    println!("losses on the CPU {cpu:?}, on WebGPU {gpu:?}");
    // The GPU's losses are read every fourth step and at the end: means over the images of four steps, then of the rest, whose
    // last has seven: three of the 170 are held back.
    let images = [32.0, 32.0, 32.0, 32.0, 32.0, 7.0];
    assert_eq!(cpu.len(), images.len());
    let steps: Vec<(f64, f64)> = cpu.iter().copied().zip(images).collect();
    let mean = |steps: &[(f64, f64)]| {
        let sum: f64 = steps.iter().map(|(loss, images)| loss * images).sum();
        sum / steps.iter().map(|(_, images)| images).sum::<f64>()
    };
    let means: Vec<f64> = steps.chunks(4).map(mean).collect();
    assert_eq!(gpu.len(), means.len());
    let tolerance = if normalisation == "none" { LOSS_TOLERANCE } else { LOSS_TOLERANCE_WITH_NORM };
    for (cpu, gpu) in means.iter().zip(&gpu) {
        assert!((cpu - gpu).abs() < tolerance * cpu.max(1.0), "{model}: {cpu} on the CPU, {gpu} on WebGPU");
    }
}

/// Lets a test destroy the device that the worker computes on, as a driver that crashes would.
const KEEP_DEVICE: &str = "
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...all) { return self.device = await request.apply(this, all); };
    new BroadcastChannel('test').onmessage = () => self.device.destroy();
";

/// A browser whose WebGPU worker runs this script first.
fn with_worker_script(script: impl Into<String>) -> Options {
    let script = script.into();
    let instead = move |path: &str| {
        let is_loader = path.starts_with("worker/gpu-") && path.ends_with("loader.js");
        is_loader.then(|| [script.as_bytes(), &fs::read(dist().join(path)).unwrap_or_default()].concat())
    };
    Options { flags: WEBGPU, instead: Some(Arc::new(instead)), ..Options::default() }
}

/// Counts what the worker asks of the GPU, and notes the counts at every readback.
const COUNT: &str = "
    const counts = {dispatches: 0, submits: 0, buffers: 0, uploads: 0}, log = [];
    for (const [owner, method, count] of [
        [GPUComputePassEncoder, 'dispatchWorkgroups', 'dispatches'],
        [GPUComputePassEncoder, 'dispatchWorkgroupsIndirect', 'dispatches'],
        [GPUQueue, 'submit', 'submits'], [GPUDevice, 'createBuffer', 'buffers'], [GPUQueue, 'writeBuffer', 'uploads'],
    ]) {
        const own = owner.prototype[method];
        owner.prototype[method] = function (...all) { counts[count]++; return own.apply(this, all); };
    }
    const map = GPUBuffer.prototype.mapAsync;
    GPUBuffer.prototype.mapAsync = function (...all) { log.push({...counts}); return map.apply(this, all); };
    const channel = new BroadcastChannel('test');
    channel.onmessage = () => channel.postMessage(log);
";

/// Steps between two readbacks.
const STEPS: f64 = 4.0;

#[tokio::test]
async fn a_step_on_webgpu_is_counted() {
    let browser = Browser::open(with_worker_script(COUNT)).await;
    browser.fill_built_in("webgpu", 192, 1).await;
    browser.choose("Model", "Workshop CNN").await;
    // The counts do not depend on the size of a batch; the time does.
    browser.fill("Batch size", "12").await;
    browser.click("button", "Start training").await;
    browser.says("Done", PATIENCE).await;
    let ask = "const done = arguments[arguments.length - 1], channel = new BroadcastChannel('test');
        channel.onmessage = ({data}) => done(data);
        channel.postMessage('counts');";
    let log = browser.client.execute_async(ask, Vec::new()).await.unwrap();
    let log = log.as_array().unwrap();
    let between = |what: &str| -> Vec<f64> {
        let at = |entry: &serde_json::Value| entry[what].as_f64().unwrap_or_default();
        log.windows(2).map(|pair| at(&pair[1]) - at(&pair[0])).collect()
    };
    // Snapshots are readbacks too, with no step before them; the first steps do what later ones need not.
    let dispatches = between("dispatches");
    let steady = (0..dispatches.len()).filter(|&index| dispatches[index] > 10.0 * STEPS).nth(2);
    let steady = steady.expect("four steps between two readbacks");
    let per_step = |what: &str| between(what)[steady] / STEPS;
    let figures = ["dispatches", "submits", "buffers", "uploads"].map(|what| (what, per_step(what)));
    println!("Workshop CNN on WebGPU, per step: {figures:?}");
    assert!(per_step("dispatches") <= MOST_DISPATCHES, "{figures:?}");
    assert!(per_step("submits") <= 2.0, "{figures:?}");
    assert!(per_step("buffers") <= 11.5 && per_step("uploads") <= 11.5, "{figures:?}");
    browser.close().await;
}

#[tokio::test]
async fn a_lost_device_hands_its_run_to_the_cpu() {
    let options = with_worker_script(KEEP_DEVICE);
    let browser = Browser::open(options).await;
    browser.start_built_in("webgpu", 640, 2).await;
    browser.says("images/s", PATIENCE).await;
    browser.script("new BroadcastChannel('test').postMessage('destroy')").await;
    browser.says("Training goes on on the CPU", PATIENCE).await;
    browser.says("Done", PATIENCE).await;
    browser.text_when("status", "Device in use", SOON, |text| text.starts_with("CPU")).await;
    browser.close().await;
}

/// A GPU may be lost while it is opened, while it is checked against the CPU, and in any step after that.
#[tokio::test]
async fn a_device_that_is_lost_at_any_stage_hands_its_run_to_the_cpu() {
    let refused = "GPUAdapter.prototype.requestDevice = async () => { throw new DOMException('no', 'OperationError'); };";
    // The device is gone with the call of this number.
    let at = |call: u32, method: &str| {
        format!(
            "{KEEP_DEVICE}
            let left = {call};
            const own = {method};
            {method} = function (...all) {{ if (left-- === 0) self.device.destroy(); return own.apply(this, all); }};"
        )
    };
    for (stage, script) in [
        ("opened", refused.to_owned()),
        ("given its first work", at(0, "GPUQueue.prototype.submit")),
        ("checked", at(0, "GPUBuffer.prototype.mapAsync")),
        ("trained on", at(5, "GPUBuffer.prototype.mapAsync")),
    ] {
        let browser = Browser::open(with_worker_script(script)).await;
        browser.start_built_in("webgpu", 320, 2).await;
        let text = browser.says("Done", PATIENCE).await;
        let device = browser.text_when("status", "Device in use", SOON, |text| text.starts_with("CPU")).await;
        println!("lost while it was {stage}: {device}");
        assert!(text.contains("Done: 2 epochs"), "lost while it was {stage}:\n{text}");
        browser.close().await;
    }
}

#[tokio::test]
async fn without_a_gpu_the_cpu_trains_and_the_page_says_why() {
    for (before, why) in [
        ("delete Navigator.prototype.gpu", "This browser does not have WebGPU."),
        ("GPU.prototype.requestAdapter = async () => null", "WebGPU finds no GPU."),
        (
            "GPU.prototype.requestAdapter = async () => ({info: {isFallbackAdapter: true}})",
            "WebGPU is only there in software, which is slower.",
        ),
    ] {
        let browser = Browser::open(Options { flags: WEBGPU, before, ..Options::default() }).await;
        browser.start_built_in("auto", 120, 1).await;
        browser.says("Done", Duration::from_mins(1)).await;
        let device = browser.text_when("status", "Device in use", SOON, |text| !text.is_empty()).await;
        assert_eq!(device, format!("CPU: {why}"));
        browser.close().await;
    }
}
