//! The copy of the site that the browser keeps: without a network, with a new version, and without the copy.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    browser::{Browser, Options, dist},
    page::{SEVEN, SOON},
};

/// What the browser is given as `sw.js`, by a number that a test counts up.
fn serving(versions: Vec<Vec<u8>>) -> (Options, Arc<AtomicUsize>) {
    let version = Arc::new(AtomicUsize::new(0));
    let present = Arc::clone(&version);
    let instead = move |path: &str| {
        (path == "sw.js").then(|| versions[present.load(Ordering::Relaxed).min(versions.len() - 1)].clone())
    };
    (Options { instead: Some(Arc::new(instead)), ..Options::default() }, version)
}

/// The service worker of this build, changed.
fn worker(change: impl Fn(&str) -> String) -> Vec<u8> {
    change(&fs::read_to_string(dist().join("sw.js")).unwrap()).into_bytes()
}

impl Browser {
    /// Waits until the page works without a network.
    pub(crate) async fn is_kept(&self) {
        self.visit("models").await;
        self.text_when("status", "Offline", Duration::from_mins(1), |text| {
            text.contains("without a network")
        })
        .await;
    }

    /// Takes the site off the network; it is drawn and read all the same.
    pub(crate) async fn reads_without_a_network(&mut self) {
        self.stop_server();
        self.visit("").await;
        self.draw(SEVEN).await;
        self.reads('7').await;
    }

    /// Has the browser look for a new version, as it does by itself every hour.
    async fn look_for_a_new_version(&self) {
        self.script(
            "navigator.serviceWorker.getRegistration().then(found => found.update()).catch(() => {})",
        )
        .await;
    }
}

#[tokio::test]
async fn without_a_network_it_draws_trains_and_saves() {
    let mut browser = Browser::open(Options::default()).await;
    browser.is_kept().await;
    browser.reads_without_a_network().await;
    browser.picture("offline").await;
    browser.start_built_in("cpu", 600, 2).await;
    browser.says("Done: 2 epochs", Duration::from_mins(1)).await;
    browser.click("button", "Save model").await;
    browser.says("Saved", SOON).await;
    browser.visit("models").await;
    browser.says("Small shipped model", SOON).await;
    browser.click_of("Small shipped model", "Export ONNX").await;
    browser.downloaded("onnx").await;
    browser.choose("Test on", "Built-in digits").await;
    browser.click("button", "Evaluate").await;
    browser.text_when("table", "Confusion matrix", Duration::from_mins(1), |text| !text.is_empty()).await;
    browser.visit("learn").await;
    browser.says("Convolution", SOON).await;
    browser.close().await;
}

#[tokio::test]
async fn a_new_version_waits_for_the_run_and_resumes_it() {
    let (options, version) =
        serving(vec![worker(str::to_owned), worker(|text| text.replacen("BUILD = \"", "BUILD = \"b", 1))]);
    let browser = Browser::open(options).await;
    browser.is_kept().await;
    browser.start_built_in("cpu", 600, 900).await;
    browser.says("epoch 3 of 900", Duration::from_mins(1)).await;
    // Another run that was interrupted some time ago changes nothing.
    let older = "rows.getAll().onsuccess = event => {
            const record = JSON.parse(event.target.result[0].record);
            rows.put({id: 'older', record: JSON.stringify({...record, id: 'older', name: 'older', begun_ms: 1})});
        };";
    browser.write_rows("runs", older).await;
    version.store(1, Ordering::Relaxed);
    browser.look_for_a_new_version().await;
    browser.click("link", "Models").await;
    // Neither offered nor forced, but there for whoever looks. Asking for names would take the page the time that it needs.
    browser.says("Use the new version", Duration::from_mins(1)).await;
    assert!(!browser.text().await.contains("A new version of Inkling is ready."));
    browser.click("button", "Use the new version").await;
    // Only the new version's page says so.
    browser.says("Run older was interrupted.", Duration::from_mins(1)).await;
    browser.text_when("status", "Offline", SOON, |text| text.contains("without a network")).await;
    browser.click("link", "Train").await;
    browser.says("images/s", Duration::from_mins(1)).await;
    let text = browser.text().await;
    assert!(!text.contains("epoch 1 of 900"), "it began anew:\n{text}");
    let shells =
        "return caches.keys().then(names => names.filter(name => name.startsWith('shell-b')).length)";
    assert_eq!(browser.script(shells).await, 1);
    browser.close().await;
}

#[tokio::test]
async fn a_new_version_is_offered_and_taken() {
    let (options, version) =
        serving(vec![worker(str::to_owned), worker(|text| text.replacen("BUILD = \"", "BUILD = \"b", 1))]);
    let browser = Browser::open(options).await;
    browser.is_kept().await;
    version.store(1, Ordering::Relaxed);
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.look_for_a_new_version().await;
    browser.says("A new version of Inkling is ready.", SOON).await;
    browser.reads('7').await;
    browser.click("button", "Use it").await;
    // The paper is blank again: the page was loaded anew.
    browser.says("Draw a digit or a number", SOON).await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.close().await;
}

#[tokio::test]
async fn a_version_that_is_not_whole_leaves_the_old_one() {
    // A host answers what is missing with a page.
    let broken = worker(|text| {
        text.replacen("BUILD = \"", "BUILD = \"b", 1).replacen("FILES = [", "FILES = [\"missing.js\",", 1)
    });
    let (options, version) = serving(vec![worker(str::to_owned), broken]);
    let mut browser = Browser::open(options).await;
    browser.is_kept().await;
    version.store(1, Ordering::Relaxed);
    browser.look_for_a_new_version().await;
    browser.visit("models").await;
    browser.text_when("status", "Offline", SOON, |text| text.contains("without a network")).await;
    assert!(!browser.has("button", "Use the new version").await);
    browser.reads_without_a_network().await;
    browser.close().await;
}

#[tokio::test]
async fn the_off_switch_takes_the_copy_away() {
    let off = fs::read(tests::root().join("first-page/sw-off.js")).unwrap();
    let (options, version) = serving(vec![worker(str::to_owned), off]);
    let browser = Browser::open(options).await;
    browser.is_kept().await;
    version.store(1, Ordering::Relaxed);
    browser.look_for_a_new_version().await;
    let gone = "return Promise.all([caches.keys(), navigator.serviceWorker.getRegistrations()])
        .then(([names, found]) => names.length + found.filter(one => one.active?.state === 'activated' && !one.waiting).length)";
    let start = std::time::Instant::now();
    while browser.script(gone).await != 0 {
        assert!(start.elapsed() < SOON, "the copy is still there");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.close().await;
}
