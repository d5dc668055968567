//! Every way in which ink comes onto the paper: pens, fingers, mice and keys, on screens of every kind.

use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Options},
    page::{SEVEN, SOON},
};

/// What the browser's own input, as from a device, can do.
impl Browser {
    /// Places in the window of places from -1 to 1 around the paper's middle.
    async fn places(&self, stroke: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let script = "const {left, top, width, height} = document.querySelector('canvas.paper').getBoundingClientRect();
            return [left, top, width, height]";
        let bounds = self.script(script).await;
        let [left, top, width, height] = [0, 1, 2, 3].map(|index| bounds[index].as_f64().unwrap());
        stroke.iter().map(|(x, y)| (left + width * (0.5 + 0.5 * x), top + height * (0.5 + 0.5 * y))).collect()
    }

    async fn mouse(&self, kind: &str, (x, y): (f64, f64), pointer: &str) {
        let event = json!({
            "type": kind, "x": x, "y": y, "button": "left", "buttons": i32::from(kind != "mouseReleased"),
            "clickCount": 1, "pointerType": pointer, "force": 0.0,
        });
        self.devtools("Input.dispatchMouseEvent", &event).await;
    }

    /// Draws one stroke with a mouse or a pen; a pen's pressure is 0 throughout.
    async fn stroke(&self, pointer: &str, stroke: &[(f64, f64)]) {
        let places = self.places(stroke).await;
        self.mouse("mousePressed", places[0], pointer).await;
        for &place in &places[1..] {
            self.mouse("mouseMoved", place, pointer).await;
        }
        self.mouse("mouseReleased", places[places.len() - 1], pointer).await;
    }

    /// Fingers on the glass: their places, each with a number.
    async fn fingers(&self, kind: &str, fingers: &[(u32, (f64, f64))]) {
        let points: Vec<Value> =
            fingers.iter().map(|(id, (x, y))| json!({ "id": id, "x": x, "y": y })).collect();
        self.devtools("Input.dispatchTouchEvent", &json!({ "type": kind, "touchPoints": points })).await;
    }

    /// The drawing's strokes, as the page's own undo tells them.
    async fn strokes(&self) -> u32 {
        let mut strokes = 0;
        while !self
            .get("button", "Undo")
            .await
            .attr("disabled")
            .await
            .unwrap()
            .is_some_and(|is| is == "true" || is.is_empty())
        {
            self.click("button", "Undo").await;
            strokes += 1;
        }
        strokes
    }

    async fn clear_paper(&self) {
        self.click("button", "Clear").await;
        self.says("Draw a digit or a number", SOON).await;
    }
}

#[tokio::test]
async fn a_pen_without_pressure_and_a_finger_draw() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.stroke("pen", SEVEN[0]).await;
    browser.reads('7').await;
    browser.clear_paper().await;
    let places = browser.places(SEVEN[0]).await;
    browser.fingers("touchStart", &[(1, places[0])]).await;
    for &place in &places[1..] {
        browser.fingers("touchMove", &[(1, place)]).await;
    }
    browser.fingers("touchEnd", &[]).await;
    // A finger may not follow a pen at once: that is the hand that holds it.
    if !browser.text().await.contains("Draw a digit or a number") {
        browser.reads('7').await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_second_finger_and_a_cancelled_touch_leave_a_clean_stroke() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    let places = browser.places(SEVEN[0]).await;
    let other = (places[0].0 + 20.0, places[0].1 + 90.0);
    browser.fingers("touchStart", &[(1, places[0])]).await;
    browser.fingers("touchMove", &[(1, places[1])]).await;
    browser.fingers("touchStart", &[(1, places[1]), (2, other)]).await;
    browser.fingers("touchMove", &[(1, places[2]), (2, (other.0 + 50.0, other.1))]).await;
    browser.fingers("touchMove", &[(1, places[3]), (2, other)]).await;
    browser.fingers("touchEnd", &[]).await;
    browser.reads('7').await;
    assert_eq!(browser.strokes().await, 1, "the second finger drew");

    // The system takes the touch away in the midst of a stroke: what was drawn stays, and the next stroke is another one.
    browser.fingers("touchStart", &[(1, places[0])]).await;
    browser.fingers("touchMove", &[(1, places[1])]).await;
    browser.fingers("touchCancel", &[]).await;
    browser.fingers("touchStart", &[(2, places[1])]).await;
    browser.fingers("touchMove", &[(2, places[2])]).await;
    browser.fingers("touchMove", &[(2, places[3])]).await;
    browser.fingers("touchEnd", &[]).await;
    browser.reads('7').await;
    assert_eq!(browser.strokes().await, 2);
    browser.close().await;
}

