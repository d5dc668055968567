//! Data sets: brought, looked at, trained on, answered.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use dataset::{LabelledImages, careful_digits};
use fantoccini::Locator;
use ink::{Drawing, PIXELS, Point};
use rand::RngExt as _;
use rand_pcg::Pcg32;

use crate::{
    browser::{Browser, Options, out},
    page::SOON,
};

impl Browser {
    /// Opens what is folded, and gives files to the field that brings them in.
    pub(crate) async fn bring(&self, paths: &[&Path]) {
        self.script(
            "document.querySelectorAll('details.bring-fold').forEach(details => details.open = true)",
        )
        .await;
        let field = Locator::Css("input[aria-label='Files of digits']");
        let field = self.client.wait().at_most(SOON).for_element(field).await.unwrap();
        let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        field.send_keys(&paths.join("\n")).await.unwrap();
    }

    /// Brings files and uses what they make.
    pub(crate) async fn keep(&self, paths: &[&Path], limit: Duration) {
        self.bring(paths).await;
        self.text_when("group", "What the files hold", limit, |text| !text.is_empty()).await;
        self.click("button", "Keep and use").await;
    }
}

/// Rows of a label, where it is wanted, and 784 pixels.
fn csv(name: &str, images: &LabelledImages, has_labels: bool) -> PathBuf {
    let mut text = if has_labels { String::from("label,") } else { String::new() };
    text += &(0..PIXELS).map(|pixel| format!("pixel{pixel}")).collect::<Vec<_>>().join(",");
    for index in 0..images.len() {
        text.push('\n');
        if has_labels {
            write!(text, "{},", images.labels[index]).unwrap();
        }
        let mut levels = images.image(index).iter();
        write!(text, "{}", levels.next().unwrap()).unwrap();
        for level in levels {
            write!(text, ",{level}").unwrap();
        }
    }
    let path = out().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// What was brought is stored only once the person says so; what is dropped on another page comes to this one.
#[tokio::test]
async fn what_is_dropped_anywhere_is_on_offer_until_it_is_kept() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=cpu").await;
    browser.get("button", "Start training").await;
    let file = fs::read_to_string(csv("dropped.csv", &careful_digits(40, 6), true)).unwrap();
    let dropped = "const given = new DataTransfer();
        given.items.add(new File([arguments[0]], 'dropped.csv'));
        const drop = new DragEvent('drop', {dataTransfer: given, bubbles: true, cancelable: true});
        return document.querySelector('main').dispatchEvent(drop)";
    let was_left_alone = browser.client.execute(dropped, vec![file.into()]).await.unwrap();
    assert_eq!(was_left_alone, false, "the browser would open the file");
    browser.says("dropped.csv: 40 to train on", Duration::from_mins(1)).await;
    assert_eq!(browser.script("return document.title").await, "Data - Inkling");
    let kept = "return document.querySelector('[aria-label=\"Kept data sets\"]')?.textContent ?? ''";
    assert_eq!(browser.script(kept).await, "");
    browser.visit("data").await;
    browser.says("Choose files", SOON).await;
    assert_eq!(browser.script(kept).await, "", "it was kept without a word");
    browser.keep(&[&csv("dropped.csv", &careful_digits(40, 6), true)], Duration::from_mins(1)).await;
    browser.says("dropped.csv is chosen on the Train page", SOON).await;
    browser.visit("data").await;
    browser.says("Kept in this browser", SOON).await;
    // The same digits under another name change nothing.
    browser.bring(&[&csv("again.csv", &careful_digits(40, 6), true)]).await;
    browser
        .text_when("group", "What the files hold", Duration::from_mins(1), |text| {
            text.contains("40 to train on")
        })
        .await;
    browser.click("button", "Discard").await;
    assert!(browser.script(kept).await.as_str().unwrap().starts_with("dropped.csv"));
    // A picture belongs to the Draw page, wherever it is dropped.
    browser.click("link", "Train").await;
    let dropped =
        "const done = arguments[0], paper = new OffscreenCanvas(60, 60), pen = paper.getContext('2d');
        pen.fillStyle = 'white'; pen.fillRect(0, 0, 60, 60);
        pen.fillStyle = 'black'; pen.fillRect(28, 10, 5, 40);
        paper.convertToBlob().then(picture => {
            const given = new DataTransfer();
            given.items.add(new File([picture], 'one.png', {type: 'image/png'}));
            const drop = new DragEvent('drop', {dataTransfer: given, bubbles: true, cancelable: true});
            done(document.querySelector('main').dispatchEvent(drop));
        })";
    let was_left_alone = browser.client.execute_async(dropped, Vec::new()).await.unwrap();
    assert_eq!(was_left_alone, false, "the browser would open the picture");
    browser.reads('1').await;
    browser.close().await;
}

