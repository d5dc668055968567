//! Drawing and reading.

use serde_json::Value;

use crate::{
    browser::{Browser, Options},
    page::{SEVEN, SOON},
};

const ONE: &[&[(f64, f64)]] = &[&[(0.6, -0.9), (0.58, -0.6), (0.55, -0.4)]];
const FOUR: &[&[(f64, f64)]] = &[&[(-0.3, -0.6), (-0.45, 0.05), (0.4, 0.05)], &[(0.2, -0.5), (0.15, 0.7)]];
const THREE: &[&[(f64, f64)]] =
    &[&[(-0.3, -0.5), (0.0, -0.65), (0.25, -0.4), (0.0, -0.05), (0.3, 0.25), (0.0, 0.6), (-0.35, 0.45)]];

#[tokio::test]
async fn a_drawn_digit_is_read_wherever_and_however_large_it_is() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    for (strokes, digit) in [(SEVEN, '7'), (ONE, '1'), (FOUR, '4'), (THREE, '3')] {
        browser.draw(strokes).await;
        browser.reads(digit).await;
        browser.picture(&format!("draw-{digit}")).await;
        browser.click("button", "Clear").await;
        browser.reads('D').await;
    }
    browser.close().await;
}

#[tokio::test]
async fn what_is_no_digit_is_asked_about() {
    const SCRIBBLE: &[&[(f64, f64)]] = &[&[
        (-0.7, -0.6),
        (0.6, 0.5),
        (-0.5, 0.6),
        (0.7, -0.5),
        (-0.1, 0.7),
        (-0.7, 0.0),
        (0.7, 0.1),
        (0.0, -0.7),
        (0.5, 0.7),
        (-0.6, -0.2),
    ]];
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(SCRIBBLE).await;
    let answer = browser.text_when("status", "Prediction", SOON, |text| text.starts_with('N')).await;
    assert!(answer.starts_with("Not a digit?") && answer.contains("Most like"), "{answer}");
    browser.picture("draw-scribble").await;
    browser.close().await;
}

#[tokio::test]
async fn undo_takes_back_a_stroke_and_keys_do_what_buttons_do() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(FOUR).await;
    browser.reads('4').await;
    browser.click("button", "Undo").await;
    let left =
        browser.script("return document.querySelector('[aria-label=\"Prediction\"]').textContent").await;
    browser.click("button", "Undo").await;
    browser.reads('D').await;
    let left = left.as_str().unwrap_or_default();
    assert!(!left.starts_with("Draw"), "the first stroke went with the second");
    let key = |key: &str| format!("window.dispatchEvent(new KeyboardEvent('keydown', {key}))");
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.script(&key("{key: 'z', ctrlKey: true}")).await;
    browser.reads('D').await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.script(&key("{key: 'Delete'}")).await;
    browser.reads('D').await;
    browser.close().await;
}

/// Time from a pointer event to the bars that show it: the page notes it in the browser's own timeline.
#[tokio::test]
async fn bars_follow_the_pen_within_a_frame() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    // What reads before the worker has loaded does so on the main thread; and two cores are few while the site is copied.
    browser.says("99.68", SOON).await;
    browser.script("return navigator.serviceWorker.ready.then(() => true)").await;
    browser.script("performance.clearMeasures()").await;
    // A spiral of many short moves, as a hand makes them.
    let spiral: Vec<(f64, f64)> = (0..60)
        .map(|step| 0.2 * f64::from(step))
        .map(|angle| (0.05 * angle * angle.cos(), 0.05 * angle * angle.sin()))
        .collect();
    for _ in 0..3 {
        browser.draw(&[&spiral]).await;
        browser.click("button", "Clear").await;
    }
    let times = browser
        .script("return performance.getEntriesByName('ink-to-bars').map(entry => entry.duration)")
        .await;
    let mut times: Vec<f64> = times.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
    println!(
        "{} pointer events in the bars: median {:.1} ms, 95 % within {:.1} ms",
        times.len(),
        at(0.5),
        at(0.95)
    );
    assert!(times.len() > 100, "only {} events were noted", times.len());
    assert!(at(0.95) <= 16.0, "95 % took up to {:.1} ms", at(0.95));
    browser.close().await;
}
