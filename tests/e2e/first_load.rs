//! How much must arrive before the first digit is read, and how long that takes on a slow line.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    browser::{Browser, Options},
    kinds::Kind,
};

/// At most so much by brotli before the first prediction.
const MOST_KIB: f64 = 450.0;

/// Draws a line as soon as there is a canvas, notes when ink and the first bar are there, and what was loaded until then.
const WATCH: &str = "
    window.longTasks = [];
    new PerformanceObserver(list => longTasks.push(...list.getEntries().map(entry => entry.duration))).observe({type: 'longtask', buffered: true});
    const since = setInterval(() => {
        const canvas = document.querySelector('canvas.paper');
        if (!canvas) return;
        window.canvasMs ??= performance.now();
        const {left, top, width, height} = canvas.getBoundingClientRect();
        const send = (name, y) => canvas.dispatchEvent(new PointerEvent(name, {pointerId: 1, button: 0, buttons: 1, bubbles: true, clientX: left + width / 2, clientY: top + height * y}));
        if (!window.inkMs) {
            send('pointerdown', 0.2);
            for (let y = 0.25; y < 0.8; y += 0.05) send('pointerrawupdate', y);
            send('pointerup', 0.8);
            const blank = !canvas.width || !canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3];
            if (!blank) window.inkMs = performance.now();
        }
        const answer = document.querySelector('.answer strong');
        if (answer) {
            window.firstMs = performance.now();
            window.firstRead = answer.textContent;
            window.loaded = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
                .filter(entry => entry.responseEnd > 0 && entry.responseEnd <= firstMs).map(entry => [entry.name.split('/').pop(), entry.encodedBodySize]);
            clearInterval(since);
        }
    }, 10);";

#[tokio::test]
async fn the_first_digit_is_read_before_the_page_has_arrived() {
    let browser = Browser::open(Options {
        before: WATCH,
        window: Some((390, 740)),
        kind: Kind::Chromium,
        ..Options::default()
    })
    .await;
    // A slow phone on a slow line.
    browser.devtools("Network.enable", &json!({})).await;
    let line = json!({ "offline": false, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750 });
    browser.devtools("Network.emulateNetworkConditions", &line).await;
    browser.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": 4 })).await;
    browser.client.goto(&browser.url).await.unwrap();
    let start = std::time::Instant::now();
    while browser.script("return window.firstMs ?? 0").await.as_f64() == Some(0.0) {
        assert!(start.elapsed() < Duration::from_mins(1), "nothing was read:\n{}", browser.text().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let loaded = browser.script("return loaded").await;
    let kib: f64 =
        loaded.as_array().unwrap().iter().filter_map(|entry| entry[1].as_f64()).sum::<f64>() / 1024.0;
    let times = browser.script("return [canvasMs, inkMs, firstMs, firstRead, performance.getEntriesByName('first-contentful-paint')[0]?.startTime]").await;
    println!(
        "slow line, slow phone: canvas, ink, first answer in ms, answer, first paint: {times}; {kib:.0} KiB: {loaded}"
    );
    browser.picture("first-load").await;
    assert!(kib <= MOST_KIB, "{kib:.0} KiB: {loaded}");
    assert_eq!(times[3], "1");
    // The page takes over what was drawn.
    while browser.client.find(fantoccini::Locator::Css("#first")).await.is_ok() {
        assert!(start.elapsed() < Duration::from_mins(2), "the page does not come");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    browser.reads('1').await;
    browser.says("99.68", Duration::from_mins(2)).await;
    browser.reads('1').await;
    let tasks = browser.script("return longTasks").await;
    let tasks: Vec<f64> = tasks.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    println!("tasks above 50 ms on the main thread, at a fourth of the speed, in ms: {tasks:.0?}");
    browser.picture("first-load-page").await;
    browser.close().await;
}

/// What stands in the HTML looks as what takes its place: nothing jumps.
#[tokio::test]
async fn nothing_moves_when_the_page_takes_over() {
    const PLACES: &str = "
        const places = () => Object.fromEntries(['canvas.paper', '.input .buttons', '.recognition', '.answer', '.bars', '.correct', '.network-input', '.top'].map(
            css => { const {left, top, width, height} = document.querySelector(css)?.getBoundingClientRect() ?? {}; return [css, [left, top, width, height].map(Math.round)]; }));
        new MutationObserver(() => { if (document.querySelector('#first .network-input')) window.before = places(); }).observe(document, {childList: true, subtree: true});
        window.places = places;";
    for window in [(1280, 900), (390, 740)] {
        let browser =
            Browser::open(Options { before: PLACES, window: Some(window), ..Options::default() }).await;
        browser.visit("").await;
        browser.says("99.68", Duration::from_mins(1)).await;
        let (before, after) =
            (browser.script("return before").await, browser.script("return places()").await);
        for (css, place) in before.as_object().unwrap() {
            for (index, what) in ["left", "top", "width", "height"].iter().enumerate() {
                let (one, other) = (place[index].as_f64().unwrap(), after[css][index].as_f64().unwrap());
                // The state in the header is longer on the page.
                assert!((one - other).abs() <= 1.0, "{window:?}: {what} of {css} was {one} and is {other}");
            }
        }
        browser.close().await;
    }
}
