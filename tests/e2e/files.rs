//! Models that travel: files of others in, files for others out, and a link that is the model.

use std::{
    fs,
    io::Read as _,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    browser::{Browser, Options, out},
    page::{SEVEN, SOON},
};

/// Reading a file loads its worker first; trying many ways takes a while on a slow machine.
const A_WHILE: Duration = Duration::from_mins(1);

impl Browser {
    async fn give_model(&self, name: &str) {
        self.give_file(&tests::root().join("tests/models").join(name)).await;
    }

    /// Clicks a button of one model's card.
    pub(crate) async fn click_of(&self, model: &str, button: &str) {
        let script = format!(
            "const item = [...document.querySelectorAll('li.model')].find(item => item.getAttribute('aria-label') === '{model}');
             const button = [...item?.querySelectorAll('button') ?? []].find(button => button.textContent === '{button}');
             button?.click(); return button !== undefined"
        );
        let start = Instant::now();
        while self.script(&script).await != json!(true) {
            assert!(start.elapsed() < SOON, "no \"{button}\" of \"{model}\":\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn value_of(&self, label: &str) -> String {
        self.get("textbox", label).await.prop("value").await.unwrap().unwrap_or_default()
    }
}

#[tokio::test]
async fn files_of_others_are_opened() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.says("Small shipped model", SOON).await;
    // A file that describes its layers can be read in one way.
    browser.give_model("keras.keras").await;
    let text = browser.says("Imported \"keras\"", A_WHILE).await;
    assert!(text.contains("of 1,500 built-in digits"), "{text}");
    // Tensors alone can be read in many: what was found is said, and the person may know better.
    browser.give_model("pytorch-checkpoint.pth").await;
    let text = browser.says("Nothing is kept yet", A_WHILE).await;
    for wanted in
        ["From a file (PyTorch)", "Measured here: it reads 9", "ReLU between layers", "Nothing is kept yet"]
    {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
    browser.picture("models-offer").await;
    browser.click("button", "Keep and draw with it").await;
    browser.says("Kept \"pytorch-checkpoint\"", SOON).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.close().await;
}

#[tokio::test]
async fn models_leave_as_files_that_others_open() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.says("Small shipped model", SOON).await;
    // Both of the first model in the list: a browser lets a page download twice only where a person clicks.
    browser.click("button", "Export ONNX").await;
    let onnx = fs::read(browser.downloaded("onnx").await).unwrap();
    browser.click("button", "Export for PyTorch").await;
    let mut zip = zip::ZipArchive::new(fs::File::open(browser.downloaded("zip").await).unwrap()).unwrap();
    let mut names: Vec<String> = zip.file_names().map(str::to_owned).collect();
    names.sort();
    let expected = [
        "README.md",
        "config.json",
        "model.onnx",
        "model.py",
        "model.safetensors",
        "requirements.txt",
        "train.py",
    ];
    assert_eq!(names, expected);
    // The same bytes, whichever way they leave.
    let mut inner = Vec::new();
    zip.by_name("model.onnx").unwrap().read_to_end(&mut inner).unwrap();
    assert!(inner == onnx, "two ONNX files of one model differ");
    // What left comes back.
    let back = out().join("came-back-model.onnx");
    fs::write(&back, onnx).unwrap();
    browser.give_file(&back).await;
    browser.says("Imported \"came-back-model\"", A_WHILE).await;
    browser.close().await;
}

#[tokio::test]
async fn a_model_travels_as_a_link() {
    let sender = Browser::open(Options::default()).await;
    sender.visit("models").await;
    sender.says("Small shipped model", SOON).await;
    sender.click_of("Small shipped model", "Make a link").await;
    let text = sender.says("characters. Of", A_WHILE).await;
    println!("{}", text.lines().find(|line| line.contains("characters. Of")).unwrap_or_default());
    let address = sender.value_of("The link is the model").await;
    assert!(address.len() < 8_000 && address.contains("#m=1."), "{address}");
    sender.picture("models-link").await;
    sender.close().await;

    // Somebody else, on a phone.
    let receiver = Browser::open(Options { window: Some((360, 740)), ..Options::default() }).await;
    let fragment = address.split_once('#').unwrap().1;
    receiver.visit(&format!("#{fragment}")).await;
    let text = receiver.says("Nothing is kept yet", A_WHILE).await;
    for wanted in
        ["Small shipped model", "It says of itself: 9", "Measured here: it reads 9", "Nothing is kept yet"]
    {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
    receiver.picture("link-phone").await;
    assert_eq!(receiver.script("return location.hash").await, "", "a reload would bring it again");
    receiver.click("button", "Keep and draw with it").await;
    receiver.says("Kept \"Small shipped model\"", SOON).await;
    receiver.draw(SEVEN).await;
    receiver.reads('7').await;
    // A link that a chat has cut says so.
    receiver.visit(&format!("#{}", &fragment[..4_000])).await;
    receiver.says("This link was cut: 4001 of", A_WHILE).await;
    receiver.close().await;
}

#[tokio::test]
async fn a_model_of_the_site_is_offered_and_no_other() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("?model=models/small-cnn.safetensors").await;
    let text = browser.says("Nothing is kept yet", A_WHILE).await;
    assert!(text.contains("From this site"), "{text}");
    browser.click("button", "No, thanks").await;
    browser.visit("?model=https://example.org/model.safetensors").await;
    browser.says("is not a file of this site", SOON).await;
    browser.close().await;
}

#[tokio::test]
async fn what_a_model_holds_and_what_is_said_of_it_is_shown_and_travels() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.says("Small shipped model", SOON).await;
    browser.give_model("keras.keras").await;
    browser.says("Imported \"keras\"", A_WHILE).await;
    let open = |model: &'static str| {
        format!(
            "const item = [...document.querySelectorAll('li.model')].find(item => item.getAttribute('aria-label') === '{model}');
             item.querySelector('details').open = true; return 0"
        )
    };
    browser.script(&open("keras")).await;
    // Shapes and parameters as the network itself says them: 6 x (3 x 3 + 1) and 216 x 10 + 10.
    let text = browser.says("conv1.weight", A_WHILE).await;
    for wanted in [
        "1. Convolution 3x3, 6 channels, stride 2",
        "6 x 13 x 13",
        "60",
        "6 x 1 x 3 x 3",
        "2,170",
        "standard deviation",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
    browser.write_into("Notes", "reads my own hand").await;
    browser.write_into("Tags", "class 7b, homework").await;
    browser.write_into("Licence", "CC0-1.0").await;
    browser.click("button", "Save description").await;
    browser.says("Saved what you say of \"keras\".", SOON).await;
    browser.picture("models-details").await;
    browser.click_of("keras", "Export for PyTorch").await;
    let mut zip = zip::ZipArchive::new(fs::File::open(browser.downloaded("zip").await).unwrap()).unwrap();
    let mut readme = String::new();
    zip.by_name("README.md").unwrap().read_to_string(&mut readme).unwrap();
    for wanted in ["license: cc0-1.0", "\"class 7b\"", "reads my own hand"] {
        assert!(readme.contains(wanted), "{wanted} is not in {readme}");
    }
    browser.close().await;
}

#[tokio::test]
async fn a_drawing_travels_as_a_link_and_a_qr_code() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.click("button", "Link to this drawing").await;
    browser.says("The link was copied.", SOON).await;
    browser.get("image", "QR code of the link").await;
    let address = browser.value_of("Link").await;
    assert!(address.contains("#d=1.") && address.len() < 300, "{address}");
    browser.picture("link-qr").await;
    browser.close().await;
    let before = "delete Clipboard.prototype.writeText";
    let receiver = Browser::open(Options { before, ..Options::default() }).await;
    receiver.visit(&format!("#{}", address.split_once('#').unwrap().1)).await;
    receiver.reads('7').await;
    assert_eq!(receiver.script("return location.hash").await, "");
    receiver.click("button", "Link to this drawing").await;
    receiver.says("Select the link and copy it yourself.", SOON).await;
    receiver.get("image", "QR code of the link").await;
    receiver.close().await;
}
