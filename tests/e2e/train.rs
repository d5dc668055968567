//! Training on the CPU.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    browser::{Browser, Options},
    page::{NOTE_LONG_TASKS, SEVEN, SOON},
};

/// Share in percent at the beginning of "Test accuracy 98.87 % (98.64–99.06 %)".
fn percent(text: &str) -> f64 {
    text.trim_start_matches("Test accuracy ")
        .split(' ')
        .next()
        .unwrap_or_default()
        .parse()
        .unwrap_or(f64::NAN)
}

/// What cannot be used is said where it stands, and Start leads there; what can be used is there again after a reload.
#[tokio::test]
async fn the_form_says_what_is_wrong_and_remembers_what_is_right() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train").await;
    browser.choose("Preset", "Study 5: 30-5, 3 epochs").await;
    browser.choose("Data", "Built-in digits").await;
    browser.fill("Batch size", "0").await;
    browser.click("button", "Start training").await;
    browser.says("Batch size 0 is out of range: choose 1 to 4,096.", SOON).await;
    let focus = "const own = document.activeElement, place = own.getBoundingClientRect();
        return [own.ariaLabel, own.ariaInvalid, place.top > 0 && place.bottom < innerHeight]";
    assert_eq!(browser.script(focus).await, serde_json::json!(["Batch size", "true", true]));
    browser.fill("Batch size", "256").await;
    browser.fill("Epochs", "2").await;
    assert!(!browser.text().await.contains("No image is held back"));
    browser.client.refresh().await.unwrap();
    browser.get("button", "Start training").await;
    assert_eq!(browser.values(&["Epochs", "Batch size", "Built-in digits"]).await, ["2", "256", "20000"]);
    assert!(browser.has("button", "Reset Epochs to 3").await, "the preset is forgotten");
    browser.close().await;
}

/// The product's main job: train on MNIST, save, reload, load, export, import, and the numbers stay the same.
#[tokio::test]
#[cfg_attr(not(has_mnist), ignore = "INKLING_MNIST_DIR is not set")]
async fn a_network_learns_mnist_and_survives_reload_and_export() {
    let browser = Browser::open(Options { before: NOTE_LONG_TASKS, ..Options::default() }).await;
    browser.visit("train?device=cpu&seed=1").await;
    let start = Instant::now();
    browser.click("button", "Start training").await;
    browser.says("images/s", SOON).await;
    // Let the page settle: what starts a run is not what the run does.
    browser.script("longTasks.length = 0").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    browser.picture("train-running").await;
    browser.script("window.before = longTasks.length").await;
    browser.click("link", "Draw").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.picture("draw-while-training").await;
    browser.click("link", "Train").await;
    browser.says("images/s", SOON).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Pages that are built are counted on their own.
    browser.script("window.building = longTasks.splice(before)").await;

    let limit = Duration::from_mins(7);
    let text =
        browser.text_when("status", "Test accuracy", limit, |text| text.starts_with("Test accuracy")).await;
    println!("MNIST, one epoch, CPU, seed 1: {text} after {:.0} s", start.elapsed().as_secs_f64());
    assert!(percent(&text) >= 98.5, "{text}");
    browser.says("Done", SOON).await;
    let tasks = browser.script("return [longTasks, building]").await;
    let numbers = |index: usize| -> Vec<f64> {
        tasks[index].as_array().unwrap().iter().filter_map(Value::as_f64).collect()
    };
    let (long_ms, building_ms) = (numbers(0), numbers(1));
    println!(
        "tasks above 50 ms on the main thread while training, in ms: {long_ms:?}; building pages: {building_ms:?}"
    );
    // A busy machine takes the core away now and then; a page that training holds up is held up all the time.
    assert!(long_ms.len() <= 2 && building_ms.len() <= 2, "{long_ms:?}, {building_ms:?}");
    assert!(long_ms.iter().chain(&building_ms).all(|&ms| ms < 500.0), "{long_ms:?}, {building_ms:?}");
    browser.picture("train-done").await;

    browser.click("button", "Save model").await;
    browser.says("Saved as", SOON).await;
    browser.visit("models").await;
    browser.get("button", "Export").await;
    browser.says("Fast CNN 9", SOON).await;
    let check = |name: &'static str| {
        let browser = &browser;
        async move {
            let script = format!(
                "const item = [...document.querySelectorAll('li.model')].find(item => item.getAttribute('aria-label').startsWith('{name}'));
                 [...item.querySelectorAll('button')].find(button => button.textContent.startsWith('Load')).click();"
            );
            browser.script(&script).await;
            let found = browser.says("the same as when it was saved", Duration::from_secs(90)).await;
            found.lines().find(|line| line.contains("the same as when")).unwrap_or_default().to_owned()
        }
    };
    let loaded = check("Fast CNN 9").await;
    println!("after a reload: {loaded}");
    browser.picture("models").await;

    let script = "const item = [...document.querySelectorAll('li.model')].find(item => item.getAttribute('aria-label').startsWith('Fast CNN 9'));
        [...item.querySelectorAll('button')].find(button => button.textContent === 'Export').click(); return 0";
    browser.script(script).await;
    let file = browser.downloaded("safetensors").await;
    let renamed = file.with_file_name("came-back.safetensors");
    std::fs::rename(&file, &renamed).unwrap();
    browser.give_file(&renamed).await;
    browser.says("Imported \"came-back\"", SOON).await;
    browser.visit("models").await;
    browser.says("came-back", SOON).await;
    let imported = check("came-back").await;
    assert_eq!(imported, loaded);
    browser.close().await;
}

