//! What fits, and what can be reached.

use std::{env, fs, time::Duration};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, Options},
    page::{SEVEN, SOON},
};

/// What can be pressed or filled in, and has something else over its middle.
const COVERED: &str =
    "const all = document.querySelectorAll('main button, main a, main select, main input:not([type=file])');
    const covered = [...all].filter(own => own.checkVisibility()).filter(own => {
        own.scrollIntoView({ block: 'center' });
        const { left, top, width, height } = own.getBoundingClientRect();
        const over = width && document.elementFromPoint(left + width / 2, top + height / 2);
        // A notice can be dismissed.
        return over && !own.contains(over) && !over.contains(own) && !over.closest('.notices');
    });
    scrollTo(0, 0);
    return covered.map(own => own.ariaLabel ?? own.textContent)";

#[tokio::test]
async fn pages_fit_from_a_phone_to_a_desk() {
    for (width, height) in [(360, 740), (768, 1024), (1440, 900)] {
        let browser = Browser::open(Options { window: Some((width, height)), ..Options::default() }).await;
        // With a run that is kept the pages hold more.
        browser.start_built_in("cpu", 640, 1).await;
        browser.says("Done: 1 epoch", Duration::from_mins(1)).await;
        browser.click("button", "Save model").await;
        browser.get("button", "Use the previous model").await;
        let height = "return document.querySelector('.notice').offsetHeight";
        let height_px = browser.script(height).await.as_f64().unwrap();
        assert!(height_px < 200.0, "a message takes {height_px} px of a screen {width} px wide");
        browser.click("button", "Use the previous model").await;
        for scheme in ["light", "dark"] {
            let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            browser.devtools("Emulation.setEmulatedMedia", &feature).await;
            for (path, name) in [
                ("", "draw"),
                ("train", "train"),
                ("runs", "runs"),
                ("data", "data"),
                ("hand", "hand"),
                ("models", "models"),
                ("learn", "learn"),
                ("about", "about"),
            ] {
                browser.visit(path).await;
                browser.says("Shipped model: Reader CNN", SOON).await;
                let covered = browser.script(COVERED).await;
                assert_eq!(covered, json!([]), "{name} at {width} px: something lies over these");
                if name == "draw" {
                    browser.draw(SEVEN).await;
                    browser.reads('7').await;
                    let apart = "const [buttons, answer] = ['.input .buttons button:last-of-type', '.answer strong']
                        .map(own => document.querySelector(own).getBoundingClientRect());
                        return buttons.right <= answer.left || buttons.bottom <= answer.top || answer.bottom <= buttons.top";
                    assert_eq!(browser.script(apart).await, true, "buttons and answer overlap at {width} px");
                }
                if name == "models" {
                    browser
                        .script(
                            "for (const own of document.querySelectorAll('.model details')) own.open = true",
                        )
                        .await;
                    browser.get("table", "Layers").await;
                }
                let overflow =
                    browser.script("return document.documentElement.scrollWidth - innerWidth").await;
                assert!(
                    overflow.as_i64().is_some_and(|pixels| pixels <= 0),
                    "{name} at {width} px: {overflow} px too wide"
                );
                browser.picture(&format!("{name}-{width}-{scheme}")).await;
            }
        }
        browser.close().await;
    }
}

/// axe-core finds no barrier on any page, light and dark, on a phone and on a desk.
#[tokio::test]
async fn assistive_software_meets_no_barrier() {
    let Ok(script) = env::var("INKLING_AXE") else { return println!("INKLING_AXE is not set: skipped") };
    let script = fs::read_to_string(script).unwrap();
    for window in [(360, 740), (1440, 900)] {
        let browser = Browser::open(Options { window: Some(window), ..Options::default() }).await;
        for scheme in ["light", "dark"] {
            let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            browser.devtools("Emulation.setEmulatedMedia", &feature).await;
            for path in ["", "train", "runs", "data", "hand", "models", "learn", "about"] {
                if path == "train" {
                    browser.start_built_in("cpu", 640, 1).await;
                    browser.says("Done: 1 epoch", Duration::from_mins(1)).await;
                    let open = "document.querySelectorAll('details').forEach(details => details.open = true);
                        document.querySelectorAll('.layers .layer')[1].click()";
                    browser.script(open).await;
                } else {
                    browser.visit(path).await;
                }
                browser.script(&script).await;
                let run = "const done = arguments[arguments.length - 1];
                    axe.run().then(found => done(found.violations.map(
                        one => one.id + ' at ' + one.nodes.map(node => node.target.join(' ')).join(', '))))";
                let found = browser.client.execute_async(run, Vec::new()).await.unwrap();
                assert_eq!(found, json!([]), "\"{path}\", {window:?}, {scheme}");
            }
        }
        browser.close().await;
    }
}

/// Everything that can be clicked can be reached by Tab, and shows that it is.
#[tokio::test]
async fn the_page_can_be_used_with_the_keyboard_alone() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=cpu").await;
    browser.get("button", "Start training").await;
    let mut reached = Vec::new();
    for _ in 0..24 {
        let body = browser.client.active_element().await.unwrap();
        body.send_keys("\u{e004}").await.unwrap();
        let script = "const element = document.activeElement; const style = getComputedStyle(element);
            return [element.textContent.trim() || element.closest('label')?.textContent, parseFloat(style.outlineWidth)]";
        let focus = browser.script(script).await;
        if let (Some(name), Some(outline)) = (focus[0].as_str(), focus[1].as_f64()) {
            assert!(outline >= 2.0, "the focus on \"{name}\" cannot be seen");
            reached.push(name.to_owned());
        }
    }
    for wanted in ["Draw", "Train", "Models", "Start training"] {
        assert!(reached.iter().any(|name| name == wanted), "\"{wanted}\" is not reached: {reached:?}");
    }
    browser.close().await;
}

