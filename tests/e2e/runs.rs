//! Runs: kept, compared, repeated, changed, queued, shared, and gone on with after everything was killed.

use std::{collections::BTreeMap, fs, io::Read as _, sync::Arc, time::Duration};

use safetensors::SafeTensors;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Options},
    page::{NOTE_LONG_TASKS, SOON},
};

/// What the browser stores of runs, read past the page.
#[derive(Debug)]
struct Stored {
    runs: Vec<Value>,
    /// Steps and the bits of their losses, by run.
    points: BTreeMap<String, Vec<(u32, u32)>>,
    /// Checksums by key.
    weights: BTreeMap<String, String>,
}

const READ_STORED: &str = "const done = arguments[arguments.length - 1];
    const open = indexedDB.open('inkling');
    open.onerror = () => done(null);
    open.onsuccess = async () => {
        const all = name => new Promise(resolve => {
            const request = open.result.transaction(name).objectStore(name).getAll();
            request.onsuccess = () => resolve(request.result);
        });
        const [runs, pieces, weights] = [await all('runs'), await all('run-points'), await all('run-weights')];
        const points = {}, sums = {};
        for (const {id, file} of pieces) {
            const own = points[id.split('/')[0]] ??= [], view = new DataView(file.buffer, file.byteOffset, file.byteLength);
            for (let at = 0; at + 28 <= file.byteLength; at += 28) own.push([view.getUint32(at, true), view.getUint32(at + 4, true)]);
        }
        for (const {id, file} of weights) {
            const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', file));
            sums[id] = [...sum].map(byte => byte.toString(16).padStart(2, '0')).join('');
        }
        open.result.close();
        done({runs: runs.map(run => JSON.parse(run.record)), points, weights: sums});
    };";

impl Browser {
    async fn stored(&self) -> Stored {
        let found = self.client.execute_async(READ_STORED, Vec::new()).await.unwrap();
        let part = |name: &str| found[name].clone();
        Stored {
            runs: serde_json::from_value(part("runs")).unwrap(),
            points: serde_json::from_value(part("points")).unwrap(),
            weights: serde_json::from_value(part("weights")).unwrap(),
        }
    }