#[tokio::test]
async fn a_palm_leaves_no_ink_beside_a_pen() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    let (places, palm) = (browser.places(SEVEN[0]).await, browser.places(&[(0.5, 0.8), (0.5, 0.7)]).await);
    // The hand comes down first.
    browser.fingers("touchStart", &[(1, palm[0])]).await;
    browser.fingers("touchMove", &[(1, palm[1])]).await;
    browser.mouse("mousePressed", places[0], "pen").await;
    for &place in &places[1..] {
        browser.mouse("mouseMoved", place, "pen").await;
    }
    browser.mouse("mouseReleased", places[3], "pen").await;
    browser.fingers("touchEnd", &[]).await;
    browser.reads('7').await;
    assert_eq!(browser.strokes().await, 1, "the palm drew");
    browser.close().await;
}

/// Draws a seven with the mouse in a window of so many CSS pixels, each so many pixels of the screen wide.
async fn check(browser: &Browser, (width, height): (u32, u32), ratio: f64) {
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": ratio, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
    browser.visit("").await;
    // As far as there is something to scroll.
    browser.script("window.scrollTo(0, 30)").await;
    browser.stroke("mouse", SEVEN[0]).await;
    browser.reads('7').await;
    let pixels = browser
        .script(
            "const canvas = document.querySelector('canvas.paper'); return canvas.width / canvas.clientWidth",
        )
        .await;
    let pixels = pixels.as_f64().unwrap();
    assert!((pixels - ratio).abs() < 0.02, "{width} x {height}: {pixels} pixels, not {ratio}");
}

#[tokio::test]
async fn ink_is_where_the_pen_is_at_every_zoom() {
    let browser = Browser::open(Options::default()).await;
    // A window of 1280 x 900 at 50 to 400 %, then phones with 2 and 3 pixels for each of CSS's.
    for zoom in [0.5, 0.75, 1.0, 1.5, 2.0, 4.0] {
        check(&browser, ((1280.0 / zoom) as u32, (900.0 / zoom) as u32), zoom).await;
    }
    check(&browser, (360, 740), 2.0).await;
    check(&browser, (390, 640), 3.0).await;
    browser.close().await;
}

#[tokio::test]
async fn a_stroke_may_leave_the_paper_and_come_back() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    // The upper bar of a seven goes over the edge.
    browser
        .stroke("mouse", &[(-0.4, -0.5), (0.7, -0.5), (1.15, -0.48), (0.6, -0.4), (0.1, 0.2), (-0.1, 0.7)])
        .await;
    browser.reads('7').await;
    assert_eq!(browser.strokes().await, 1);
    // A button that was let go elsewhere ends its stroke: the pointer alone draws nothing.
    let places = browser.places(SEVEN[0]).await;
    browser.mouse("mousePressed", places[0], "mouse").await;
    browser.mouse("mouseMoved", places[1], "mouse").await;
    browser.mouse("mouseReleased", (1.0, 1.0), "mouse").await;
    browser
        .devtools(
            "Input.dispatchMouseEvent",
            &json!({ "type": "mouseMoved", "x": places[3].0, "y": places[3].1, "buttons": 0 }),
        )
        .await;
    browser.stroke("mouse", &SEVEN[0][1..]).await;
    browser.reads('7').await;
    assert_eq!(browser.strokes().await, 2);
    browser.close().await;
}

#[tokio::test]
async fn a_digit_is_drawn_by_keys_and_another_is_shown() {
    const RIGHT: char = '\u{e014}';
    const DOWN: char = '\u{e015}';
    const UP: char = '\u{e013}';
    // The same digit each time.
    let before = "Math.random = () => 0;";
    let browser = Browser::open(Options { before, ..Options::default() }).await;
    browser.visit("").await;
    browser.script("document.querySelector('canvas.paper').focus()").await;
    let keys = [UP; 9].into_iter().chain([' ']).chain([DOWN; 18]).chain([' ', '?']);
    let mut actions = KeyActions::new("keys".into());
    for key in keys {
        actions = actions.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
    }
    browser.client.perform_actions(actions).await.unwrap();
    browser.reads('1').await;
    browser
        .text_when("status", "Announcements", SOON, |text| text == "Column 15 of 28, row 24 of 28, pen up")
        .await;
    browser.picture("drawn-by-keys").await;
    // One cell, taken back.
    let mut actions = KeyActions::new("keys".into());
    for key in [RIGHT, '\u{e007}', '\u{e003}'] {
        actions = actions.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
    }
    browser.client.perform_actions(actions).await.unwrap();
    browser.reads('1').await;
    browser.click("button", "Clear").await;

    browser.choose("Digit to show", "0").await;
    browser.click("button", "Show").await;
    browser.get("canvas", "Picture").await;
    browser.picture("shown-digit").await;
    browser.text_when("status", "Prediction", Duration::from_mins(1), |text| text.starts_with('0')).await;
    browser.close().await;
}
