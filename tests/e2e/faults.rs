//! Faults made on purpose, at every place where the world may fail: the page goes on, or says what happened.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    browser::{Browser, Options, dist},
    page::{SEVEN, SOON},
};

const A_WHILE: Duration = Duration::from_mins(2);

/// Kills the worker that trains when the page is to hear its message of this number, once.
const KILL_AT: &str = "
    window.heard = 0; window.killAt = -1;
    window.Worker = class extends Worker {
        set onmessage(listener) {
            super.onmessage = listener && (event => {
                if (this === window.training && heard++ === killAt) {
                    this.terminate();
                    this.dispatchEvent(new ErrorEvent('error', {message: 'killed', cancelable: true}));
                } else { listener(event); }
            });
        }
        constructor(...all) { super(...all); window.training = this; }
    };";

#[tokio::test]
async fn a_run_outlives_its_worker_at_every_second_message() {
    let browser = Browser::open(Options { before: KILL_AT, ..Options::default() }).await;
    let mut kills = 0;
    for number in (0..14).step_by(2) {
        browser.fill_built_in("cpu", 600, 2).await;
        // The newest worker is the one that trains.
        browser.script(&format!("window.heard = 0; window.killAt = {number};")).await;
        browser.click("button", "Start training").await;
        let text = browser.says("Done: 2 epochs", A_WHILE).await;
        let was_killed = browser.script("return heard > killAt").await;
        if was_killed == true {
            kills += 1;
            assert!(text.contains("lost") || text.contains("A new one"), "message {number}:\n{text}");
        }
    }
    assert!(kills >= 5, "the worker was killed {kills} times");
    browser.close().await;
}

/// Has the call to the database of this number fail, as a full or broken disk would have it.
const FAIL_AT: &str = "
    let calls = 0;
    const failAt = Number(new URLSearchParams(location.search).get('fail') ?? -1);
    const fails = () => calls++ === failAt;
    for (const [of, names] of [[IDBObjectStore, ['put', 'get', 'getAll', 'getAllKeys', 'delete', 'clear']], [IDBDatabase, ['transaction']], [IDBFactory, ['open']]]) {
        for (const name of names) {
            const real = of.prototype[name];
            of.prototype[name] = function (...all) {
                if (fails()) throw new DOMException('made to fail', 'UnknownError');
                return real.apply(this, all);
            };
        }
    }
    window.databaseCalls = () => calls;";

#[tokio::test]
async fn a_database_that_fails_now_and_then_stops_nothing() {
    let browser = Browser::open(Options { before: FAIL_AT, ..Options::default() }).await;
    // Every third call; another browser would be as good with the others.
    for number in (0..24_u64).step_by(3) {
        browser.visit(&format!("train?device=cpu&seed=7&fail={number}")).await;
        browser.choose("Data", "Built-in digits").await;
        browser.fill("Built-in digits", "600").await;
        browser.fill("Epochs", "1").await;
        browser.click("button", "Start training").await;
        browser.says("Done: 1 epoch", A_WHILE).await;
        browser.click("link", "Draw").await;
        browser.draw(SEVEN).await;
        browser.reads('7').await;
        let calls = browser.script("return databaseCalls()").await;
        assert!(calls.as_u64() > Some(number), "call {number} was never made: {calls}");
    }
    browser.close().await;
}

/// As where cookies and storage are blocked: there the browser refuses every lock, after it was asked.
#[tokio::test]
async fn a_browser_that_refuses_locks_trains_all_the_same() {
    const REFUSE: &str = "LockManager.prototype.request = () =>
        Promise.reject(new DOMException('made to fail', 'SecurityError'));";
    let browser = Browser::open(Options { before: REFUSE, ..Options::default() }).await;
    browser.start_built_in("cpu", 600, 1).await;
    browser.says("Done: 1 epoch", A_WHILE).await;
    browser.close().await;
}

