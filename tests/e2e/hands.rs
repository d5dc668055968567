//! Numbers, pictures, corrections and "Learn my hand".

use std::{fs, path::PathBuf, time::Duration};

use dataset::{WrittenDigit, careful_digits};
use ink::Stroke;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Options, out},
    page::{SEVEN, SOON},
};

/// Strokes at another place and size on the paper; all in shares of its half side.
fn placed(strokes: &[&[(f64, f64)]], (x, y): (f64, f64), size: f64) -> Vec<Vec<(f64, f64)>> {
    strokes.iter().map(|stroke| stroke.iter().map(|&(u, v)| (x + size * u, y + size * v)).collect()).collect()
}

const ONE: &[&[(f64, f64)]] = &[&[(0.02, -0.55), (0.0, 0.0), (-0.02, 0.55)]];
const FOUR: &[&[(f64, f64)]] = &[&[(-0.3, -0.6), (-0.45, 0.05), (0.4, 0.05)], &[(0.2, -0.5), (0.15, 0.7)]];

impl Browser {
    /// Draws strokes of the paper's own units on the canvas, as fast as a script can move a pointer.
    async fn replay(&self, strokes: &[Stroke]) {
        let strokes: Vec<Vec<[f32; 2]>> =
            strokes.iter().map(|stroke| stroke.iter().map(|point| [point.x, point.y]).collect()).collect();
        let script = "const canvas = document.querySelector('canvas.paper'), box = canvas.getBoundingClientRect();
            for (const stroke of arguments[0]) {
                stroke.forEach(([x, y], index) => {
                    const place = { clientX: box.left + x * box.width / 280, clientY: box.top + y * box.height / 280,
                        pointerId: 1, button: 0, bubbles: true, cancelable: true };
                    if (index === 0) canvas.dispatchEvent(new PointerEvent('pointerdown', place));
                    canvas.dispatchEvent(new PointerEvent('pointerrawupdate', place));
                });
                canvas.dispatchEvent(new PointerEvent('pointerup', { pointerId: 1, bubbles: true }));
            }";
        self.client.execute(script, vec![json!(strokes)]).await.unwrap();
    }

    /// Moves a slider, as a hand does.
    async fn set_range(&self, name: &str, value: &str) {
        let script = "const slider = arguments[0];
            slider.value = arguments[1];
            slider.dispatchEvent(new InputEvent('input', { bubbles: true }));";
        let slider = self.get("slider", name).await;
        self.client.execute(script, vec![serde_json::to_value(slider).unwrap(), json!(value)]).await.unwrap();
    }

    async fn press(&self, key: &str) {
        self.client
            .execute(
                "window.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0]}))",
                vec![json!(key)],
            )
            .await
            .unwrap();
    }

    /// Names of the buttons of the digits that are read.
    async fn digits(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('[aria-label=\"Digits\"] button')].map(own => own.ariaLabel)";
        let names = self.script(script).await;
        names.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_number_is_read_each_digit_with_its_own_bars() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    let strokes =
        [placed(SEVEN, (-0.6, 0.0), 0.45), placed(ONE, (-0.05, 0.05), 0.5), placed(FOUR, (0.5, 0.0), 0.45)]
            .concat();
    browser.draw(&strokes.iter().map(Vec::as_slice).collect::<Vec<_>>()).await;
    browser.text_when("status", "Prediction", SOON, |text| text.starts_with("714")).await;
    let digits = browser.digits().await;
    assert_eq!(digits.len(), 3, "{digits:?}");
    assert!(digits[2].starts_with("Digit 3: 4, "), "{digits:?}");
    browser.picture("draw-number").await;
    // The large bars are those of the digit that is chosen.
    browser.click("button", &digits[1]).await;
    let best = "return document.querySelector('.bar.best .digit').textContent";
    assert_eq!(browser.script(best).await, "1");
    browser.click("button", "Clear").await;
    browser.reads('D').await;
    browser.close().await;
}

/// A picture as a phone makes it: a seven on squared paper that gets darker to one side, its bar along a rule; or on a board.
fn photograph(name: &str, dark_ink: bool) -> PathBuf {
    let (width, height) = (640_usize, 480_usize);
    let mut levels = Vec::with_capacity(width * height);
    let segment = |x: f64, y: f64, (ax, ay): (f64, f64), (bx, by): (f64, f64)| {
        let (dx, dy) = (bx - ax, by - ay);
        let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        ((x - ax - along * dx).powi(2) + (y - ay - along * dy).powi(2)).sqrt()
    };
    for row in 0..height {
        for column in 0..width {
            let (x, y) = (column as f64, row as f64);
            let paper = 215.0 - 0.12 * x - 0.05 * y;
            let is_rule = dark_ink && [row, column].iter().any(|at| (19..22).contains(&(at % 60)));
            let to_ink = segment(x, y, (240.0, 140.0), (380.0, 140.0)).min(segment(
                x,
                y,
                (380.0, 140.0),
                (300.0, 340.0),
            ));
            let ink = (8.0 - to_ink).clamp(0.0, 1.0);
            let rule: f64 = if is_rule { 60.0 } else { 0.0 };
            let value = paper - rule.max(ink * 130.0);
            levels.push(if dark_ink { value } else { 255.0 - value } as u8);
        }
    }
    let path = out().join(name);
    let file = fs::File::create(&path).unwrap();
    let mut encoder = png::Encoder::new(file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&levels).unwrap();
    path
}

