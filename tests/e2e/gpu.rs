//! Training on WebGPU, in software.

use std::{fs, sync::Arc, time::Duration};

use crate::{
    browser::{Browser, Options, dist},
    page::SOON,
};

const WEBGPU: &[&str] = &["--enable-unsafe-webgpu"];
/// Compiling shaders and ten steps, computed by a slow CPU.
const PATIENCE: Duration = Duration::from_secs(400);
/// Largest difference between the losses of a CPU and a GPU over ten steps. The gradients of the first step agree to
/// 1e-3 of their size (the page checks that); every step builds on the rounding of the one before.
const LOSS_TOLERANCE: f64 = 0.02;

#[tokio::test]
async fn webgpu_learns_what_the_cpu_learns() {
    let browser = Browser::open(Options { flags: WEBGPU, ..Options::default() }).await;
    browser.start_built_in("cpu", 320, 1).await;
    browser.says("Done", Duration::from_mins(1)).await;
    let cpu = browser.losses().await;
    browser.start_built_in("webgpu", 320, 1).await;
    browser.says("Done", PATIENCE).await;
    let device = browser.text_when("status", "Device in use", SOON, |text| text.starts_with("WebGPU")).await;
    println!("{device}");
    assert!(device.contains("gradients differ by at most"), "{device}");
    let gpu = browser.losses().await;
    println!("losses on the CPU {cpu:?}, on WebGPU {gpu:?}");
    // The GPU's losses are read every fourth step and at the end: means of four steps, then of one.
    let means: Vec<f64> = cpu.chunks(4).map(|steps| steps.iter().sum::<f64>() / steps.len() as f64).collect();
    assert_eq!(gpu.len(), means.len());
    for (cpu, gpu) in means.iter().zip(&gpu) {
        assert!((cpu - gpu).abs() < LOSS_TOLERANCE, "{cpu} on the CPU, {gpu} on WebGPU");
    }
    browser.picture("train-webgpu").await;
    browser.close().await;
}

/// Lets a test destroy the device that the worker computes on, as a driver that crashes would.
const KEEP_DEVICE: &str = "
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...all) { return self.device = await request.apply(this, all); };
    new BroadcastChannel('test').onmessage = () => self.device.destroy();
";

#[tokio::test]
async fn a_lost_device_hands_its_run_to_the_cpu() {
    let instead = |path: &str| {
        let is_loader = path.starts_with("worker/gpu-") && path.ends_with("loader.js");
        is_loader.then(|| [KEEP_DEVICE.as_bytes(), &fs::read(dist().join(path)).unwrap_or_default()].concat())
    };
    let options = Options { flags: WEBGPU, instead: Some(Arc::new(instead)), ..Options::default() };
    let browser = Browser::open(options).await;
    browser.start_built_in("webgpu", 640, 2).await;
    browser.says("images/s", PATIENCE).await;
    browser.script("new BroadcastChannel('test').postMessage('destroy')").await;
    browser.says("Training goes on on the CPU", PATIENCE).await;
    browser.says("Done", PATIENCE).await;
    browser.text_when("status", "Device in use", SOON, |text| text.starts_with("CPU")).await;
    browser.close().await;
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