    /// The stored runs, once they are as wanted.
    async fn stored_when(&self, limit: Duration, wanted: impl Fn(&Stored) -> bool) -> Stored {
        let start = std::time::Instant::now();
        loop {
            let stored = self.stored().await;
            if wanted(&stored) {
                return stored;
            }
            let runs: Vec<&Value> = stored.runs.iter().map(|run| &run["status"]).collect();
            assert!(start.elapsed() < limit, "{runs:?}; the page:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A row of the table of runs for each, as text.
    async fn run_rows(&self) -> Vec<Vec<String>> {
        let script = "return [...document.querySelectorAll('table[aria-label=Runs] tbody tr')]
            .map(row => [...row.cells].map(cell => cell.textContent))";
        serde_json::from_value(self.script(script).await).unwrap()
    }

    /// Trains a short run to its end.
    async fn train_shortly(&self, seed: u64, images: u32, epochs: u32) {
        self.fill_built_in("cpu", images, epochs).await;
        self.fill("Workers", "1").await;
        self.fill("Seed", &seed.to_string()).await;
        self.click("button", "Start training").await;
        self.says("Done: ", Duration::from_mins(1)).await;
    }

    /// Puts 500 copies of the one stored run beside it, each with a curve of so many points.
    pub(crate) async fn copy_run(&self, points: u32) {
        let copy = "const [bytes, done] = arguments, open = indexedDB.open('inkling');
            open.onsuccess = () => {
                const write = open.result.transaction(['runs', 'run-points'], 'readwrite');
                const runs = write.objectStore('runs'), pieces = write.objectStore('run-points');
                runs.getAll().onsuccess = event => {
                    const record = JSON.parse(event.target.result[0].record);
                    for (let number = 0; number < 500; number++) {
                        const own = {...record, id: `copy-${number}`, name: `copy-${number}`, begun_ms: number, style: number,
                            config: {...record.config, seed: number}};
                        runs.put({id: own.id, record: JSON.stringify(own)});
                        if (bytes > 0) pieces.put({id: `${own.id}/000000`, file: new Uint8Array(bytes)});
                    }
                };
                write.oncomplete = () => { open.result.close(); done('copied'); };
            };";
        let copied = self.client.execute_async(copy, vec![json!(28 * points)]).await.unwrap();
        assert_eq!(copied, json!("copied"));
    }

    /// Opens the card of a run.
    async fn open_run(&self, name: &str) {
        self.click("button", name).await;
        self.get("button", "Repeat exactly").await;
    }

    async fn type_into(&self, label: &str, text: &str) {
        // Tab leaves the field, which takes what it holds.
        self.write_into(label, &format!("{text}\u{e004}")).await;
    }
}

fn is_over(run: &Value) -> bool {
    run["status"] != "open"
}

fn all_over(stored: &Stored) -> bool {
    !stored.runs.is_empty() && stored.runs.iter().all(is_over)
}

fn name(run: &Value) -> String {
    run["name"].as_str().unwrap().to_owned()
}

fn id(run: &Value) -> String {
    run["id"].as_str().unwrap().to_owned()
}

/// Kills the browser again and again in a run, which goes on each time; its weights and its curve are those of a run that nobody
/// interrupted, to the last bit.
async fn survives_kills(workers: &str) {
    // Ten are for every run of the tests; more of them are asked for by hand.
    let kills: u32 = std::env::var("INKLING_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10);
    // As many epochs as kills, and more.
    let limit = Duration::from_mins(4) + 10 * kills * Duration::from_secs(1);
    let mut browser = Browser::open(Options::default()).await;
    let start = async |browser: &Browser| {
        browser.fill_built_in("cpu", 6_000, 8.max(kills * 4 / 5)).await;
        browser.fill("Workers", workers).await;
        browser.click("button", "Start training").await;
    };
    start(&browser).await;
    browser.stored_when(limit, all_over).await;
    start(&browser).await;
    browser.says("images/s", Duration::from_mins(1)).await;
    let mut random = 12_345_u64;
    let mut done = 0;
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(100 + (random >> 33) % 1_400)).await;
        browser = browser.kill_and_reopen().await;
        done += 1;
        browser.visit("runs").await;
        browser.says("Runs", SOON).await;
        let stored = browser.stored_when(SOON, |stored| stored.runs.len() == 2).await;
        if stored.runs.iter().all(is_over) {
            break;
        }
        browser.click("button", "Resume").await;
        browser.says("running", Duration::from_mins(1)).await;
    }
    let stored = browser.stored_when(limit, all_over).await;
    assert_eq!(stored.runs.len(), 2, "a record was lost or doubled");
    let [whole, killed] = &stored.runs[..] else { panic!() };
    println!(
        "{workers} workers, killed {done} times, gone on {} times: {} steps",
        killed["interruptions"], killed["steps_done"]
    );
    assert_eq!(killed["is_exact"], json!(true));
    assert!(killed["interruptions"].as_u64().is_some_and(|times| times >= 1));
    let steps = whole["steps_done"].as_u64().unwrap();
    let points = [whole, killed].map(|run| &stored.points[&id(run)]);
    assert_eq!(points[0].len() as u64, steps, "points are missing");
    assert_eq!(points[0], points[1], "another curve");
    let weights = |run: &Value, which: &str| stored.weights[&format!("{}/{which}", id(run))].clone();
    assert_eq!(weights(whole, "last"), weights(killed, "last"), "other weights");
    assert_eq!(weights(whole, "best"), weights(killed, "best"), "other best weights");
    browser.picture(&format!("runs-killed-{workers}")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_killed_run_goes_on_to_the_same_bits() {
    survives_kills("1").await;
}

/// The form is locked while a run goes on: what it shows then must be that run's.
#[tokio::test]
async fn a_run_that_is_resumed_fills_the_form() {
    let browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 6_000, 900).await;
    browser.choose("Model", "MLP 784-100-50-10").await;
    browser.fill("Batch size", "128").await;
    browser.click("button", "Start training").await;
    browser.says("images/s", Duration::from_mins(1)).await;
    browser
        .stored_when(Duration::from_mins(1), |stored| {
            stored.runs.first().is_some_and(|run| run["saved"].is_object())
        })
        .await;
    let browser = browser.kill_and_reopen().await;
    // An address that says something leaves aside what the form held.
    browser.visit("train?device=cpu&seed=3").await;
    let names = ["Epochs", "Batch size", "Seed", "Built-in digits"];
    assert_eq!(browser.values(&names[..3]).await, ["1", "64", "3"]);
    browser.click("button", "Resume").await;
    browser.says("images/s", Duration::from_mins(1)).await;
    assert_eq!(browser.values(&names).await, ["900", "128", "7", "6000"]);
    browser.says("84,060 parameters", SOON).await;
    browser.close().await;
}

#[tokio::test]
async fn a_killed_group_goes_on_to_the_same_bits() {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return println!("one core: two workers are not tried");
    }
    survives_kills("2").await;
}

/// The study's ten trials from one click to the table with the published figures. Without MNIST they train on built-in digits,
/// which takes seconds.
#[tokio::test]
async fn the_study_runs_from_one_click() {
    let instead = |path: &str| {
        (path == "site.json").then(|| {
            let site = fs::read_to_string(crate::browser::dist().join(path)).unwrap();
            site.replace("\"mnist\":true", "\"mnist\":false").into_bytes()
        })
    };
    let browser = Browser::open(Options { instead: Some(Arc::new(instead)), ..Options::default() }).await;
    browser.visit("train?device=cpu").await;
    browser.fill("Workers", "1").await;
    browser.click("link", "Runs").await;
    browser.click("button", "Run the university study: ten trials").await;
    browser.says("waiting", SOON).await;
    let all_over = |stored: &Stored| stored.runs.len() == 10 && stored.runs.iter().all(is_over);
    let stored = browser.stored_when(Duration::from_mins(4), all_over).await;
    assert!(stored.runs.iter().all(|run| run["group"]["title"] == "The study's ten trials"));
    let script = "return [...document.querySelectorAll('table[aria-label=Results] tbody tr')]
        .map(row => [...row.cells].map(cell => cell.textContent))";
    let rows: Vec<Vec<String>> = serde_json::from_value(browser.script(script).await).unwrap();
    assert_eq!(rows.len(), 10, "{rows:?}");
    for experiment in train_config::EXPERIMENTS.iter().filter(|known| known.id.starts_with("study-")) {
        let row = rows.iter().find(|row| row[0] == experiment.title).unwrap();
        let published =
            experiment.published.map(|published| format!("{:.2} %", 100.0 * published.validation));
        assert_eq!(Some(&row[7]), published.as_ref(), "{row:?}");
        assert!(row[2].ends_with(" %"), "{row:?}");
    }
    browser
        .get("image", "Parallel coordinates of the compared runs; the table of runs has the same values")
        .await;
    browser.picture("runs-study").await;
    browser.close().await;
}

/// A repeat is the same run; seeds are a group whose mean and deviation are those of its rows.
#[tokio::test]
async fn runs_are_repeated_and_summed_up_over_seeds() {
    let browser = Browser::open(Options::default()).await;
    browser.train_shortly(3, 1_280, 1).await;
    let first = browser.stored_when(SOON, |stored| stored.runs.len() == 1 && is_over(&stored.runs[0])).await;
    browser.click("link", "Runs").await;
    browser.open_run(&name(&first.runs[0])).await;
    browser.click("button", "Repeat exactly").await;
    let both = |stored: &Stored| stored.runs.len() == 2 && stored.runs.iter().all(is_over);
    let stored = browser.stored_when(Duration::from_mins(1), both).await;
    let [one, other] = [0, 1].map(|index| &stored.points[&id(&stored.runs[index])]);
    assert_eq!(one, other, "a repeat is another run");

    browser.fill("Number of seeds", "3").await;
    browser.click("button", "Repeat with seeds").await;
    let five = |stored: &Stored| stored.runs.len() == 5 && stored.runs.iter().all(is_over);
    browser.stored_when(Duration::from_mins(2), five).await;
    // The newest group is compared by itself; its figures are computed here from its rows.
    let rows = browser.run_rows().await;
    let tests: Vec<f64> = rows[..3]
        .iter()
        .filter_map(|row| row.iter().rev().nth(2)?.trim_end_matches(" %").parse().ok())
        .collect();
    assert_eq!(tests.len(), 3, "{rows:?}");
    let mean = tests.iter().sum::<f64>() / 3.0;
    let deviation = (tests.iter().map(|test| (test - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    let script = "return document.querySelector('table[aria-label=Results] tbody tr').cells[3].textContent";
    let shown = browser.script(script).await.as_str().unwrap().to_owned();
    let (shown_mean, shown_deviation) = shown.trim_end_matches(" %").split_once(" ± ").unwrap();
    assert!((shown_mean.parse::<f64>().unwrap() - mean).abs() < 0.02, "{shown} {tests:?}");
    assert!((shown_deviation.parse::<f64>().unwrap() - deviation).abs() < 0.02, "{shown} {tests:?}");
    browser.picture("runs-seeds").await;
    browser.close().await;
}

/// What is changed while a run is under way is marked, kept, and done again by a repeat.
#[tokio::test]
async fn a_run_is_changed_while_it_runs_and_its_repeat_is_too() {
    let browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 6_000, 12).await;
    browser.fill("Workers", "1").await;
    browser.click("button", "Start training").await;
    browser.says("images/s", Duration::from_mins(1)).await;
    browser.script("document.querySelector('.steer').open = true").await;
    browser.fill("New learning rate", "0.0003").await;
    browser.click("button", "Set learning rate").await;
    browser.text_when("status", "Changes", SOON, |text| text.contains("learning rate 0.0003")).await;
    browser.click("button", "Turn augmentation on").await;
    browser.text_when("status", "Changes", SOON, |text| text.contains("augmented")).await;
    browser.picture("train-changed").await;
    browser.fill("New learning rate", "100").await;
    browser.click("button", "Set learning rate").await;
    browser.says("Learning rate 100 is out of range", SOON).await;
    let over = |stored: &Stored| stored.runs.iter().all(is_over);
    let stored = browser.stored_when(Duration::from_mins(3), over).await;
    assert_eq!(stored.runs[0]["config"]["changes"].as_array().map(Vec::len), Some(2));
    browser.click("link", "Runs").await;
    browser.open_run(&name(&stored.runs[0])).await;
    browser.says("changed while it ran: from step", SOON).await;
    browser.click("button", "Repeat exactly").await;
    let both = |stored: &Stored| stored.runs.len() == 2 && stored.runs.iter().all(is_over);
    let stored = browser.stored_when(Duration::from_mins(3), both).await;
    let [one, other] = [0, 1].map(|index| &stored.points[&id(&stored.runs[index])]);
    assert_eq!(one, other, "the repeat of a changed run is another run");
    browser.close().await;
}

/// Names, notes, stars, hiding, filter, sorting, and deleting with a way back: all of it outlives a reload.
#[tokio::test]
async fn runs_are_kept_in_order() {
    let browser = Browser::open(Options::default()).await;
    browser.train_shortly(1, 640, 1).await;
    browser.train_shortly(2, 640, 1).await;
    browser.train_shortly(2, 640, 2).await;
    browser.visit("runs").await;
    browser.says("Compare all", SOON).await;
    let rows = browser.run_rows().await;
    assert_eq!(rows.len(), 3);
    let names: Vec<String> = rows.iter().map(|row| row[1].clone()).collect();
    // Only what differs is a column.
    let headings: Vec<String> = serde_json::from_value(
        browser.script("return [...document.querySelectorAll('table[aria-label=Runs] th button.heading')].map(own => own.textContent)").await,
    )
    .unwrap();
    assert_eq!(headings, ["Run", "Started", "Epochs", "Seed", "Validation", "Test", "Time"]);
    browser.open_run(&names[2]).await;
    browser.type_into("Name", "my-first").await;
    browser.type_into("Note", "the one to beat").await;
    browser.click("button", "★ Star").await;
    browser.stored_when(SOON, |stored| stored.runs.iter().any(|run| run["is_starred"] == true)).await;
    browser.visit("runs").await;
    browser.says("my-first", SOON).await;
    assert_eq!(browser.run_rows().await[0][1], "★ my-first", "what is starred comes first");
    browser.get("searchbox", "Filter").await.send_keys("beat").await.unwrap();
    browser.open_run("★ my-first").await;
    assert_eq!(browser.run_rows().await.len(), 1);
    browser.click("button", "Delete run").await;
    browser.says("Deleted the run my-first.", SOON).await;
    assert_eq!(browser.run_rows().await.len(), 0);
    browser.click("button", "Undo delete").await;
    browser.get("button", "★ my-first").await;
    let stored = browser.stored_when(SOON, |stored| stored.runs.len() == 3).await;
    assert_eq!(stored.points.len(), 3, "its curve is there again");
    browser.visit("runs").await;
    browser.open_run(&names[0]).await;
    browser.click("button", "Hide").await;
    browser.stored_when(SOON, |stored| stored.runs.iter().any(|run| run["is_hidden"] == true)).await;
    browser.visit("runs").await;
    browser.get("button", "★ my-first").await;
    assert_eq!(browser.run_rows().await.len(), 2);
    browser.click("button", "Test").await;
    browser.picture("runs").await;
    browser.close().await;
}

/// A link shows what it would do, and does it only when asked.
#[tokio::test]
async fn a_run_travels_as_a_link() {
    let browser = Browser::open(Options::default()).await;
    browser.train_shortly(11, 640, 1).await;
    let stored = browser.stored_when(SOON, |stored| stored.runs.iter().all(is_over)).await;
    browser.click("link", "Runs").await;
    browser.open_run(&name(&stored.runs[0])).await;
    browser.click("button", "Copy link").await;
    browser.says("The link was copied.", SOON).await;
    let link = browser.value_of("Link").await;
    assert!(link.split_once('#').unwrap().1.len() < 2_000, "{link}");
    browser.get("textbox", "Link").await;
    browser.click("link", "Train").await;
    browser.get("button", "Start training").await;
    assert!(!browser.has("textbox", "Link").await, "a link of another page");
    let other = Browser::open(Options::default()).await;
    other.visit(&format!("runs{}", &link[link.find('#').unwrap()..])).await;
    other.says("Opened from a link", SOON).await;
    other.says("Nothing has been started yet.", SOON).await;
    other.picture("runs-link").await;
    assert!(other.stored().await.runs.is_empty(), "a link was followed without asking");
    other.click("button", "Start training").await;
    let copy = other
        .stored_when(Duration::from_mins(1), |stored| stored.runs.len() == 1 && is_over(&stored.runs[0]))
        .await;
    assert_eq!(
        copy.points[&id(&copy.runs[0])],
        stored.points[&id(&stored.runs[0])],
        "another run came of it"
    );
    // Pasted into the address of the open page.
    other.script(&format!("location.hash = '{}'", link.split_once('#').unwrap().1)).await;
    other.says("Opened from a link", SOON).await;
    other.visit("").await;
    other.visit(&format!("runs{}x", &link[link.find('#').unwrap()..])).await;
    other.says("This link cannot be used", SOON).await;
    other.close().await;
    browser.close().await;
}

/// A queue is paused, reordered, and goes on after a kill.
#[tokio::test]
async fn a_queue_goes_on_after_a_reload() {
    let mut browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 2_000, 2).await;
    browser.fill("Workers", "1").await;
    browser.click("link", "Runs").await;
    browser.get("textbox", "Values").await.send_keys("0.01, 0.005, 0.002, 0.001").await.unwrap();
    browser.click("button", "Start sweep").await;
    browser.says("3 runs waiting", SOON).await;
    browser.click("button", "Pause queue").await;
    browser.click("button", "Move up: Learning rate 0.001").await;
    browser.click("button", "Remove: Learning rate 0.005").await;
    browser.says("2 runs waiting", SOON).await;
    browser
        .stored_when(Duration::from_mins(1), |stored| stored.runs.len() == 1 && is_over(&stored.runs[0]))
        .await;
    browser.visit("runs").await;
    browser.says("The queue is paused", SOON).await;
    browser.click("button", "Resume queue").await;
    browser.says("1 run waiting", SOON).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    browser = browser.kill_and_reopen().await;
    browser.visit("runs").await;
    let all = |stored: &Stored| stored.runs.len() == 3 && stored.runs.iter().all(is_over);
    let stored = browser.stored_when(Duration::from_mins(2), all).await;
    let rates: Vec<f64> =
        stored.runs.iter().map(|run| run["config"]["learning_rate"].as_f64().unwrap()).collect();
    assert_eq!(rates, [0.01, 0.001, 0.002], "in the order of the queue, none lost and none twice");
    browser.picture("runs-sweep").await;
    browser.close().await;
}

/// Seeds alone are a sweep, too.
#[tokio::test]
async fn seeds_alone_make_a_sweep() {
    let browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 640, 1).await;
    browser.fill("Workers", "1").await;
    browser.click("link", "Runs").await;
    browser.click("button", "Start sweep").await;
    browser.says("choose a setting and its values, or enter several seeds", SOON).await;
    browser.type_into("Seeds, such as 1, 2, 3 or 1..5", "1..2").await;
    browser.click("button", "Start sweep").await;
    let both = |stored: &Stored| stored.runs.len() == 2 && stored.runs.iter().all(is_over);
    browser.stored_when(Duration::from_mins(1), both).await;
    browser.close().await;
}

/// A sweep varies the network itself: layer sizes in a grid with dropout, and the table shows those two columns.
#[tokio::test]
async fn a_sweep_varies_the_network() {
    let browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 640, 1).await;
    browser.choose("Preset", "Study 9: layer norm, dropout 0.4").await;
    browser.fill("Epochs", "1").await;
    browser.fill("Workers", "1").await;
    browser.click("link", "Runs").await;
    browser.choose("Setting", "Hidden units").await;
    browser.get("textbox", "Values").await.send_keys("30-5, 24, 20-10-10").await.unwrap();
    browser.click("button", "Start sweep").await;
    let stored = browser
        .stored_when(Duration::from_mins(1), |stored| {
            stored.runs.len() == 3 && stored.runs.iter().all(is_over)
        })
        .await;
    let units = |run: &Value| -> Vec<u64> {
        let layers = run["config"]["network"]["layers"].as_array().unwrap();
        layers.iter().filter_map(|layer| layer["units"].as_u64()).collect()
    };
    let trained: Vec<Vec<u64>> = stored.runs.iter().map(units).collect();
    assert_eq!(trained, [vec![30, 5, 10], vec![24, 10], vec![20, 10, 10, 10]]);
    let headings = browser
        .script("return [...document.querySelectorAll('table[aria-label=Runs] thead th')].map(cell => cell.textContent)")
        .await;
    let headings: Vec<String> = serde_json::from_value(headings).unwrap();
    assert!(headings.iter().any(|heading| heading.contains("Hidden units")), "{headings:?}");
    assert!(!headings.iter().any(|heading| heading.contains("Network")), "{headings:?}");
    browser.picture("runs-sweep-network").await;
    browser.close().await;
}

/// One tab trains a run; another one sees it grow, and may not train it.
#[tokio::test]
async fn another_tab_follows_a_run() {
    let browser = Browser::open(Options::default()).await;
    browser.fill_built_in("cpu", 6_000, 50).await;
    browser.fill("Workers", "1").await;
    browser.click("button", "Start training").await;
    browser.says("images/s", Duration::from_mins(1)).await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second).await.unwrap();
    browser.visit("runs").await;
    browser.says("running", SOON).await;
    let place = async || browser.run_rows().await[0].last().cloned().unwrap_or_default();
    let before = place().await;
    browser.text_changes_from(&before).await;
    let stored = browser.stored().await;
    browser.open_run(&name(&stored.runs[0])).await;
    assert!(!browser.has("button", "Resume").await && !browser.has("button", "Delete run").await);
    browser.client.close_window().await.unwrap();
    browser.client.switch_to_window(first).await.unwrap();
    browser.click("button", "Stop").await;
    browser.says("Stopped at step", SOON).await;
    browser.close().await;
}