#[tokio::test]
async fn a_run_pauses_goes_on_and_stops_at_once() {
    let browser = Browser::open(Options::default()).await;
    browser.start_built_in("cpu", 6_000, 50).await;
    browser.says("images/s", Duration::from_mins(1)).await;
    browser.click("button", "Pause").await;
    browser.says("paused at step", SOON).await;
    let progress =
        async || browser.get("progressbar", "Training progress").await.attr("aria-valuenow").await.unwrap();
    let before = progress().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(progress().await, before, "a paused run went on");
    browser.click("button", "Resume").await;
    browser.says("images/s", SOON).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_ne!(progress().await, before, "a resumed run stood still");

    // In the page's own time: from the click until a run can be started again.
    let script = "const done = arguments[arguments.length - 1];
        const find = name => [...document.querySelectorAll('button')].find(button => button.textContent === name);
        const start = performance.now();
        new MutationObserver(() => { if (find('Start training')) done(performance.now() - start); })
            .observe(document.body, {childList: true, characterData: true, subtree: true});
        find('Stop').click();";
    let stopped = browser.client.execute_async(script, Vec::new()).await.unwrap().as_f64().unwrap();
    println!("stopped after {stopped:.0} ms");
    assert!(stopped < 120.0, "stopping took {stopped} ms");
    browser.says("Stopped at step", SOON).await;
    browser.get("button", "Save model").await;
    browser.close().await;
}

#[tokio::test]
async fn every_model_learns_with_every_optimizer() {
    let browser = Browser::open(Options::default()).await;
    for (model, optimizer, images, parameters) in [
        ("Workshop CNN", "RMSprop", 1_600, "1,199,882 parameters"),
        ("Workshop CNN", "Adam", 1_600, "1,199,882 parameters"),
        ("Fast CNN", "SGD with momentum", 6_400, "215,194 parameters"),
        ("Fast CNN", "RMSprop", 6_400, "215,194 parameters"),
        ("tfjs-examples CNN", "Adam", 6_400, "5,994 parameters"),
        ("MLP 784-128-128-10", "Adam", 6_400, "118,282 parameters"),
    ] {
        browser.fill_built_in("cpu", images, 1).await;
        browser.choose("Model", model).await;
        browser.choose("Optimizer", optimizer).await;
        browser.says(parameters, SOON).await;
        browser.click("button", "Start training").await;
        // One in fifty is held back to measure and calibrate.
        let learned = images - images / 50;
        let done = format!("Done: 1 epoch, {} steps", learned.div_ceil(64));
        browser.says(&done, Duration::from_mins(1)).await;
        let text = browser.text_when("status", "Test accuracy", SOON, |text| !text.is_empty()).await;
        println!("{model}, {optimizer}, {images} images: {text}");
        // One in ten is what guessing gives.
        assert!(percent(&text) > 40.0, "{model} with {optimizer}: {text}");
    }
    browser.close().await;
}

/// The weights that are saved are plain ones: loaded, with nothing to normalise them, they read.
#[tokio::test]
async fn batch_norm_is_folded_into_what_is_saved() {
    let browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 6_400, 2).await;
    browser.choose("Normalisation", "batch norm").await;
    browser.click("button", "Start training").await;
    browser.says("Done", Duration::from_mins(1)).await;
    let text = browser.text_when("status", "Test accuracy", SOON, |text| !text.is_empty()).await;
    println!("Fast CNN with batch norm, 6,400 built-in digits, twice: {text}");
    assert!(percent(&text) > 80.0, "{text}");
    browser.picture("train-batch-norm").await;
    browser.click("button", "Save model").await;
    browser.says("Saved as", SOON).await;
    browser.visit("models").await;
    browser.says("Fast CNN", SOON).await;
    let script = "const item = [...document.querySelectorAll('li.model')]
            .find(item => item.getAttribute('aria-label').startsWith('Fast CNN'));
        [...item.querySelectorAll('button')].find(button => button.textContent.startsWith('Load')).click();";
    browser.script(script).await;
    let found = browser.says("test images right (", Duration::from_secs(90)).await;
    let found = found.split("test images right (").nth(1).unwrap_or_default();
    println!("loaded again: {}", found.lines().next().unwrap_or_default());
    // Normalisation left out would leave a guess, one in ten.
    assert!(percent(found) > 60.0, "{found}");
    browser.close().await;
}