/// Every file that a visit loads, cut in the middle or missing. The page says what is wrong, or does without.
#[tokio::test]
async fn a_file_that_is_cut_or_missing_is_said_to_be() {
    let spoiled: Arc<Mutex<Option<(String, bool)>>> = Arc::default();
    let (given, seen) = (Arc::clone(&spoiled), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&seen);
    let instead = move |path: &str| {
        let spoiled = given.lock().unwrap();
        let (name, is_cut) = spoiled.as_ref()?;
        if path != name {
            return None;
        }
        count.fetch_add(1, Ordering::Relaxed);
        let bytes = fs::read(dist().join(path)).ok()?;
        Some(if *is_cut { bytes[..bytes.len() / 2].to_vec() } else { b"<!doctype html>".to_vec() })
    };
    let instead: Arc<site_server::Override> = Arc::new(instead);
    let ends = [
        "first.js",
        "first_bg.wasm",
        "site.json",
        "loader.js",
        "worker.js",
        "worker_bg.wasm",
        ".bin",
        "reader-cnn.safetensors",
    ];
    let mut files: Vec<String> = all_files("")
        .into_iter()
        .filter(|name| {
            ends.iter().any(|end| name.ends_with(end))
                && !name.contains("gpu-")
                && !name.contains("/reads-")
                && !name.contains("/writes-")
        })
        .collect();
    let is_page = |name: &String| {
        let ending = name.rsplit('.').next().unwrap_or_default();
        name.starts_with("app-") && ["js", "wasm"].contains(&ending)
    };
    files.extend(all_files("").into_iter().filter(is_page));
    assert!(files.len() >= 9, "{files:?}");
    // One is cut, the next one missing.
    for (index, name) in files.into_iter().enumerate() {
        let is_cut = index % 2 == 0;
        let browser =
            Browser::open(Options { instead: Some(Arc::clone(&instead)), ..Options::default() }).await;
        *spoiled.lock().unwrap() = Some((name.clone(), is_cut));
        browser.client.goto(&browser.url).await.unwrap();
        let start = std::time::Instant::now();
        // Either it reads, or it says why it does not.
        loop {
            let text = browser.text().await;
            let says = ["could not be", "cannot", "damaged", "Reload", "reload", "lost"]
                .iter()
                .any(|word| text.contains(word));
            let takes_ink = browser.has("canvas", "Drawing canvas").await && {
                browser.draw(SEVEN).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
                browser.text().await.lines().any(|line| line.trim() == "7")
            };
            if says || takes_ink {
                break;
            }
            assert!(start.elapsed() < SOON, "{name}, cut: {is_cut}:\n{text}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        *spoiled.lock().unwrap() = None;
        browser.close().await;
    }
    assert!(seen.load(Ordering::Relaxed) >= 9, "not every file was asked for");
}

/// Every file of the site below a folder, by its path from the root.
fn all_files(folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dist().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if entry.path().is_dir() {
            names.extend(all_files(&path));
        } else {
            names.push(path);
        }
    }
    names
}

#[tokio::test]
async fn a_browser_without_vector_instructions_is_told_so() {
    let before = "WebAssembly.validate = () => false;";
    let browser = Browser::open(Options { before, ..Options::default() }).await;
    browser.client.goto(&browser.url).await.unwrap();
    browser.says("vector instructions, which this browser lacks", SOON).await;
    browser.picture("no-vectors").await;
    browser.close().await;
}

#[tokio::test]
async fn a_machine_that_sleeps_loses_no_worker() {
    let browser = Browser::open(Options::default()).await;
    browser.start_built_in("cpu", 6_000, 3).await;
    browser.says("images/s", A_WHILE).await;
    // Longer than a worker may be silent.
    browser.sleep(Duration::from_secs(20)).await;
    let text = browser.says("Done: 3 epochs", A_WHILE).await;
    assert!(!text.contains("A new one"), "{text}");
    browser.close().await;
}

#[tokio::test]
async fn a_clock_that_jumps_disturbs_no_run() {
    // A day on, a day back, as when a laptop wakes and is told the time.
    let before = "const real = Date.now; let asked = 0; Date.now = () => real() + [0, 86_400_000, -86_400_000][asked++ % 3];";
    let browser = Browser::open(Options { before, ..Options::default() }).await;
    browser.start_built_in("cpu", 600, 6).await;
    let text = browser.says("Done: 6 epochs", A_WHILE).await;
    for wrong in ["NaN", "inf", "-1 s", "hours"] {
        assert!(!text.contains(wrong), "{wrong}:\n{text}");
    }
    browser.click("link", "Runs").await;
    browser.get("link", "Learn").await;
    assert!(!browser.text().await.contains("NaN"));
    browser.close().await;
}
