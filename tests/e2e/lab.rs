//! The Train page as a lab: experiments, the builder, charts, advice, and the terms.

use std::time::Duration;

use serde_json::Value;
use train_config::EXPERIMENTS;

use crate::{
    browser::{Browser, Options},
    page::{NOTE_LONG_TASKS, SEVEN, SOON},
};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const SPACE: &str = "\u{e00d}";

impl Browser {
    /// Presses keys where the focus is.
    pub(crate) async fn type_keys(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Goes on by Tab until the focus is on the control of this name.
    #[track_caller]
    pub(crate) fn tab_to<'a>(&'a self, name: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = core::panic::Location::caller();
        async move {
            let script = "const own = document.activeElement;
                return own.getAttribute('aria-label') || own.textContent.trim()
                    || own.labels?.[0]?.textContent.trim() || ''";
            let label = "const own = document.activeElement; return own.labels?.[0]?.querySelector('span')?.textContent || ''";
            for _ in 0..120 {
                let found = [self.script(script).await, self.script(label).await];
                if found.iter().any(|found| found == name) {
                    return;
                }
                self.type_keys(TAB).await;
            }
            panic!("{caller}: \"{name}\" is not reached by Tab");
        }
    }

    /// The layers as the list names them.
    async fn layers(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('[aria-label=Network] li[aria-label]')]
            .map(item => item.getAttribute('aria-label'))";
        let names = self.script(script).await;
        names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }

    /// The rows of a table, as text.
    async fn rows(&self, table: &str) -> Vec<Vec<String>> {
        let script = format!(
            "return [...document.querySelectorAll('table[aria-label=\"{table}\"] tbody tr')]
                .map(row => [...row.cells].map(cell => cell.textContent))"
        );
        serde_json::from_value(self.script(&script).await).unwrap()
    }
}

/// Every experiment runs from a click, with fewer images and one epoch.
#[tokio::test]
async fn every_experiment_runs_from_a_click() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=cpu&seed=7").await;
    browser.choose("Data", "Built-in digits").await;
    browser.choose("Augmentation", "none: images as they are").await;
    browser.fill("Built-in digits", "640").await;
    browser.fill("Workers", "1").await;
    for experiment in EXPERIMENTS {
        // The cards stand folded away below a run.
        browser.script("document.querySelector('.experiments').open = true").await;
        browser.click("button", &format!("Choose {}", experiment.title)).await;
        browser.fill("Epochs", "1").await;
        browser.click("button", "Start training").await;
        browser.says("Done: 1 epoch", Duration::from_mins(2)).await;
        let network = experiment.config().network;
        assert_eq!(browser.layers().await.len(), network.layers().len(), "{}", experiment.id);
        let parameters = format!("{} parameters", metrics::grouped(network.parameter_count() as u32));
        browser.says(&parameters, SOON).await;
    }
    browser.close().await;
}

/// The workshop's checkpoint: saved, loaded, the same accuracy, gone on.
#[tokio::test]
async fn the_workshop_shows_its_checkpoint() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=cpu&seed=7").await;
    browser.choose("Preset", "Workshop: CNN and RMSprop").await;
    browser.choose("Data", "Built-in digits").await;
    browser.choose("Augmentation", "none: images as they are").await;
    browser.fill("Built-in digits", "320").await;
    browser.fill("Workers", "1").await;
    browser.click("button", "Start training").await;
    let text = browser.says("After epoch 3 a checkpoint was saved", Duration::from_mins(2)).await;
    let (_, rest) = text.split_once("expected ").unwrap();
    let (expected, rest) = rest.split_once(" %, loaded ").unwrap();
    assert_eq!(rest.split_once(" %").unwrap().0, expected);
    browser.says("Done: 6 epochs, 30 steps", Duration::from_mins(2)).await;
    browser.picture("train-workshop").await;
    browser.close().await;
}

