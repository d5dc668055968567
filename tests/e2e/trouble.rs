//! Workers that fail, and data that is wrong.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    browser::{Browser, Options},
    page::{SEVEN, SOON},
};

/// Lets a test reach the page's workers.
const KEEP_WORKERS: &str = "window.workers = []; window.Worker = class extends Worker {
    constructor(...all) { super(...all); workers.push(this); }
};";

/// What the page hears when a worker panics.
fn dies(worker: &str) -> String {
    format!("{worker}.dispatchEvent(new ErrorEvent('error', {{message: 'unreachable'}}))")
}

#[tokio::test]
async fn a_training_worker_that_dies_is_replaced_and_the_run_goes_on() {
    let browser = Browser::open(Options { before: KEEP_WORKERS, ..Options::default() }).await;
    browser.start_built_in("cpu", 600, 6).await;
    browser.says("epoch 2 of 6", Duration::from_mins(1)).await;
    browser.script(&dies("workers.at(-1)")).await;
    let text = browser.says("A new one goes on from step", SOON).await;
    assert!(text.contains("The training worker was lost (unreachable)"), "{text}");
    browser.says("Done: 6 epochs", Duration::from_mins(1)).await;
    browser.close().await;
}

#[tokio::test]
async fn a_run_whose_helping_worker_dies_goes_on_alone() {
    const KEEP_HELPERS: &str = "self.Worker = class extends Worker {
        constructor(...all) { super(...all); new BroadcastChannel('test').onmessage = () =>
            this.dispatchEvent(new ErrorEvent('error', {message: 'no memory', cancelable: true})); }
    };\n";
    let instead = |path: &str| {
        let loader = path.ends_with("loader.js").then(|| crate::browser::dist().join(path))?;
        Some([KEEP_HELPERS.as_bytes(), &fs::read(loader).ok()?].concat())
    };
    let browser = Browser::open(Options { instead: Some(Arc::new(instead)), ..Options::default() }).await;
    browser.fill_built_in("cpu", 600, 40).await;
    browser.fill("Workers", "2").await;
    browser.click("button", "Start training").await;
    browser.says("epoch 3 of 40", Duration::from_mins(1)).await;
    browser.text_when("status", "Device in use", SOON, |text| text.contains("2 workers together")).await;
    browser.script("new BroadcastChannel('test').postMessage('die')").await;
    let text = browser.says("A new one goes on from step", SOON).await;
    assert!(text.contains("a helping worker was lost: no memory"), "{text}");
    browser.says("Done: 40 epochs", Duration::from_mins(1)).await;
    let device = browser.text_when("status", "Device in use", SOON, |text| text.starts_with("CPU")).await;
    assert!(!device.contains("workers together"), "{device}");
    browser.close().await;
}

#[tokio::test]
async fn a_training_worker_that_falls_silent_is_replaced() {
    let browser = Browser::open(Options { before: KEEP_WORKERS, ..Options::default() }).await;
    browser.start_built_in("cpu", 6_000, 2).await;
    browser.says("images/s", Duration::from_mins(1)).await;
    browser.script("workers.at(-1).terminate()").await;
    browser.says("it does not answer", Duration::from_secs(40)).await;
    browser.says("images/s", Duration::from_mins(1)).await;
    // A worker that does not answer does not hold up a stop either.
    browser.script("workers.at(-1).terminate()").await;
    browser.click("button", "Stop").await;
    browser.says("Stopped at step", SOON).await;
    // Nor does it hold up the next run.
    browser.click("button", "Start training").await;
    browser.says("images/s", Duration::from_mins(1)).await;
    browser.close().await;
}

#[tokio::test]
async fn a_paused_run_whose_worker_dies_stays_paused() {
    let browser = Browser::open(Options { before: KEEP_WORKERS, ..Options::default() }).await;
    browser.start_built_in("cpu", 600, 900).await;
    browser.says("epoch 2 of 900", Duration::from_mins(1)).await;
    browser.click("button", "Pause").await;
    browser.says("paused at step", SOON).await;
    browser.script(&dies("workers.at(-1)")).await;
    browser.says("A new one goes on from step", SOON).await;
    browser.says("paused at step", SOON).await;
    browser.click("button", "Resume").await;
    browser.says("images/s", SOON).await;
    browser.close().await;
}

#[tokio::test]
async fn a_reading_worker_that_dies_is_replaced_and_reads_on() {
    let browser = Browser::open(Options { before: KEEP_WORKERS, ..Options::default() }).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.script(&dies("workers[0]")).await;
    browser.click("button", "Clear").await;
    browser.draw(&[&[(0.0, -0.6), (0.0, 0.6)]]).await;
    browser.reads('1').await;
    browser.close().await;
}

#[tokio::test]
async fn a_worker_of_another_build_is_refused_and_reloaded() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    // The first answer names a worker that greets with another build's fingerprint, and then says what must not be heard.
    let instead = move |path: &str| match path {
        "site.json" if count.fetch_add(1, Ordering::Relaxed) < 2 => {
            Some(br#"{"cpu_worker":"worker/old/","gpu_worker":null,"mnist":false}"#.to_vec())
        }
        "worker/old/loader.js" => Some(
            b"postMessage(new TextEncoder().encode('INKL--------')); postMessage([new ArrayBuffer(1)]);"
                .to_vec(),
        ),
        _ => None,
    };
    let browser = Browser::open(Options { instead: Some(Arc::new(instead)), ..Options::default() }).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    assert!(asked.load(Ordering::Relaxed) > 2, "the site was not asked again");
    browser.close().await;
}

/// Workers ask for their own files and MNIST's, and for nothing else.
#[tokio::test]
async fn workers_ask_no_other_host_for_anything() {
    const TELL: &str = "const ask = fetch; self.fetch = (what, ...rest) => {
        new BroadcastChannel('asked').postMessage(String(what.url ?? what)); return ask(what, ...rest); };\n";
    let instead = |path: &str| {
        let loader = path.ends_with("loader.js").then(|| crate::browser::dist().join(path))?;
        Some([TELL.as_bytes(), &fs::read(loader).ok()?].concat())
    };
    let before =
        "window.asked = []; new BroadcastChannel('asked').onmessage = event => asked.push(event.data);";
    let browser =
        Browser::open(Options { before, instead: Some(Arc::new(instead)), ..Options::default() }).await;
    browser.visit("train?device=cpu").await;
    if cfg!(has_mnist) {
        browser.click("button", "Start training").await;
        browser.says("images/s", Duration::from_mins(1)).await;
    }
    let asked = browser.script("return asked").await;
    let asked: Vec<&str> = asked.as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
    assert!(!asked.is_empty(), "no request was seen");
    for address in asked {
        assert!(
            address.starts_with(&browser.url) || !address.contains("://"),
            "a worker asked for {address}"
        );
    }
    browser.close().await;
}
