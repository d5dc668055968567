//! Hours of use in minutes: memory must not grow. `cargo xtask soak --minutes 120` runs it; the whole suite leaves it out.

use std::{
    collections::HashMap,
    env, fs,
    time::{Duration, Instant},
};

use crate::{
    browser::{Browser, Options, out},
    page::{SEVEN, SOON},
};

const A_WHILE: Duration = Duration::from_mins(3);

/// A process and all that it started.
fn family(process: u32) -> Vec<u32> {
    let mut children = HashMap::<u32, Vec<u32>>::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // After the name, which may hold anything: state, then the parent.
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(id);
    }
    let (mut waiting, mut all) = (vec![process], Vec::new());
    while let Some(id) = waiting.pop() {
        waiting.extend(children.get(&id).into_iter().flatten());
        all.push(id);
    }
    all
}

/// Memory of a process in MiB: what is in RAM and shared with nobody.
fn private_mib(process: u32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).sum::<f64>() / 1024.0
}

/// That of a process and of all that it started.
fn memory_mib(process: u32) -> f64 {
    family(process).into_iter().map(private_mib).sum()
}

/// That of the browser's process for the page and its workers.
fn tab_mib(driver: u32) -> f64 {
    let is_tab = |id: &u32| {
        fs::read(format!("/proc/{id}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains("--type=renderer"))
    };
    family(driver).into_iter().filter(is_tab).map(private_mib).fold(0.0, f64::max)
}

#[tokio::test]
async fn a_tab_takes_little_memory() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.says("99.68", SOON).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let drawing = tab_mib(browser.driver_id());
    browser.visit("train?device=cpu&seed=1").await;
    let has_mnist = cfg!(has_mnist);
    if !has_mnist {
        browser.choose("Data", "Built-in digits").await;
    }
    browser.click("button", "Start training").await;
    // To its end: what an epoch ends with asks about every image.
    let (start, mut training, mut text) = (Instant::now(), 0.0_f64, String::new());
    while !text.contains("Done: 1 epoch") {
        assert!(start.elapsed() < A_WHILE, "the run does not end:\n{text}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        training = training.max(tab_mib(browser.driver_id()));
        text = browser.text().await;
    }
    println!("memory of a tab: {drawing:.0} MiB drawing, {training:.0} MiB training (MNIST: {has_mnist})");
    assert!(drawing < 120.0, "{drawing:.0} MiB");
    assert!(training < 400.0, "{training:.0} MiB");
    browser.close().await;
}

/// What is kept is read when it is looked at: 500 runs with 280 MB of curves leave a new tab as small as none do.
#[tokio::test]
async fn a_tab_does_not_grow_with_what_is_kept() {
    let browser = Browser::open(Options::default()).await;
    browser.start_built_in("cpu", 600, 1).await;
    browser.says("Done: 1 epoch", A_WHILE).await;
    let at_start = async || {
        browser.visit("runs").await;
        browser.says("Compare all", SOON).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        tab_mib(browser.driver_id())
    };
    let before = at_start().await;
    browser.copy_run(20_000).await;
    let after = at_start().await;
    println!("memory of a tab on the Runs page: {before:.0} MiB with 1 run, {after:.0} MiB with 501");
    assert!(after < before + 30.0, "{before:.0} MiB with 1 run, {after:.0} MiB with 501");
    browser.close().await;
}

/// A PNG of a seven, on paper of any size: pictures in a row must not pile up.
fn picture() -> Vec<u8> {
    const SIDE: usize = 300;
    let is_ink = |x: usize, y: usize| {
        (60..80).contains(&y) && (80..220).contains(&x)
            || (60..250).contains(&y) && (x + y / 2).abs_diff(245) < 12
    };
    let pixels: Vec<u8> =
        (0..SIDE * SIDE).map(|index| if is_ink(index % SIDE, index / SIDE) { 20 } else { 250 }).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIDE as u32, SIDE as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

#[tokio::test]
async fn soak() {
    let Some(minutes) = env::var("INKLING_SOAK_MINUTES").ok().and_then(|minutes| minutes.parse::<u64>().ok())
    else {
        println!("skipped: `cargo xtask soak` runs it");
        return;
    };
    let browser = Browser::open(Options::default()).await;
    let file = out().join("soak.png");
    fs::write(&file, picture()).unwrap();
    let (start, mut round, mut series, mut forgotten) = (Instant::now(), 0_u32, Vec::new(), 0);
    browser.visit("train?device=cpu").await;
    browser.choose("Data", "Built-in digits").await;
    browser.fill("Built-in digits", "600").await;
    while start.elapsed() < Duration::from_mins(minutes) {
        // A run to its end, and a few that are stopped at once.
        browser.click("link", "Train").await;
        browser.fill("Epochs", "2").await;
        browser.click("button", "Start training").await;
        browser.says("Done: 2 epochs", A_WHILE).await;
        browser.fill("Epochs", "900").await;
        for _ in 0..5 {
            browser.click("button", "Start training").await;
            browser.says("images/s", A_WHILE).await;
            browser.click("button", "Stop").await;
            browser.says("Stopped at step", SOON).await;
        }
        browser.click("link", "Draw").await;
        browser.draw(SEVEN).await;
        browser.reads('7').await;
        browser.click("button", "Clear").await;
        for _ in 0..25 {
            browser.give_named_file("Picture to read", &file).await;
            browser.reads('7').await;
            browser.click("button", "Close picture").await;
        }
        browser.click("link", "Models").await;
        browser.choose("Test on", "Built-in digits").await;
        browser.click("button", "Evaluate").await;
        browser.text_when("table", "Confusion matrix", A_WHILE, |text| !text.is_empty()).await;
        round += 1;
        forgotten = browser.forget_elements(forgotten).await;
        let mib = memory_mib(browser.driver_id());
        println!(
            "{:>5.1} min, round {round}: {mib:.0} MiB, {} runs, {} pictures",
            start.elapsed().as_secs_f64() / 60.0,
            6 * round,
            25 * round
        );
        series.push(mib);
    }
    // What a page takes to warm up is no growth: the second half against the second quarter.
    let (quarter, half) = (series.len() / 4, series.len() / 2);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let (early, late) = (mean(&series[quarter..half]), mean(&series[half..]));
    println!("{round} rounds: {early:.0} MiB early, {late:.0} MiB late");
    assert!(series.len() < 8 || late < 1.15 * early + 30.0, "memory grows: {series:.0?}");
    browser.close().await;
}
