//! What every visitor does, in Firefox and in `WebKit`; Chromium has all other tests.

use std::time::Duration;

use crate::{
    browser::{Browser, Options},
    kinds::Kind,
    page::{SEVEN, SOON},
    policy::{OtherHost, trying_workers},
};

const A_WHILE: Duration = Duration::from_mins(2);

/// The browser, or a word that it is not here.
async fn open(kind: Kind, options: Options) -> Option<Browser> {
    if !kind.is_there() {
        println!("skipped: this machine has no {kind:?}");
        return None;
    }
    Some(Browser::open(Options { kind, ..options }).await)
}

async fn draws_trains_saves_and_exports(kind: Kind) {
    let Some(browser) = open(kind, Options::default()).await else { return };
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.picture(&format!("draw-{kind:?}")).await;
    browser.start_built_in("cpu", 2_000, 1).await;
    browser.says("Done: 1 epoch", A_WHILE).await;
    browser.picture(&format!("train-{kind:?}")).await;
    browser.click("button", "Save model").await;
    browser.says("Saved as", SOON).await;
    browser.visit("models").await;
    browser.says("Fast CNN", SOON).await;
    let export = "const item = [...document.querySelectorAll('li.model')].find(item => item.getAttribute('aria-label').startsWith('Fast CNN'));
        [...item.querySelectorAll('button')].find(button => button.textContent === 'Export').click(); return 0";
    // WebKit's little browser asks where to put a file, and nobody is there to answer.
    if kind != Kind::WebKit {
        browser.script(export).await;
        let file = browser.downloaded("safetensors").await;
        let renamed = file.with_file_name("came-back.safetensors");
        std::fs::rename(&file, &renamed).unwrap();
        browser.give_file(&renamed).await;
        browser.says("Imported \"came-back\"", SOON).await;
    }
    browser.close().await;
}

async fn links_travel(kind: Kind) {
    let Some(sender) = open(kind, Options::default()).await else { return };
    sender.visit("models").await;
    sender.says("Small shipped model", SOON).await;
    sender.click_of("Small shipped model", "Make a link").await;
    sender.says("characters. Of", A_WHILE).await;
    let address = sender.value_of("The link is the model").await;
    sender.close().await;
    let fragment = address.split_once('#').unwrap().1;
    // To this browser, and from it to another.
    for receiver in [kind, Kind::Chromium] {
        let receiver = Browser::open(Options { kind: receiver, ..Options::default() }).await;
        receiver.visit(&format!("#{fragment}")).await;
        let text = receiver.says("Nothing is kept yet", A_WHILE).await;
        assert!(text.contains("Measured here: it reads 9"), "{text}");
        receiver.click("button", "Keep and draw with it").await;
        receiver.says("Kept \"Small shipped model\"", SOON).await;
        receiver.draw(SEVEN).await;
        receiver.reads('7').await;
        receiver.close().await;
    }
}

async fn is_bound_by_the_policy(kind: Kind) {
    let other = OtherHost::start();
    let options = Options { instead: Some(trying_workers(&other.url)), ..Options::default() };
    let Some(browser) = open(kind, options).await else { return };
    browser.reaches_no_other_host(&other).await;
    browser.close().await;
}

async fn works_offline(kind: Kind) {
    let Some(mut browser) = open(kind, Options::default()).await else { return };
    browser.is_kept().await;
    browser.reads_without_a_network().await;
    browser.close().await;
}

#[tokio::test]
async fn firefox_draws_trains_saves_and_exports() {
    draws_trains_saves_and_exports(Kind::Firefox).await;
}

#[tokio::test]
async fn firefox_sends_and_opens_links() {
    links_travel(Kind::Firefox).await;
}

#[tokio::test]
async fn firefox_is_bound_by_the_policy() {
    is_bound_by_the_policy(Kind::Firefox).await;
}

#[tokio::test]
async fn firefox_works_offline() {
    works_offline(Kind::Firefox).await;
}

#[tokio::test]
async fn webkit_draws_trains_and_saves() {
    draws_trains_saves_and_exports(Kind::WebKit).await;
}

#[tokio::test]
async fn webkit_sends_and_opens_links() {
    links_travel(Kind::WebKit).await;
}

#[tokio::test]
async fn webkit_is_bound_by_the_policy() {
    is_bound_by_the_policy(Kind::WebKit).await;
}

#[tokio::test]
async fn webkit_works_offline() {
    works_offline(Kind::WebKit).await;
}
