//! The Draw page as it stands in `index.html`.

use recognition::{InWords, RecognizedNumber};
use wasm_bindgen::JsCast as _;
use web_sys::{Document, Element, HtmlButtonElement, HtmlCanvasElement, HtmlElement};

/// Its elements.
pub(crate) struct Standing {
    pub(crate) canvas: HtmlCanvasElement,
    pub(crate) undo: HtmlButtonElement,
    pub(crate) clear: HtmlButtonElement,
    answer: Element,
    /// The ten bars.
    bars: Vec<Bar>,
    seen: HtmlCanvasElement,
}

struct Bar {
    whole: Element,
    track: Element,
    fill: HtmlElement,
    percent: Element,
}

impl Bar {
    fn of(whole: Element) -> Option<Self> {
        let part = |class: &str| whole.query_selector(class).ok().flatten();
        let (track, percent) = (part(".track")?, part(".percent")?);
        let fill = part(".fill")?.dyn_into().ok()?;
        Some(Self { whole, track, fill, percent })
    }

    fn show(&self, share: Option<f32>, is_best: bool) {
        let percent = 100.0 * share.unwrap_or(0.0);
        // These elements take any text; a property that is refused is only not shown.
        let _ = self.track.set_attribute("aria-valuenow", &format!("{percent:.1}"));
        let _ = self.fill.style().set_property("transform", &format!("scaleX({:.4})", share.unwrap_or(0.0)));
        self.percent.set_text_content(share.map(|_| format!("{percent:.0} %")).as_deref());
        self.whole.set_class_name(if is_best { "bar best" } else { "bar" });
    }
}

impl Standing {
    /// Finds it; `None` on every other page.
    pub(crate) fn find() -> Option<Self> {
        let document = web_sys::window()?.document()?;
        let answer = get(&document, "first-answer")?;
        let list = get::<Element>(&document, "first-bars")?.children();
        let bars: Vec<Bar> = (0..list.length()).filter_map(|index| Bar::of(list.item(index)?)).collect();
        Some(Self {
            canvas: get(&document, "first-paper")?,
            undo: get(&document, "first-undo")?,
            clear: get(&document, "first-clear")?,
            seen: get(&document, "first-seen")?,
            answer,
            bars,
        })
    }

    /// Shows that nothing is read: the paper is blank, or the network is on its way.
    pub(crate) fn show_nothing(&self, has_ink: bool) {
        self.say("quiet", if has_ink { "…" } else { "Draw a digit or a number" }, "");
        self.bars.iter().for_each(|bar| bar.show(None, false));
        paper::show_levels(&self.seen, ink::SIDE, &[0; ink::PIXELS]);
    }

    /// Shows what was read: the number in words, and the bars of its first digit.
    pub(crate) fn show_numbers(&self, numbers: &[RecognizedNumber]) {
        let first = numbers.iter().flatten().next();
        let words = InWords::of(numbers, |class| class.to_string());
        let (Some(first), Some(words)) = (first, words) else {
            self.bars.iter().for_each(|bar| bar.show(None, false));
            return self.say("quiet", "Too much or too little ink for digits", "");
        };
        self.say(words.heading_class(), words.heading(), &words.rest());
        for (digit, bar) in self.bars.iter().enumerate() {
            bar.show(Some(first.prediction.probability(digit)), usize::from(first.prediction.class) == digit);
        }
        paper::show_levels(&self.seen, ink::SIDE, &first.image);
    }

    /// A word, and what follows it.
    fn say(&self, class: &str, word: &str, rest: &str) {
        self.answer.set_text_content(None);
        let Some(document) = self.answer.owner_document() else { return };
        let strong = if class == "quiet" { "span" } else { "strong" };
        for (tag, class, text) in [(strong, class, word), ("span", "", rest)] {
            let Ok(part) = document.create_element(tag) else { continue };
            part.set_class_name(class);
            part.set_text_content(Some(text));
            // What was just made has no parent that could object.
            let _ = self.answer.append_child(&part);
        }
    }
}

fn get<T: wasm_bindgen::JsCast>(document: &Document, id: &str) -> Option<T> {
    document.get_element_by_id(id)?.dyn_into().ok()
}