#[tokio::test]
async fn a_photograph_is_read_and_can_be_put_right_by_hand() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    for (name, dark_ink) in [("dark-ink.png", true), ("bright-ink.png", false)] {
        browser.give_file(&photograph(name, dark_ink)).await;
        browser.get("image", "Found ink").await;
        browser.reads('7').await;
        browser.picture(&format!("picture-{dark_ink}")).await;
        // A quarter to the right it is no seven, and four quarters bring it back.
        for _ in 0..4 {
            browser.click("button", "Rotate").await;
        }
        browser.reads('7').await;
        browser.click("button", "Invert").await;
        browser.click("button", "Invert").await;
        browser.reads('7').await;
        browser.click("button", "Close picture").await;
        browser.reads('D').await;
    }
    browser.close().await;
}

/// Files as other programs write them: a CMYK photograph, a picture that moves.
#[tokio::test]
async fn unusual_pictures_are_read_too() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    for (name, says) in [("cmyk-7.jpg", None), ("moving-7-then-1.webp", Some("its first picture is read"))] {
        browser.give_file(&tests::root().join("tests/pictures").join(name)).await;
        if let Some(says) = says {
            browser.says(says, SOON).await;
        }
        browser.reads('7').await;
        browser.click("button", "Close picture").await;
        browser.reads('D').await;
    }
    browser.close().await;
}

/// The same strokes are the same digit whatever pen draws them, and the pen is kept.
#[tokio::test]
async fn the_pen_can_be_broader_and_finer() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    for radius in ["3", "24", "6"] {
        browser.set_range("Pen", radius).await;
        browser.reads('7').await;
        browser.picture(&format!("pen-{radius}")).await;
    }
    browser.visit("").await;
    let kept = "return document.querySelector('.pen input').value";
    assert_eq!(browser.script(kept).await, "6");
    browser.close().await;
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_nothing_is_lost() {
    // The header of a picture of 100 million pixels, with nothing behind it.
    let mut large =
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x27\x10\x00\x00\x27\x10\x08\x00\x00\x00\x00".to_vec();
    large.extend([0; 64]);
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    for (name, bytes, why) in [
        ("empty.png", Vec::new(), "is empty"),
        ("text.png", b"no picture at all".to_vec(), "it is no picture, or damaged"),
        ("cut-off.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00".to_vec(), "it is no picture, or damaged"),
        ("large.png", large, "at most 64 million can be read"),
    ] {
        let path = out().join(name);
        fs::write(&path, bytes).unwrap();
        browser.give_file(&path).await;
        browser.says(why, SOON).await;
        browser.reads('7').await;
    }
    browser.close().await;
}

#[tokio::test]
async fn what_is_corrected_is_kept_exported_and_deleted() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.click("button", "It is a 1").await;
    browser.says("Kept as 1: 1 drawing", SOON).await;
    // The paper is free for the next one; a key does what the button does.
    browser.reads('D').await;
    browser.draw(FOUR).await;
    browser.reads('4').await;
    browser.press("4").await;
    browser.says("Kept as 4: 2 drawings", SOON).await;
    browser.visit("hand").await;
    browser.text_when("status", "Number of drawings", SOON, |text| text == "2 drawings").await;
    browser.get("image", "A 1, read as 7").await;
    browser.picture("hand-two").await;
    for name in ["Export as IDX", "Export as PNG"] {
        browser.click("button", name).await;
    }
    let archive = fs::read(browser.downloaded("zip").await).unwrap();
    assert!(archive.starts_with(b"PK"), "{} bytes", archive.len());
    browser.click("button", "Delete this 1").await;
    browser.text_when("status", "Number of drawings", SOON, |text| text == "1 drawing").await;
    browser.visit("hand").await;
    browser.text_when("status", "Number of drawings", SOON, |text| text == "1 drawing").await;
    browser.close().await;
}

/// Strokes of one hand: of an unseen writer where there are strokes, else the test's own few digits.
fn one_hand() -> Vec<WrittenDigit> {
    if cfg!(has_strokes) {
        return tests::strokes().into_iter().filter(|digit| digit.writer == "tra28").collect();
    }
    let digit = |label: u8, strokes: &[&[(f64, f64)]]| WrittenDigit {
        label,
        writer: String::new(),
        strokes: strokes
            .iter()
            .map(|stroke| stroke.iter().map(|&(x, y)| ink::Point { x: x as f32, y: y as f32 }).collect())
            .collect(),
    };
    let few = [digit(7, SEVEN), digit(1, ONE), digit(4, FOUR)];
    few.iter().cloned().cycle().take(24).collect()
}