#[tokio::test]
async fn the_same_seed_learns_the_same() {
    let browser = Browser::open(Options::default()).await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        browser.start_built_in("cpu", 600, 1).await;
        browser.says("Done", Duration::from_mins(1)).await;
        runs.push(browser.losses().await);
    }
    assert_eq!(runs[0].len(), 10);
    assert_eq!(runs[0], runs[1]);
    browser.close().await;
}

#[tokio::test]
async fn two_workers_take_the_steps_of_one() {
    let browser = Browser::open(Options::default()).await;
    let mut runs = Vec::new();
    for workers in ["2", "2", "1"] {
        browser.fill_built_in("cpu", 600, 1).await;
        browser.fill("Workers", workers).await;
        browser.click("button", "Start training").await;
        browser.says("Done: 1 epoch, 10 steps", Duration::from_mins(1)).await;
        let together = browser.text_when("status", "Device in use", SOON, |text| !text.is_empty()).await;
        assert_eq!(together.contains("2 workers together"), workers == "2", "{together}");
        let test = browser.text_when("status", "Test accuracy", SOON, |text| !text.is_empty()).await;
        runs.push((browser.losses().await, test));
    }
    browser.picture("train-two-workers").await;
    assert_eq!(runs[0], runs[1], "the same seed and workers learn something else");
    assert_eq!(runs[2].0.len(), 10);
    for (two, one) in runs[0].0.iter().zip(&runs[2].0) {
        assert!((two - one).abs() <= 2e-3 * one, "{two} with two workers, {one} with one");
    }
    browser.close().await;
}

#[tokio::test]
async fn the_form_takes_what_the_address_says_and_refuses_what_cannot_be() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=webgpu&seed=42").await;
    let value = async |role: &str, name: &str| browser.get(role, name).await.prop("value").await.unwrap();
    assert_eq!(value("spinbutton", "Seed").await.as_deref(), Some("42"));
    assert_eq!(value("combobox", "Device").await.as_deref(), Some("webgpu"));
    assert_eq!(value("combobox", "Preset").await.as_deref(), Some("fast"));
    assert_eq!(value("spinbutton", "Learning rate").await.as_deref(), Some("0.008"));
    browser.choose("Preset", "Workshop: CNN and RMSprop").await;
    assert_eq!(value("combobox", "Model").await.as_deref(), Some("workshop-cnn"));
    assert_eq!(value("spinbutton", "Learning rate").await.as_deref(), Some("0.001"));
    browser.choose("Model", "MLP 784-128-128-10").await;
    assert_eq!(value("combobox", "Preset").await.as_deref(), Some("own"));
    browser.choose("Preset", "Fast: 99 % of MNIST, one epoch").await;
    assert_eq!(value("combobox", "Model").await.as_deref(), Some("fast-cnn"));
    browser.choose("Preset", "Workshop: CNN and RMSprop").await;
    // Chosen by hand before, and by the preset since.
    assert_eq!(value("combobox", "Model").await.as_deref(), Some("workshop-cnn"));
    browser.fill("Epochs", "2").await;
    assert_eq!(value("combobox", "Preset").await.as_deref(), Some("own"));
    browser.choose("Preset", "Fast: 99 % of MNIST, one epoch").await;
    browser.fill("Workers", "99").await;
    browser.click("button", "Start training").await;
    browser.says("99 workers are out of range: choose 1 to 16.", SOON).await;
    browser.fill("Workers", "1").await;
    browser.fill("Learning rate", "0.0025").await;
    assert_eq!(value("spinbutton", "Learning rate").await.as_deref(), Some("0.0025"));
    browser.fill("Learning rate", "100").await;
    browser.click("button", "Start training").await;
    browser.says("Learning rate 100 is out of range: choose more than 0 and at most 10.", SOON).await;
    browser.choose("Optimizer", "SGD with momentum").await;
    assert_eq!(value("spinbutton", "Learning rate").await.as_deref(), Some("0.05"));
    assert_eq!(value("spinbutton", "Weight decay").await.as_deref(), Some("0"));
    browser.fill("Weight decay", "20").await;
    browser.click("button", "Start training").await;
    browser.says("Weight decay 20 is out of range: choose 0 to 10.", SOON).await;
    browser.fill("Weight decay", "0.01").await;
    browser.close().await;
}