#[tokio::test]
async fn files_are_looked_at_before_they_are_kept() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("data").await;
    let digits = careful_digits(120, 5);
    browser.bring(&[&csv("looked-at.csv", &digits, true)]).await;
    let held = browser
        .text_when("group", "What the files hold", Duration::from_mins(1), |text| {
            text.contains("to train on")
        })
        .await;
    assert!(held.contains("looked-at.csv: 120 to train on, a sixth of them kept for testing"), "{held}");
    browser.picture("data-preview").await;
    // What was decided can be changed.
    browser.choose("Images", "ink found, centred and scaled").await;
    browser.says("looked-at.csv: 120 to train on", SOON).await;
    browser.click("button", "Keep and use").await;
    browser.says("looked-at.csv is chosen on the Train page", SOON).await;
    browser.text_when("status", "Data set", SOON, |text| text.starts_with("looked-at.csv")).await;
    browser.click("button", "Mean images").await;
    browser.get("image", "Mean image of 7").await;
    browser.choose("Class", "3").await;
    browser.choose("Order", "Strangest first").await;
    browser.text_when("status", "Shown images", SOON, |text| text.starts_with("12 images")).await;
    browser.client.find(Locator::Css("ul[aria-label='Images'] button")).await.unwrap().click().await.unwrap();
    browser.get("image", "Slanted").await;
    browser.picture("data").await;
    // A wrong label is put right.
    browser.choose("It shows", "5").await;
    // It closes when the data set that takes the place of the old one is there.
    let start = std::time::Instant::now();
    while browser.has("group", "One image").await {
        assert!(start.elapsed() < SOON, "the image stayed open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    browser.text_when("status", "Data set", SOON, |text| text.starts_with("looked-at.csv")).await;
    browser.choose("Class", "5").await;
    browser.text_when("status", "Shown images", SOON, |text| text.starts_with("13 images")).await;

    browser.visit("train?device=cpu&seed=1").await;
    browser.choose("Data", "looked-at.csv (120)").await;
    browser.fill("Epochs", "1").await;
    browser.click("button", "Start training").await;
    browser.says("Done: 1 epoch", Duration::from_mins(1)).await;

    browser.visit("data").await;
    browser.click("button", "Delete looked-at.csv").await;
    browser.visit("data").await;
    assert!(!browser.has("button", "Delete looked-at.csv").await, "it came back");
    browser.close().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_named_and_nothing_is_lost() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("data").await;
    let good = csv("good.csv", &careful_digits(30, 5), true);
    browser.keep(&[&good], Duration::from_mins(1)).await;
    browser.get("button", "Delete good.csv").await;
    let header = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    for (name, bytes, why) in [
        ("page.csv", b"<!DOCTYPE html><html></html>".to_vec(), "page.csv cannot be used: it is a web page"),
        ("lfs.idx", b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "a Git LFS pointer"),
        (
            "huge.idx",
            header(&[0x0803, u32::MAX, 28, 28]),
            "promises 3367254359280 bytes of values, but 0 follow",
        ),
        ("wide.csv", vec![b','; 10_000_000], "it has more than 65552 columns"),
        ("cut.gz", vec![0x1f, 0x8b, 8, 0], "the gzip data is damaged or cut off"),
        ("empty.csv", Vec::new(), "empty.csv cannot be used: it is empty"),
    ] {
        let path = out().join(name);
        fs::write(&path, bytes).unwrap();
        browser.bring(&[&path]).await;
        browser.says(why, Duration::from_mins(1)).await;
    }
    browser.visit("data").await;
    browser.get("button", "Delete good.csv").await;
    browser.close().await;
}

/// Twenty-six letters as a hand writes them: points on a box of 100 x 100, strokes divided by `|`.
const LETTERS: [&str; 26] = [
    "10,100 50,0 90,100|25,60 75,60",
    "15,0 15,100 70,95 80,75 60,50 15,50|15,0 65,5 70,25 55,48",
    "85,15 50,0 15,30 15,70 50,100 85,85",
    "15,0 15,100 60,95 85,60 80,30 55,3 15,0",
    "85,0 15,0 15,100 85,100|15,50 65,50",
    "85,0 15,0 15,100|15,50 65,50",
    "85,15 50,0 15,40 20,85 55,100 85,80 85,55 55,55",
    "15,0 15,100|85,0 85,100|15,50 85,50",
    "50,0 50,100|25,0 75,0|25,100 75,100",
    "75,0 75,75 50,100 20,85",
    "15,0 15,100|85,0 15,55 85,100",
    "15,0 15,100 85,100",
    "10,100 15,0 50,70 85,0 90,100",
    "15,100 15,0 85,100 85,0",
    "50,0 12,35 15,75 50,100 86,70 85,30 50,0",
    "15,100 15,0 70,5 80,30 60,52 15,55",
    "50,0 12,35 15,75 50,100 86,70 85,30 50,0|60,70 95,105",
    "15,100 15,0 70,5 80,28 55,50 15,52|45,52 85,100",
    "80,12 50,0 20,20 35,45 70,58 80,80 50,100 15,88",
    "10,0 90,0|50,0 50,100",
    "15,0 15,75 45,100 80,80 85,0",
    "10,0 50,100 90,0",
    "5,0 25,100 50,30 75,100 95,0",
    "10,0 90,100|90,0 10,100",
    "10,0 50,50 90,0|50,50 50,100",
    "12,0 88,0 12,100 88,100",
];

/// A letter drawn by a hand that varies.
fn letter(class: usize, rng: &mut Pcg32) -> [u8; PIXELS] {
    let (size, slant) = (rng.random_range(1.3..2.0_f32), rng.random_range(-0.2..0.2_f32));
    let (left, top) = (rng.random_range(20.0..60.0_f32), rng.random_range(20.0..60.0_f32));
    let strokes = LETTERS[class].split('|').map(|stroke| {
        let point = |text: &str| {
            let (x, y) = text.split_once(',').unwrap();
            let (x, y): (f32, f32) = (x.parse().unwrap(), y.parse().unwrap());
            let mut shake = || rng.random_range(-4.0..4.0_f32);
            let (x, y) = (x + shake() - slant * (y - 50.0), y + shake());
            Point { x: left + size * x, y: top + size * y }
        };
        stroke.split(' ').map(point).collect()
    });
    Drawing::from_strokes(strokes.collect()).image().unwrap()
}

/// Other classes than the ten digits: letters are learned, read and named, and their model travels.
#[tokio::test]
async fn letters_are_learned_read_and_named() {
    let mut rng = Pcg32::new(1, 1);
    let mut zip = zip::ZipWriter::new(fs::File::create(out().join("letters.zip")).unwrap());
    let mut list = String::from("file;class\n");
    for number in 0..26 * 80 {
        let class = number % 26;
        let name = format!("{number}.png");
        zip.start_file(&name, zip::write::SimpleFileOptions::default()).unwrap();
        let mut encoder = png::Encoder::new(&mut zip, 28, 28);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&letter(class, &mut rng)).unwrap();
        writeln!(list, "{name};{}", char::from(b'A' + class as u8)).unwrap();
    }
    zip.start_file("labels.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(list.as_bytes()).unwrap();
    zip.finish().unwrap();

    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=cpu&seed=1").await;
    browser.keep(&[&out().join("letters.zip")], Duration::from_mins(2)).await;
    browser.says("Dense, 26 units", SOON).await;
    browser.fill("Epochs", "15").await;
    browser.click("button", "Start training").await;
    let text = browser
        .text_when("status", "Test accuracy", Duration::from_mins(3), |text| {
            text.starts_with("Test accuracy")
        })
        .await;
    browser.says("Done: 15 epochs", Duration::from_mins(3)).await;
    let accuracy: f64 = text.split_whitespace().nth(2).unwrap().parse().unwrap();
    println!("26 letters, 15 epochs: {text}");
    assert!(accuracy > 85.0, "{text}");
    browser.picture("letters-trained").await;
    browser.click("button", "Save model").await;
    browser.says("Saved as", SOON).await;
    browser.click("link", "Draw").await;
    browser.draw(&[&[(0.25, 0.15), (0.25, 0.85), (0.75, 0.85)]]).await;
    browser.text_when("status", "Prediction", SOON, |text| text.starts_with('L')).await;
    browser.get("meter", "Probability of Z").await;
    browser.picture("letters-drawn").await;
    assert!(!browser.has("combobox", "Digit to show").await, "a digit is offered to a model of letters");
    // Digits say nothing of it, and its own images are no test.
    browser.click("link", "Models").await;
    browser.click("button", "Evaluate").await;
    browser.says("The images are of others: 0, 1, 2", SOON).await;
    browser.choose("Test on", "letters.zip").await;
    browser.click("button", "Evaluate").await;
    browser.says("It has learned from most of these images", Duration::from_mins(1)).await;
    // The names travel with the file.
    browser.visit("models").await;
    browser.get("button", "Export").await;
    let script = "const item = [...document.querySelectorAll('li.model')].find(item => item.getAttribute('aria-label').startsWith('Fast CNN'));
        [...item.querySelectorAll('button')].find(button => button.textContent === 'Export').click(); return 0";
    browser.script(script).await;
    let file = browser.downloaded("safetensors").await;
    let renamed = file.with_file_name("letters-came-back.safetensors");
    fs::rename(&file, &renamed).unwrap();
    browser.give_file(&renamed).await;
    browser.says("Imported \"letters-came-back\"", SOON).await;
    browser.load("letters-came-back").await;
    browser.click("link", "Draw").await;
    browser.get("meter", "Probability of Z").await;
    browser.close().await;
}

/// Kaggle's Digit Recognizer, as its tutorial does it: `train.csv`, `test.csv`, `submission.csv`.
#[tokio::test]
#[cfg_attr(not(has_mnist), ignore = "INKLING_MNIST_DIR is not set")]
async fn kaggles_answers_are_written_in_the_tab() {
    let mnist = tests::mnist();
    let mut all = mnist.train;
    all.append(&mnist.test);
    let test = all.split_off(42_000);
    let train = csv("train.csv", &all, true);
    let unlabelled = csv("test.csv", &test, false);
    let browser = Browser::open(Options::default()).await;
    browser.visit("train?device=cpu&seed=1").await;
    let start = std::time::Instant::now();
    browser.keep(&[&train, &unlabelled], Duration::from_mins(2)).await;
    println!("42,000 and 28,000 rows were read in {:.1} s", start.elapsed().as_secs_f64());
    browser.fill("Epochs", "4").await;
    browser.click("button", "Start training").await;
    browser.says("Done: 4 epochs", Duration::from_mins(8)).await;
    browser.click("button", "Download submission.csv").await;
    let said = browser
        .text_when("status", "Submission", Duration::from_mins(3), |text| {
            text.starts_with("28,000 images are answered")
        })
        .await;
    println!("{said}");
    browser.picture("kaggle").await;
    let text = fs::read_to_string(browser.downloaded("csv").await).unwrap();
    let mut expected_rows = text.lines();
    assert_eq!(expected_rows.next(), Some("ImageId,Label"));
    assert!(text.ends_with('\n') && !text.contains('\r'));
    let mut right = 0;
    for (index, (row, label)) in expected_rows.by_ref().zip(&test.labels).enumerate() {
        let (id, answer) = row.split_once(',').unwrap();
        assert_eq!(id, (index + 1).to_string());
        right += usize::from(answer == label.to_string());
    }
    assert_eq!(text.lines().count(), 28_001);
    println!("{right} of 28,000 answers are right: {:.2} %", right as f64 / 280.0);
    assert!(right > 27_720, "{right}");
    browser.close().await;
}