/// From the first stroke to an exported model, without a mouse.
#[tokio::test]
async fn one_path_through_all_of_it_by_keyboard_alone() {
    const TAB: &str = "\u{e004}";
    const ENTER: &str = "\u{e007}";
    let browser = Browser::open(Options::default()).await;
    browser.visit("?device=cpu").await;
    browser.says("Shipped model: Reader CNN", SOON).await;
    browser.tab_to("Drawing canvas").await;
    browser.type_keys(&format!("{} {} ", "\u{e013}".repeat(9), "\u{e015}".repeat(18))).await;
    browser.text_when("status", "Announcements", SOON, |text| text.starts_with("Looks like 1")).await;
    browser.script("document.querySelector('nav a').focus()").await;
    browser.tab_to("Train").await;
    browser.type_keys(ENTER).await;
    browser.get("button", "Start training").await;
    // The link of this name, then the list.
    browser.tab_to("Data").await;
    browser.type_keys(TAB).await;
    browser.tab_to("Data").await;
    browser.type_keys("Built-in").await;
    browser.tab_to("Built-in digits").await;
    browser.type_keys("\u{e009}a\u{e000}2000").await;
    browser.script("document.querySelector('nav a').focus()").await;
    browser.tab_to("Start training").await;
    browser.type_keys(ENTER).await;
    browser.says("Done: 1 epoch", Duration::from_mins(2)).await;
    browser.text_when("status", "Announcements", SOON, |text| text.starts_with("Training has ended")).await;
    browser.script("document.querySelector('nav a').focus()").await;
    browser.tab_to("Save model").await;
    browser.type_keys(ENTER).await;
    browser.says("Saved as", SOON).await;
    browser.script("document.querySelector('nav a').focus()").await;
    browser.tab_to("Models").await;
    browser.type_keys(ENTER).await;
    browser.get("button", "Export").await;
    browser.tab_to("Export").await;
    browser.type_keys(ENTER).await;
    browser.downloaded("safetensors").await;
    browser.close().await;
}

/// The reader's own text size and colours, a window zoomed to 400 %, and no motion where none is wanted.
#[tokio::test]
async fn pages_bend_to_their_reader() {
    let browser = Browser::open(Options::default()).await;
    let pages = ["", "train", "runs", "data", "hand", "models", "learn", "about"];
    // 1280 x 1024 at 400 %.
    let metrics = json!({ "width": 320, "height": 256, "deviceScaleFactor": 4, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
    for path in pages {
        browser.fits(path, "at 400 %").await;
    }
    let metrics = json!({ "width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
    for path in pages {
        browser.visit(path).await;
        browser.script("document.documentElement.style.fontSize = '200%'").await;
        browser.fits_now(path, "with text of 200 %").await;
        browser.picture(&format!("large-text-{path}")).await;
    }
    let features = json!([
        { "name": "forced-colors", "value": "active" },
        { "name": "prefers-reduced-motion", "value": "reduce" },
    ]);
    browser.devtools("Emulation.setEmulatedMedia", &json!({ "features": features })).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.picture("forced-colours").await;
    let look = "const fill = document.querySelector('.bar.best .fill');
        return [getComputedStyle(fill).backgroundColor !== getComputedStyle(fill.parentElement).backgroundColor,
            getComputedStyle(fill).transitionDuration]";
    assert_eq!(browser.script(look).await, json!([true, "0s"]));
    browser.close().await;
}

impl Browser {
    async fn fits(&self, path: &str, how: &str) {
        self.visit(path).await;
        self.fits_now(path, how).await;
    }

    /// Checks that nobody has to scroll sideways.
    async fn fits_now(&self, path: &str, how: &str) {
        self.get("link", "Learn").await;
        let overflow = self.script("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(
            overflow.as_i64().is_some_and(|pixels| pixels <= 0),
            "\"{path}\" {how}: {overflow} px too wide"
        );
    }
}

/// Names that tests and assistive software rely on.
#[tokio::test]
async fn names_are_stable() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    for (role, name) in [
        ("canvas", "Drawing canvas"),
        ("status", "Prediction"),
        ("button", "Clear"),
        ("button", "Undo"),
        ("link", "Draw"),
        ("link", "Train"),
        ("link", "Models"),
    ] {
        assert!(browser.get(role, name).await.is_displayed().await.unwrap(), "{role} \"{name}\"");
    }
    browser.click("link", "Train").await;
    browser.get("progressbar", "Training progress").await;
    browser.get("button", "Start training").await;
    browser.click("link", "Models").await;
    browser.get("button", "Import").await;
    browser.get("button", "Export").await;
    assert!(!browser.has("button", "Save model").await, "there is nothing to save yet");
    let title = browser.script("return document.documentElement.lang").await;
    assert_eq!(title, Value::from("en"));
    browser.close().await;
}

/// An address that does not exist, and links that must lead back into the site from there.
#[tokio::test]
async fn a_wrong_address_is_said_to_be_one() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("nothing").await;
    browser.says("There is nothing at this address.", SOON).await;
    for (link, found) in [("Models", "Import"), ("Train", "Start training"), ("Draw", "Clear")] {
        browser.click("link", link).await;
        browser.get("button", found).await;
        let current =
            browser.script("return document.querySelector('nav [aria-current=page]').textContent").await;
        assert_eq!(current, Value::from(link));
        browser.client.refresh().await.unwrap();
        browser.get("button", found).await;
    }
    browser.close().await;
}
