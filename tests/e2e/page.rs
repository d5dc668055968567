//! The page as a person meets it: things found by role and accessible name.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fantoccini::{
    Locator,
    actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    elements::Element,
};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, out},
    kinds::Kind,
    webdriver::SessionCommand,
};

/// Strokes of a seven; places are -1 to 1 from the middle of the paper.
pub(crate) const SEVEN: &[&[(f64, f64)]] = &[&[(-0.4, -0.5), (0.4, -0.5), (0.1, 0.1), (-0.1, 0.6)]];
/// Has the page note in `longTasks` how many milliseconds each task of more than 50 took.
pub(crate) const NOTE_LONG_TASKS: &str = "window.longTasks = [];
    new PerformanceObserver(list => longTasks.push(...list.getEntries().map(entry => entry.duration)))
        .observe({entryTypes: ['longtask']});";
/// For what a person would see at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

impl Browser {
    /// Opens an address below the site's root, and waits until the page has taken the place of what stood there before.
    pub(crate) async fn visit(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.url)).await.unwrap();
        let start = Instant::now();
        while self.client.find(Locator::Css("#first")).await.is_ok() {
            assert!(start.elapsed() < SOON, "the page does not come:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Every element of this role and exact name that is there now.
    async fn all(&self, role: &str, name: &str) -> Vec<Element> {
        // A wide net; what counts is what the browser tells assistive software.
        let candidates = match role {
            "button" => "button, [role=button]",
            "link" => "a",
            "combobox" => "select",
            "spinbutton" | "textbox" | "searchbox" => "input",
            "slider" => "input, [role=slider]",
            "canvas" => "canvas",
            "image" => "[role=img]",
            "table" => "table",
            role => &format!("[role={role}]"),
        };
        let mut found = Vec::new();
        let elements = self.client.find_all(Locator::Css(candidates)).await.unwrap_or_default();
        if self.kind() == Kind::WebKit {
            // Its driver names lists and fields otherwise than the browser names them to assistive software.
            let script = "const one = arguments[0], label = one.labels?.[0];
                const text = one.getAttribute('aria-label') ?? (label?.querySelector('span') ?? label ?? one).textContent;
                return text.trim()";
            for element in elements {
                let own = vec![serde_json::to_value(&element).unwrap()];
                if self.client.execute(script, own).await.is_ok_and(|text| text == name) {
                    found.push(element);
                }
            }
            return found;
        }
        for element in elements {
            let id = element.element_id().to_string();
            let label = self.client.issue_cmd(SessionCommand::name(&id)).await;
            if label.is_ok_and(|label| label == name) {
                let computed = self.client.issue_cmd(SessionCommand::role(&id)).await;
                if computed.is_ok_and(|computed| role == "canvas" || computed == role) {
                    found.push(element);
                }
            }
        }
        found
    }

    /// The element of this role and name, as soon as there is one.
    #[track_caller]
    pub(crate) fn get<'a>(&'a self, role: &'a str, name: &'a str) -> impl Future<Output = Element> + 'a {
        let caller = core::panic::Location::caller();
        async move {
            let start = Instant::now();
            loop {
                if let Some(element) = self.all(role, name).await.into_iter().next() {
                    return element;
                }
                assert!(
                    start.elapsed() < SOON,
                    "{caller}: no {role} \"{name}\" on the page:\n{}",
                    self.text().await
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    pub(crate) async fn has(&self, role: &str, name: &str) -> bool {
        !self.all(role, name).await.is_empty()
    }

    /// Clicks, once the element stands still: what arrives meanwhile may move it away from under the pointer, or make another one.
    #[track_caller]
    pub(crate) fn click<'a>(&'a self, role: &'a str, name: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = core::panic::Location::caller();
        async move {
            let start = Instant::now();
            let mut before = None;
            loop {
                let element = self.get(role, name).await;
                let place = self.place(&element).await;
                if place.is_some() && place == before && element.click().await.is_ok() {
                    return;
                }
                before = place;
                assert!(start.elapsed() < SOON, "{caller}: {role} \"{name}\" cannot be clicked");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Where an element stands in the window, once it is scrolled to; none while something else lies over its middle.
    async fn place(&self, element: &Element) -> Option<Value> {
        let script = "const own = arguments[0];
            own.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'});
            const {x, y, width, height} = own.getBoundingClientRect();
            const there = document.elementFromPoint(x + width / 2, y + height / 2);
            return own.contains(there) ? [x, y] : null";
        let place = self.client.execute(script, vec![serde_json::to_value(element).ok()?]).await.ok()?;
        (!place.is_null()).then_some(place)
    }

    /// Chooses an option of a labelled list by what it says.
    pub(crate) async fn choose(&self, label: &str, option: &str) {
        self.get("combobox", label).await.select_by_label(option).await.unwrap();
    }

    /// Types into a labelled field of numbers in place of what it holds.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        self.replace("spinbutton", label, text).await;
    }

    /// Types into a labelled field of text in place of what it holds.
    pub(crate) async fn write_into(&self, label: &str, text: &str) {
        self.replace("textbox", label, text).await;
    }

    async fn replace(&self, role: &str, label: &str, text: &str) {
        let field = self.get(role, label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Everything that can be read on the page.
    pub(crate) async fn text(&self) -> String {
        let text = self.client.execute("return document.body.innerText", Vec::new()).await;
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The text of a region, once it is as wanted.
    #[track_caller]
    pub(crate) fn text_when<'a>(
        &'a self,
        role: &'a str,
        name: &'a str,
        limit: Duration,
        wanted: impl Fn(&str) -> bool + 'a,
    ) -> impl Future<Output = String> + 'a {
        let caller = core::panic::Location::caller();
        async move {
            let start = Instant::now();
            loop {
                let mut last = String::new();
                for element in self.all(role, name).await {
                    last = element.text().await.unwrap_or_default();
                    if wanted(&last) {
                        return last;
                    }
                }
                let page = if start.elapsed() < limit { String::new() } else { self.text().await };
                assert!(
                    start.elapsed() < limit,
                    "{caller}: {role} \"{name}\" says \"{last}\"; the page:\n{page}"
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Waits until the page says something anywhere.
    #[track_caller]
    pub(crate) fn says<'a>(&'a self, wanted: &'a str, limit: Duration) -> impl Future<Output = String> + 'a {
        let caller = core::panic::Location::caller();
        async move {
            let start = Instant::now();
            loop {
                let text = self.text().await;
                if text.contains(wanted) {
                    return text;
                }
                assert!(start.elapsed() < limit, "{caller}: \"{wanted}\" is not on the page:\n{text}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Draws strokes on the canvas with the pointer; places are -1 to 1 from its middle.
    pub(crate) async fn draw(&self, strokes: &[&[(f64, f64)]]) {
        let mut canvas = self.get("canvas", "Drawing canvas").await;
        let mut place = canvas.rectangle().await;
        // The page may just have taken the place of what stood in the HTML.
        if place.is_err() {
            canvas = self.get("canvas", "Drawing canvas").await;
            place = canvas.rectangle().await;
        }
        let (_, _, width, height) = place.unwrap();
        let mut pen = MouseActions::new("pen".into());
        for stroke in strokes {
            for (index, &(x, y)) in stroke.iter().enumerate() {
                let (x, y) = (0.5 * width * x, 0.5 * height * y);
                let duration = Some(Duration::from_millis(if index == 0 { 0 } else { 25 }));
                pen = pen.then(PointerAction::MoveToElement { element: canvas.clone(), duration, x, y });
                if index == 0 {
                    pen = pen.then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
                }
            }
            pen = pen.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        }
        self.client.perform_actions(pen).await.unwrap();
    }

    /// Waits for the digit that the page reads.
    #[track_caller]
    pub(crate) fn reads(&self, digit: char) -> impl Future<Output = String> + '_ {
        self.text_when("status", "Prediction", SOON, move |text| text.starts_with(digit))
    }

    /// Gives a file to the page's only file field.
    pub(crate) async fn give_file(&self, path: &Path) {
        // The page may still be building itself.
        let field =
            self.client.wait().at_most(SOON).for_element(Locator::Css("input[type=file]")).await.unwrap();
        field.send_keys(&path.to_string_lossy()).await.unwrap();
    }

    /// Gives a file to the file field of this name.
    pub(crate) async fn give_named_file(&self, name: &str, path: &Path) {
        let css = format!("input[type=file][aria-label=\"{name}\"]");
        let field = self.client.wait().at_most(SOON).for_element(Locator::Css(&css)).await.unwrap();
        field.send_keys(&path.to_string_lossy()).await.unwrap();
    }

    /// Gives the only model that is kept another name, as a person who types over the old one.
    pub(crate) async fn rename(&self, name: &str) {
        self.click("button", "Rename").await;
        let field = self.get("textbox", "New name").await;
        // All that is there, selected and typed over.
        field.send_keys(&format!("\u{e009}a\u{e000}{name}\u{e007}")).await.unwrap();
        self.says(name, SOON).await;
    }

    /// Loads the model whose name starts like this.
    pub(crate) async fn load(&self, name: &str) {
        let script = format!(
            "const item = [...document.querySelectorAll('li.model')].find(item => item.getAttribute('aria-label').startsWith('{name}'));
             [...item.querySelectorAll('button')].find(button => button.textContent.startsWith('Load')).click();"
        );
        self.script(&script).await;
    }

    /// The newest finished download that ends so.
    pub(crate) async fn downloaded(&self, ending: &str) -> PathBuf {
        let start = Instant::now();
        loop {
            let entries = fs::read_dir(&self.downloads).unwrap().map(|entry| entry.unwrap().path());
            // Firefox keeps a name with an empty file while it writes another.
            let is_whole = |path: &PathBuf| {
                path.extension().is_some_and(|found| found == ending)
                    && fs::metadata(path).is_ok_and(|file| file.len() > 0)
            };
            if let Some(path) = entries.filter(is_whole).max() {
                return path;
            }
            assert!(start.elapsed() < SOON, "nothing was downloaded:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs a script with `rows`, a store of the page's database that is open for writing.
    pub(crate) async fn write_rows(&self, store: &str, script: &str) {
        let write = format!(
            "const done = arguments[0], open = indexedDB.open('inkling');
            open.onsuccess = () => {{
                const write = open.result.transaction('{store}', 'readwrite'), rows = write.objectStore('{store}');
                {script}
                write.oncomplete = () => {{ open.result.close(); done('written'); }};
            }};"
        );
        assert_eq!(self.client.execute_async(&write, Vec::new()).await.unwrap(), "written");
    }

    /// What stands in the text fields of these names.
    pub(crate) async fn values(&self, names: &[&str]) -> Vec<String> {
        let script = "return arguments[0].map(name => [...document.querySelectorAll('input')]
            .find(own => (own.ariaLabel ?? own.closest('label')?.textContent.trim()) === name)?.value)";
        let values = self.client.execute(script, vec![json!(names)]).await.unwrap();
        serde_json::from_value(values).unwrap()
    }

    /// The result of a script in the page.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Leaves a picture of the page among the test's results.
    pub(crate) async fn picture(&self, name: &str) {
        fs::write(out().join(format!("{name}.png")), self.client.screenshot().await.unwrap()).unwrap();
    }

    /// Fills the Train page for a short run on the built-in digits and begins it.
    pub(crate) async fn start_built_in(&self, device: &str, images: u32, epochs: u32) {
        self.fill_built_in(device, images, epochs).await;
        self.click("button", "Start training").await;
    }

    /// Fills the Train page for a short run on the built-in digits.
    pub(crate) async fn fill_built_in(&self, device: &str, images: u32, epochs: u32) {
        self.visit(&format!("train?device={device}&seed=7")).await;
        self.choose("Data", "Built-in digits").await;
        self.choose("Augmentation", "none: images as they are").await;
        self.fill("Built-in digits", &images.to_string()).await;
        self.fill("Epochs", &epochs.to_string()).await;
    }

    /// Loss after each of the newest steps, from the page's own table.
    pub(crate) async fn losses(&self) -> Vec<f64> {
        let script = "return [...document.querySelectorAll('table[aria-label=\"Newest steps\"] tbody tr')]
            .map(row => Number(row.cells[1].textContent))";
        let losses = self.script(script).await;
        losses.as_array().unwrap().iter().filter_map(Value::as_f64).collect()
    }
}
