//! How Lighthouse rates the site: the first visit of a phone on a slow line, as it simulates one.

use std::{fs, net::SocketAddr};

use anyhow::Context as _;
use serde_json::Value;
use site_server::SiteServer;

use crate::{
    places,
    process::{command, run, step},
    suite, tools,
};

const VERSION: &str = "12.8.2";
/// Times vary with what else the machine does.
const ROUNDS: u32 = 3;

/// Rates the site that the tests have built.
pub(crate) fn rate() -> anyhow::Result<()> {
    let browser = tools::set_up_browser()?;
    step("Lighthouse");
    tools::npm_install(&format!("lighthouse@{VERSION}"))?;
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = SiteServer::start(&places::test_site(), "/inkling/", any_port, None)?;
    let report = places::target().join("lighthouse.json");
    for _ in 0..ROUNDS {
        run(command("lighthouse")
            .arg(server.url())
            .args(["--quiet", "--output", "json", "--output-path"])
            .arg(&report)
            .arg(format!("--chrome-flags={}", suite::browser_flags().join(" ")))
            .env("CHROME_PATH", suite::program(&browser.browser)?))?;
        let report: Value = serde_json::from_slice(&fs::read(&report)?)?;
        let categories = report["categories"].as_object().context("Lighthouse's report has no categories")?;
        let scores =
            categories.iter().map(|(name, category)| format!("{name} {}", percent(&category["score"])));
        println!("    {}", scores.collect::<Vec<_>>().join(", "));
        for audit in ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time"] {
            let audit = &report["audits"][audit];
            println!("    {}: {}", text(&audit["title"]), text(&audit["displayValue"]));
        }
        let tasks = report["audits"]["long-tasks"]["details"]["items"].as_array();
        let longest =
            tasks.into_iter().flatten().filter_map(|task| task["duration"].as_f64()).fold(0.0, f64::max);
        println!("    Longest task of the main thread, at a fourth of the speed: {longest:.0} ms");
    }
    Ok(())
}

/// A share as Lighthouse shows it.
fn percent(score: &Value) -> String {
    score.as_f64().map_or_else(|| "?".to_owned(), |score| format!("{:.0}", 100.0 * score))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