/// A network of ten layers, built, trained, saved and drawn with, and no mouse.
#[tokio::test]
async fn ten_layers_are_built_by_keyboard_alone() {
    for window in [(1440, 900), (360, 740)] {
        let browser = Browser::open(Options { window: Some(window), ..Options::default() }).await;
        browser.fill_built_in("cpu", 2_000, 1).await;
        browser.tab_to("Model").await;
        browser.type_keys("Empty").await;
        browser.says("The network has no layers.", SOON).await;
        browser.tab_to("Kind of layer").await;
        for (typed, name) in [
            ("Conv", "Layer 1: Convolution 3x3, 16 channels"),
            ("Batch", "Layer 2: Batch norm"),
            ("ReLU", "Layer 3: ReLU"),
            ("Max", "Layer 4: Max pool 2x2"),
            ("Conv", "Layer 5: Convolution 3x3, 16 channels"),
            ("GELU", "Layer 6: GELU"),
            ("Max", "Layer 7: Max pool 2x2"),
            ("Flat", "Layer 8: Flatten"),
            ("Drop", "Layer 9: Dropout, 25 %"),
        ] {
            browser.type_keys(typed).await;
            browser.type_keys(TAB).await;
            browser.type_keys(ENTER).await;
            assert_eq!(browser.layers().await.last().map(String::as_str), Some(name));
            browser.tab_to_previous().await;
        }
        // What is missing is said, and a button mends it.
        browser.says("End with a Dense layer of 10 units.", SOON).await;
        browser.script("document.querySelector('.layers button').focus()").await;
        browser.tab_to("End with a Dense layer of 10 units").await;
        browser.type_keys(SPACE).await;
        let layers = browser.layers().await;
        assert_eq!((layers.len(), layers[9].as_str()), (10, "Layer 10: Dense, 10 units"));
        browser.picture(&format!("builder-{}", window.0)).await;
        browser.script("document.querySelector('nav a').focus()").await;
        browser.tab_to("Start training").await;
        browser.type_keys(ENTER).await;
        browser.says("Done: 1 epoch", Duration::from_mins(2)).await;
        browser.picture(&format!("built-network-done-{}", window.0)).await;
        browser.script("document.querySelector('nav a').focus()").await;
        browser.tab_to("Save model").await;
        browser.type_keys(ENTER).await;
        browser.says("Saved as", SOON).await;
        browser.visit("models").await;
        browser.says("CNN, ", SOON).await;
        browser.load("CNN, ").await;
        browser.says("test images right (", Duration::from_secs(90)).await;
        browser.click("link", "Draw").await;
        browser.draw(SEVEN).await;
        browser
            .text_when("status", "Prediction", SOON, |text| {
                text.starts_with(|first: char| first.is_ascii_digit())
            })
            .await;
        browser.close().await;
    }
}

impl Browser {
    async fn tab_to_previous(&self) {
        self.type_keys("\u{e008}\u{e004}\u{e000}").await;
    }
}

#[tokio::test]
async fn layers_are_changed_moved_and_taken_back() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=cpu").await;
    browser.choose("Model", "MLP 784-100-50-10").await;
    let named = ["Flatten", "Dense, 100 units", "ReLU", "Dense, 50 units", "ReLU", "Dense, 10 units"];
    let expect = async |names: &[&str]| {
        let numbered: Vec<_> =
            names.iter().enumerate().map(|(index, name)| format!("Layer {}: {name}", index + 1)).collect();
        assert_eq!(browser.layers().await, numbered);
    };
    expect(&named).await;
    browser.click("button", "2 Dense, 100 units 100 78,500").await;
    // As a person who types over what is there.
    browser.get("spinbutton", "Units").await.send_keys(&format!("\u{e009}a\u{e000}64{ENTER}")).await.unwrap();
    expect(&["Flatten", "Dense, 64 units", "ReLU", "Dense, 50 units", "ReLU", "Dense, 10 units"]).await;
    browser.says("54,000 parameters", SOON).await;
    browser.click("button", "Duplicate").await;
    browser.click("button", "Move up").await;
    browser.click("button", "Move up").await;
    expect(&[
        "Dense, 64 units",
        "Flatten",
        "Dense, 64 units",
        "ReLU",
        "Dense, 50 units",
        "ReLU",
        "Dense, 10 units",
    ])
    .await;
    browser.says("Layer 1 (Dense, 64 units): it needs a vector", SOON).await;
    browser.click("button", "Start training").await;
    browser.says("Put Flatten or Global average pool before it.", SOON).await;
    browser.click("button", "Remove it").await;
    expect(&["Flatten", "Dense, 64 units", "ReLU", "Dense, 50 units", "ReLU", "Dense, 10 units"]).await;
    // Two equal layers that change places leave nothing to undo.
    for _ in 0..4 {
        browser.click("button", "Undo").await;
    }
    expect(&named).await;
    browser.click("button", "Redo").await;
    browser.says("54,000 parameters", SOON).await;
    browser.click("button", "Export network").await;
    let file = browser.downloaded("json").await;
    browser.choose("Model", "Empty stack").await;
    let script = "return document.querySelector('input[aria-label=\"Network file\"]')";
    let field = browser.script(script).await;
    assert!(!field.is_null());
    let field =
        browser.client.find(fantoccini::Locator::Css("input[aria-label='Network file']")).await.unwrap();
    field.send_keys(&file.to_string_lossy()).await.unwrap();
    browser.says("54,000 parameters", SOON).await;
    browser.close().await;
}