#[tokio::test]
async fn my_hand_is_learned_within_seconds_and_unlearned_with_a_click() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.reads('D').await;
    for (index, digit) in one_hand().iter().take(20).enumerate() {
        browser.replay(&digit.on_paper(0.6, (0.5, 0.5))).await;
        browser.text_when("status", "Prediction", SOON, |text| text.contains('%')).await;
        browser.press(&digit.label.to_string()).await;
        let count = if index == 0 { "1 drawing".to_owned() } else { format!("{} drawings", index + 1) };
        browser.says(&format!("{count} in \"My hand\""), SOON).await;
        browser.reads('D').await;
    }
    browser.click("link", "My hand").await;
    let start = std::time::Instant::now();
    browser.click("button", "Learn my hand").await;
    browser.get("button", "Undo learning").await;
    let seconds = start.elapsed().as_secs_f64();
    let rows = "return [...document.querySelectorAll('[aria-label=\"Before and after\"] tbody tr')].map(row => row.innerText)";
    let rows = browser.script(rows).await;
    println!("learned in {seconds:.1} s: {rows}");
    assert_eq!(rows.as_array().map(Vec::len), Some(3), "{rows}");
    browser.picture("hand-learned").await;
    browser.says("My hand, from Shipped model", SOON).await;
    browser.click("button", "Undo learning").await;
    browser.says("Shipped model: Reader CNN", SOON).await;
    browser.close().await;
}

/// Digits of writers never trained on, replayed through the page's own canvas.
#[tokio::test]
#[cfg_attr(not(has_strokes), ignore = "INKLING_STROKES is not set")]
async fn unseen_hands_are_read_through_the_canvas() {
    let written = tests::strokes();
    let unseen = written.iter().filter(|digit| tests::UNSEEN.contains(&digit.writer.as_str())).step_by(15);
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    let (mut right, mut total) = (0, 0);
    for (index, digit) in unseen.enumerate() {
        browser.press("Delete").await;
        browser.reads('D').await;
        let step = |count: usize| (index % count) as f32 / (count - 1) as f32;
        browser.replay(&digit.on_paper(0.33 + 0.57 * step(7), (step(5), step(3)))).await;
        let read = browser.text_when("status", "Prediction", SOON, |text| text.contains('%')).await;
        total += 1;
        let label = digit.label.to_string();
        let is_right = read.split_whitespace().next() == Some(&label);
        right += usize::from(is_right || read.contains(&format!("Most like {label},")));
    }
    println!("{right} of {total} digits of unseen hands were read rightly through the canvas");
    assert!(100 * right >= 95 * total, "{right} of {total}");
    browser.close().await;
}

#[tokio::test]
async fn the_model_is_evaluated_on_files_of_every_kind() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.says("Shipped model", SOON).await;
    browser.choose("Test on", "Built-in digits").await;
    browser.click("button", "Evaluate").await;
    browser.says("images right", Duration::from_mins(1)).await;
    browser.get("table", "Confusion matrix").await;
    browser.picture("evaluate").await;

    let digits = careful_digits(20, 5);
    let row = |index: usize| {
        let levels = digits.image(index).iter().map(u8::to_string).collect::<Vec<_>>().join(",");
        format!("{},{levels}\n", digits.labels[index])
    };
    let rows: String = (0..20).map(row).collect();
    let files = [
        ("good.csv", rows.clone(), "20 images right"),
        ("bad-row.csv", format!("{rows}7,12,x{}\n", ",0".repeat(782)), "row 21, column 3 is \"x\""),
        ("cut-off.jsonl", "{\"label\":8,\"strokes\":[[[1,2],[3".to_owned(), "row 1: it is no JSON object"),
        ("strokes.jsonl", "{\"label\":1,\"strokes\":[[[5,0],[5,9]]]}".to_owned(), "1 of 1 image right"),
    ];
    for (name, text, said) in files {
        let path = out().join(name);
        fs::write(&path, text).unwrap();
        if said.contains("right") {
            browser.keep(&[&path], Duration::from_mins(1)).await;
            browser.click("button", "Evaluate").await;
        } else {
            browser.bring(&[&path]).await;
        }
        browser.says(said, Duration::from_mins(1)).await;
    }
    browser.script("document.querySelectorAll('details').forEach(details => details.open = true)").await;
    browser.get("table", "Figures of each class").await;
    // Another model beside it, on the same images.
    browser.choose("Compare with", "Small shipped model").await;
    browser.click("button", "Compare").await;
    browser.says("McNemar's test gives p", Duration::from_mins(1)).await;
    browser.picture("evaluate-compared").await;
    browser.close().await;
}
