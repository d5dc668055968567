//! Keeping models.

use std::fs;

use crate::{
    browser::{Browser, Options, out},
    page::{SEVEN, SOON},
};

#[tokio::test]
async fn models_are_renamed_deleted_and_brought_back() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.says("Shipped model", SOON).await;
    browser.give_file(&tests::root().join("tests/models/fast-cnn.safetensors")).await;
    browser.says("Imported \"fast-cnn\"", SOON).await;
    browser.rename("My best").await;
    browser.visit("models").await;
    browser.says("My best", SOON).await;
    browser.click("button", "Delete").await;
    browser.says("Deleted \"My best\".", SOON).await;
    browser.says("Nothing of your own is kept yet", SOON).await;
    browser.click("button", "Undo delete").await;
    browser.get("button", "Delete").await;
    browser.visit("models").await;
    browser.says("My best", SOON).await;
    // What is loaded stays in use over a reload.
    browser.script("[...document.querySelectorAll('li.model button')].findLast(button => button.textContent === 'Load').click()").await;
    browser.says("My best: Fast CNN 99.40 %", SOON).await;
    browser.visit("").await;
    browser.says("My best: Fast CNN 99.40 %", SOON).await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.close().await;
}

/// One model loaded right after another: neither may appear with the other's card.
#[tokio::test]
async fn models_loaded_one_after_the_other_keep_their_own_cards() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.says("Small shipped model", SOON).await;
    browser.give_file(&tests::root().join("tests/models/fast-cnn.safetensors")).await;
    browser.says("Imported \"fast-cnn\"", SOON).await;
    let script = "window.states = [];
        const state = document.querySelector('.state span');
        const note = () => states.push(state.textContent);
        new MutationObserver(note).observe(state, {childList: true, characterData: true, subtree: true});
        const cards = [...document.querySelectorAll('li.model')];
        for (let round = 0; round < 4; round++)
            for (const card of cards)
                [...card.querySelectorAll('button')].find(own => own.textContent.startsWith('Load')).click();";
    browser.script(script).await;
    browser.says("fast-cnn: Fast CNN 99.40 %", SOON).await;
    // Whatever was clicked before it has been loaded by then: calls are answered in their order.
    let states = browser.script("return states").await;
    let states: Vec<&str> = states.as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
    println!("{states:?}");
    for (name, network) in
        [("Shipped model", "Reader CNN"), ("Small shipped model", "Small CNN"), ("fast-cnn", "Fast CNN")]
    {
        let own = states.iter().filter(|state| state.starts_with(name));
        assert!(own.clone().all(|state| state.contains(network)), "{states:?}");
    }
    browser.close().await;
}

/// A starred model is the one that every visit begins with, whatever was loaded since.
#[tokio::test]
async fn a_visit_begins_with_the_starred_model() {
    const SMALL: &str = "Small shipped model: Small CNN";
    const LARGE: &str = "Shipped model: Reader CNN";
    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.click_of("Small shipped model", "★ Star").await;
    browser.load("Small shipped").await;
    browser.says(SMALL, SOON).await;
    browser.load("Shipped").await;
    browser.says(LARGE, SOON).await;
    browser.visit("models").await;
    browser.says(SMALL, SOON).await;
    // Without a star, it is the last one that was loaded.
    browser.click_of("Small shipped model", "★ Star").await;
    browser.click_of("Shipped model", "★ Star").await;
    browser.click_of("Shipped model", "★ Star").await;
    browser.load("Small shipped").await;
    browser.says("Load again", SOON).await;
    browser.visit("models").await;
    browser.says(SMALL, SOON).await;
    browser.click_of("Shipped model", "★ Star").await;
    browser.visit("").await;
    browser.says(LARGE, SOON).await;
    browser.close().await;
}

#[tokio::test]
async fn without_indexeddb_models_are_kept_until_the_page_is_left() {
    let before = "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }";
    let browser = Browser::open(Options { before, ..Options::default() }).await;
    browser.visit("models").await;
    browser.says("models are kept until this page is left", SOON).await;
    browser.give_file(&tests::root().join("tests/models/fast-cnn.safetensors")).await;
    browser.says("Imported \"fast-cnn\"", SOON).await;
    browser.give_file(&tests::root().join("tests/models/fast-cnn.safetensors")).await;
    browser.says("Imported \"fast-cnn (2)\"", SOON).await;
    browser.get("button", "Delete").await;
    browser.close().await;
}

#[tokio::test]
async fn files_that_cannot_be_used_are_refused_with_a_reason() {
    let good = fs::read(tests::root().join("tests/models/fast-cnn.safetensors")).unwrap();
    let mut with_nan = good.clone();
    let end = with_nan.len();
    with_nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let overlap = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
    let overlap = [&(overlap.len() as u64).to_le_bytes(), overlap.as_bytes(), &[0; 12]].concat();
    let stranger = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let stranger = [&(stranger.len() as u64).to_le_bytes(), stranger.as_bytes(), &[0; 8]].concat();

    let browser = Browser::open(Options::default()).await;
    browser.visit("models").await;
    browser.says("Shipped model", SOON).await;
    for (name, bytes, why) in [
        ("truncated", &good[..good.len() / 2], "the file is cut off"),
        ("nan", &with_nan, "not a finite number"),
        ("overlap", &overlap, "overlap or leave gaps"),
        ("stranger", &stranger, "belongs to no layer known here"),
        (
            "picture",
            b"\x89PNG\r\n\x1a\n and no more than that".as_slice(),
            "a picture: read it on the Draw page",
        ),
        ("oversized", &vec![0; (64 << 20) + 1], "at most 64 MiB"),
    ] {
        let path = out().join(format!("{name}.safetensors"));
        fs::write(&path, bytes).unwrap();
        browser.give_file(&path).await;
        let text = browser.says(why, SOON).await;
        assert!(text.contains("The model in use is unchanged."), "{text}");
        assert!(text.contains(&format!("{name}.safetensors")), "{text}");
    }
    browser.picture("models-refused").await;
    // What takes the focus away with it gives it to what is left.
    for _ in 0..4 {
        browser.click("button", "Dismiss").await;
    }
    assert_eq!(browser.script("return document.activeElement.tagName").await, "MAIN");
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.close().await;
}
