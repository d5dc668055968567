//! Speeds on a real GPU, in the page: `cargo xtask webgpu` runs this on a machine that has one; the whole suite leaves it out.

use std::{
    env,
    time::{Duration, Instant},
};

use crate::{
    browser::{Browser, Options},
    gpu::WEBGPU,
    page::SOON,
};

const A_WHILE: Duration = Duration::from_mins(2);
const LOOKED_AT: Duration = Duration::from_secs(6);

impl Browser {
    /// Images a second of an experiment on MNIST, in the middle of what the page says in some seconds, and how long the first step took to
    /// come.
    async fn speed(&self, experiment: &str, device: &str) -> (f64, Duration) {
        self.visit(&format!("train?device={device}&seed=1")).await;
        self.choose("Preset", experiment).await;
        self.fill("Epochs", "900").await;
        let start = Instant::now();
        self.click("button", "Start training").await;
        self.says("images/s", A_WHILE).await;
        let (taken, start) = (start.elapsed(), Instant::now());
        let mut rates = Vec::new();
        while start.elapsed() < LOOKED_AT {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let text = self.text().await;
            let said = text.split(" images/s").next().unwrap().rsplit(" · ").next().unwrap();
            rates.extend(said.replace(',', "").parse::<f64>().ok());
        }
        // A run that has reached the accuracy it was to reach is over.
        if self.has("button", "Stop").await {
            self.click("button", "Stop").await;
            self.says("Stopped at step", A_WHILE).await;
        }
        assert!(!rates.is_empty(), "{experiment} on {device}: the page says no speed");
        rates.sort_by(f64::total_cmp);
        (rates[rates.len() / 2], taken)
    }
}

#[tokio::test]
async fn webgpu_beside_the_cpu() {
    if env::var_os("INKLING_HARDWARE_GPU").is_none() {
        println!("skipped: `cargo xtask webgpu` runs it");
        return;
    }
    let browser = Browser::open(Options { flags: WEBGPU, ..Options::default() }).await;
    println!("images/s in the page on MNIST, and seconds until it says so");
    for experiment in [
        "Fast: 99 % of MNIST, one epoch",
        "Workshop: CNN and RMSprop",
        "Study 1: 100-50, 10 epochs",
        "Keras: MLP, then your own files",
        "Kaggle: Digit Recognizer CNN",
    ] {
        let (cpu, cpu_start) = browser.speed(experiment, "cpu").await;
        let (gpu, gpu_start) = browser.speed(experiment, "webgpu").await;
        let device = browser.text_when("status", "Device in use", SOON, |text| !text.is_empty()).await;
        assert!(device.starts_with("WebGPU") && !device.contains("software"), "{device}");
        println!(
            "{experiment}: CPU {cpu:.0} ({:.1} s), WebGPU {gpu:.0} ({:.1} s): {:.2} times; {device}",
            cpu_start.as_secs_f64(),
            gpu_start.as_secs_f64(),
            gpu / cpu
        );
    }
    browser.close().await;
}