impl Browser {
    /// Waits until the newest run has another state.
    async fn text_changes_from(&self, before: &str) {
        for _ in 0..100 {
            if self.run_rows().await.first().and_then(|row| row.last()).is_some_and(|state| state != before) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the other tab shows no progress: {before}");
    }
}

/// A database as the page of before runs left it: a model with its weights in its row, and a drawing.
#[tokio::test]
async fn a_database_of_an_older_version_loses_nothing() {
    let browser = Browser::open(Options::default()).await;
    let model = fs::read(tests::root().join("tests/models/fast-cnn.safetensors")).unwrap();
    // Any page of the site that does not open the database.
    browser.visit("icon.svg").await;
    let make = "const [bytes, card, done] = arguments;
        const open = indexedDB.open('inkling', 2);
        open.onupgradeneeded = () => ['models', 'drawings'].forEach(name => open.result.createObjectStore(name, {keyPath: 'id'}));
        open.onsuccess = () => {
            const write = open.result.transaction(['models', 'drawings'], 'readwrite');
            write.objectStore('models').put({id: '1-1', name: 'An old friend', savedMs: 1.7e12, card, file: new Uint8Array(bytes)});
            write.objectStore('drawings').put({id: '2-2', savedMs: 1.7e12, label: 7, read: 1, image: new Uint8Array(784),
                strokes: '[]', isHeldBack: false});
            write.oncomplete = () => { open.result.close(); done('made'); };
        };";
    let header = u64::from_le_bytes(model[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&model[8..8 + header]).unwrap();
    let card = header["__metadata__"]["inkling"].clone();
    let made = browser.client.execute_async(make, vec![json!(model), card]).await.unwrap();
    assert_eq!(made, json!("made"));
    browser.visit("models").await;
    browser.says("An old friend", SOON).await;
    browser.load("An old friend").await;
    browser.says("An old friend: Fast CNN 99.40 %", SOON).await;
    browser.visit("hand").await;
    browser.says("1 drawing", SOON).await;
    // Its weights stand beside its row now.
    let look = "const done = arguments[arguments.length - 1], open = indexedDB.open('inkling');
        open.onsuccess = () => {
            const read = open.result.transaction(['models', 'model-files']), row = read.objectStore('models').get('1-1'),
                file = read.objectStore('model-files').get('1-1');
            read.oncomplete = () => { open.result.close(); done([row.result.file === undefined, file.result.file.length]); };
        };";
    let found = browser.client.execute_async(look, Vec::new()).await.unwrap();
    assert_eq!(found, json!([true, model.len()]));
    browser.close().await;
}

/// A full disk: training goes on in memory, and the page says so.
#[tokio::test]
async fn a_full_storage_is_said_and_does_not_stop_a_run() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.says("Shipped model", SOON).await;
    let origin = browser.url.split("/inkling").next().unwrap().trim_end_matches('/').to_owned();
    browser
        .devtools("Storage.overrideQuotaForOrigin", &json!({ "origin": origin, "quotaSize": 1_000_000 }))
        .await;
    browser.fill_built_in("cpu", 2_000, 2).await;
    browser.choose("Model", "Workshop CNN").await;
    browser.fill("Epochs", "1").await;
    browser.fill("Workers", "1").await;
    browser.click("button", "Start training").await;
    let text = browser.says("The run goes on in memory", Duration::from_mins(1)).await;
    assert!(text.contains("The browser's storage failed"), "{text}");
    browser.says("Done: 1 epoch", Duration::from_mins(1)).await;
    browser.close().await;
}

/// A clock that is set back puts no new run below older ones, and loses none.
#[tokio::test]
async fn a_clock_set_back_loses_nothing() {
    let browser = Browser::open(Options {
        before: "if (sessionStorage.back) { const now = Date.now; Date.now = () => now() - 9e8; }",
        ..Options::default()
    })
    .await;
    browser.train_shortly(1, 640, 1).await;
    browser.script("sessionStorage.back = 'yes'").await;
    browser.train_shortly(2, 640, 1).await;
    browser.visit("runs").await;
    browser.says("Compare all", SOON).await;
    let stored = browser.stored_when(SOON, |stored| stored.runs.len() == 2).await;
    let newest = stored.runs.iter().find(|run| run["config"]["seed"] == 2).unwrap();
    assert_eq!(browser.run_rows().await[0][1], name(newest));
    browser.close().await;
}

/// In a window that nobody sees, and in a tab that the browser has frozen for longer than any worker may be silent, a run goes on
/// to the same bits.
#[tokio::test]
async fn a_hidden_and_a_frozen_tab_lose_nothing() {
    let browser = Browser::open(Options::default()).await;
    let start = async || {
        browser.fill_built_in("cpu", 6_000, 5).await;
        browser.fill("Workers", "1").await;
        browser.click("button", "Start training").await;
    };
    start().await;
    browser.stored_when(Duration::from_mins(2), all_over).await;
    start().await;
    browser.says("images/s", Duration::from_mins(1)).await;
    browser.client.minimize_window().await.unwrap();
    assert_eq!(browser.script("return document.visibilityState").await, json!("hidden"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    browser.devtools("Page.setWebLifecycleState", &json!({ "state": "frozen" })).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    browser.devtools("Page.setWebLifecycleState", &json!({ "state": "active" })).await;
    let stored = browser.stored_when(Duration::from_mins(2), all_over).await;
    assert_eq!(browser.script("return document.visibilityState").await, json!("hidden"));
    let [seen, hidden] = &stored.runs[..] else { panic!("{} runs", stored.runs.len()) };
    assert_eq!((&hidden["interruptions"], &hidden["is_exact"]), (&json!(0), &json!(true)));
    assert_eq!(stored.points[&id(seen)], stored.points[&id(hidden)], "another curve");
    let weights = |run: &Value| stored.weights[&format!("{}/last", id(run))].clone();
    assert_eq!(weights(seen), weights(hidden), "other weights");
    println!(
        "ms of training: {} in sight, {} out of sight and frozen for 20 s",
        seen["trained_ms"], hidden["trained_ms"]
    );
    browser.close().await;
}

/// With 500 runs kept and a sweep under way nothing takes the page longer than 50 ms.
#[tokio::test]
async fn five_hundred_runs_stay_fast() {
    let browser = Browser::open(Options { before: NOTE_LONG_TASKS, ..Options::default() }).await;
    browser.train_shortly(1, 640, 1).await;
    browser.stored_when(SOON, |stored| stored.runs.len() == 1 && is_over(&stored.runs[0])).await;
    browser.copy_run(0).await;
    browser.fill_built_in("cpu", 6_000, 3).await;
    browser.fill("Workers", "1").await;
    browser.click("link", "Runs").await;
    browser.says("of 501", SOON).await;
    browser.get("textbox", "Values").await.send_keys("0.01, 0.005, 0.002").await.unwrap();
    browser.click("button", "Start sweep").await;
    browser.says("running", Duration::from_mins(1)).await;
    browser.script("longTasks.length = 0").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    browser.click("button", "Test").await;
    browser.click("button", "Next runs").await;
    browser.get("searchbox", "Filter").await.send_keys("copy-4").await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let tasks = browser.script("return longTasks").await;
    let long_ms: Vec<f64> = tasks.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    println!("501 runs and a sweep under way; tasks above 50 ms: {long_ms:?}");
    // A busy machine takes the core away now and then.
    assert!(long_ms.len() <= 4 && long_ms.iter().all(|&ms| ms < 300.0), "{long_ms:?}");
    browser.picture("runs-500").await;
    browser.close().await;
}

/// Everything in one file, into an empty browser and back; a damaged file is refused as a whole.
#[tokio::test]
async fn a_backup_brings_everything_back() {
    const FULL: &str = "window.isFull = false;
        const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (...all) {
            if (isFull && ['model-files', 'run-weights'].includes(this.name)) throw new DOMException('made to fail', 'QuotaExceededError');
            return put.apply(this, all);
        };";
    let browser = Browser::open(Options::default()).await;
    browser.train_shortly(4, 640, 1).await;
    browser.click("button", "Save model").await;
    browser.says("Saved as", SOON).await;
    let stored = browser.stored_when(SOON, |stored| stored.runs.iter().all(is_over)).await;
    // So many objects that they are restored in several transactions.
    let drawings = "for (let n = 0; n < 100; n++) rows.put({id: `${n}`, file: new Uint8Array(1)});";
    browser.write_rows("drawings", drawings).await;
    browser.click("link", "Models").await;
    browser.click("button", "Back up everything").await;
    let file = browser.downloaded("inkling").await;
    let other = Browser::open(Options { before: FULL, ..Options::default() }).await;
    other.visit("models").await;
    other.says("Back up everything", SOON).await;
    let mut damaged = fs::read(&file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let broken = file.with_file_name("broken.inkling");
    fs::write(&broken, damaged).unwrap();
    other.give_named_file("Backup file", &broken).await;
    other.says("This backup is damaged or cut off. Nothing was restored.", SOON).await;
    assert!(other.stored().await.runs.is_empty());
    // What could not be restored at first is not taken for whole later.
    other.script("isFull = true").await;
    other.give_named_file("Backup file", &file).await;
    other.says("The browser's storage failed", SOON).await;
    other.script("isFull = false").await;
    other.give_named_file("Backup file", &file).await;
    other.text_when("status", "Backup", SOON, |text| text.starts_with("Restored ")).await;
    let restored = other.stored().await;
    assert_eq!(restored.runs, stored.runs);
    assert_eq!((&restored.points, &restored.weights), (&stored.points, &stored.weights));
    other.says("Fast CNN", SOON).await;
    other.give_named_file("Backup file", &file).await;
    other.text_when("status", "Backup", SOON, |text| text.starts_with("Restored 0 items")).await;
    assert_eq!(other.stored().await.runs.len(), 1, "a second restore doubles nothing");
    other.picture("models-backup").await;
    other.close().await;
    browser.close().await;
}

/// The model of the Draw page stays, whatever is trained; a run is drawn with when that is wanted.
#[tokio::test]
async fn training_leaves_the_drawing_model_alone() {
    let browser = Browser::open(Options::default()).await;
    browser.train_shortly(1, 1_280, 1).await;
    browser.says("Shipped model: Reader CNN", SOON).await;
    browser.click("button", "Use on Draw page").await;
    let stored = browser.stored_when(SOON, |stored| stored.runs.iter().all(is_over)).await;
    let own = format!("{}: Fast CNN", name(&stored.runs[0]));
    browser.says(&own, SOON).await;
    browser.visit("").await;
    browser.says(&own, SOON).await;
    browser.close().await;
}

/// A run leaves as it stands, with what its optimizer remembers.
#[tokio::test]
async fn a_run_leaves_with_its_optimizer() {
    let browser = Browser::open(Options::default()).await;
    browser.train_shortly(1, 1_280, 1).await;
    let stored = browser.stored_when(SOON, |stored| stored.runs.iter().all(is_over)).await;
    browser.visit("runs").await;
    browser.open_run(&name(&stored.runs[0])).await;
    browser.click("button", "Export for PyTorch").await;
    let zip = fs::File::open(browser.downloaded("zip").await).unwrap();
    let mut zip = zip::ZipArchive::new(zip).unwrap();
    let mut state = Vec::new();
    zip.by_name("optimizer.safetensors").unwrap().read_to_end(&mut state).unwrap();
    let tensors = SafeTensors::deserialize(&state).unwrap();
    assert_eq!(tensors.tensor("conv1.weight.exp_avg").unwrap().shape(), [24, 1, 5, 5]);
    // Twenty batches of 64.
    let (_, header) = SafeTensors::read_metadata(&state).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["steps"], "20");
    browser.close().await;
}