/// What the charts show is what the steps were.
#[tokio::test]
async fn charts_tell_the_truth() {
    let browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 640, 1).await;
    browser.choose("Preset", "Study 1: 100-50, 10 epochs").await;
    browser.fill("Epochs", "2").await;
    browser.fill("Batch size", "64").await;
    browser.click("button", "Start training").await;
    browser.says("Done: 2 epochs, 16 steps", Duration::from_mins(1)).await;
    browser
        .script("document.querySelectorAll('.chart details').forEach(details => details.open = true)")
        .await;
    browser.says("mean of 10", SOON).await;
    let mut rows = browser.rows("Loss").await;
    rows.reverse();
    assert_eq!(rows.len(), 16);
    let newest = browser.losses().await;
    let number = |text: &str| text.parse::<f64>().unwrap();
    let raw: Vec<f64> = rows.iter().map(|row| number(&row[1])).collect();
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row[0], (index + 1).to_string());
        let window = &raw[(index + 1).saturating_sub(10)..=index];
        let mean = window.iter().sum::<f64>() / window.len() as f64;
        assert!((number(&row[2]) - mean).abs() < 2e-4, "step {}: {} is not {mean}", index + 1, row[2]);
    }
    for (chart, table) in raw.iter().rev().zip(newest.iter().rev()) {
        assert!((chart - table).abs() < 1e-4, "{chart} in the chart, {table} in the table");
    }
    let rates = browser.rows("Learning rate").await;
    assert!(rates.iter().all(|row| row[1] == "0.01000"), "{rates:?}");
    // By keys: to the first step.
    browser.script("document.querySelector('[aria-label=\"Read Loss\"]').focus()").await;
    browser.type_keys("\u{e011}").await;
    let said = browser.get("slider", "Read Loss").await.attr("aria-valuetext").await.unwrap().unwrap();
    assert!(said.starts_with(&format!("step 1: batch, mean of 10 {}", rows[0][2])), "{said}");
    browser.picture("charts").await;
    browser.close().await;
}

/// A run that does not learn says so, and one click changes that.
#[tokio::test]
async fn a_run_that_does_not_learn_is_told_why() {
    let browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 12_800, 4).await;
    browser.choose("Preset", "Deliberately bad: learning rate 1").await;
    browser.fill("Epochs", "4").await;
    browser.click("button", "Start training").await;
    let advice = browser
        .text_when("status", "Advice", Duration::from_mins(1), |text| text.contains("learning rate of 1"))
        .await;
    println!("{advice}");
    browser.picture("advice").await;
    browser.click("button", "Set the learning rate to 0.005").await;
    let rate = browser.get("spinbutton", "Learning rate").await.prop("value").await.unwrap();
    assert_eq!(rate.as_deref(), Some("0.005"));
    browser.click("button", "Start training").await;
    browser.says("Done: 4 epochs", Duration::from_mins(1)).await;
    let advice = browser.get("status", "Advice").await.text().await.unwrap();
    assert_eq!(advice, "");
    browser.close().await;
}

/// A changed field is marked, and has a way back.
#[tokio::test]
async fn changes_are_marked_and_taken_back() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=cpu").await;
    browser.choose("Preset", "Study 8: layer norm, dropout 0.2").await;
    assert!(!browser.has("button", "Reset Learning rate to 0.001").await);
    browser.fill("Learning rate", "0.02").await;
    browser.says("Changed from \"Study 8: layer norm, dropout 0.2\".", SOON).await;
    browser.click("button", "Reset Learning rate to 0.001").await;
    let preset = browser.get("combobox", "Preset").await.prop("value").await.unwrap();
    assert_eq!(preset.as_deref(), Some("study-norm-0.2"));
    browser.close().await;
}

#[tokio::test]
async fn terms_explain_themselves() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train").await;
    browser.click("button", "Learning rate: what is it?").await;
    browser.says("How far a step moves the parameters", SOON).await;
    browser.picture("term").await;
    browser.type_keys("\u{e00c}").await;
    assert!(!browser.text().await.contains("How far a step moves the parameters"));
    browser.click("link", "Learn").await;
    browser.get("searchbox", "Search").await.send_keys("momentum nesterov").await.unwrap();
    browser.says("1 term", SOON).await;
    browser.close().await;
}

/// A chart of many steps is drawn without holding the page up.
#[tokio::test]
async fn a_chart_of_many_steps_stays_smooth() {
    let browser = Browser::open(Options { before: NOTE_LONG_TASKS, ..Options::default() }).await;
    browser.fill_built_in("cpu", 15_000, 4).await;
    browser.choose("Model", "MLP 784-30-5-10").await;
    browser.fill("Batch size", "1").await;
    browser.fill("Learning rate", "0.001").await;
    browser.click("button", "Start training").await;
    browser.says("epoch 4 of 4", Duration::from_mins(5)).await;
    browser.script("longTasks.length = 0").await;
    browser.says("Done: 4 epochs", Duration::from_mins(3)).await;
    let tasks = browser.script("return longTasks").await;
    let long_ms: Vec<f64> = tasks.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    println!("58,800 steps; tasks above 50 ms: {long_ms:?}");
    // A busy machine takes the core away now and then.
    assert!(long_ms.len() <= 3 && long_ms.iter().all(|&ms| ms < 300.0), "{long_ms:?}");
    browser.close().await;
}
