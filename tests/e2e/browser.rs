//! A browser with the site in it.

use std::{
    env, fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, ExitStatus},
    sync::Arc,
};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use site_server::{Override, SiteServer};

use crate::{
    kinds::{Drivers, Kind, Session},
    webdriver::SessionCommand,
};

/// How a browser differs from the usual one.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// Which browser; the flags and scripts below are for Chromium.
    pub(crate) kind: Kind,
    /// Further flags.
    pub(crate) flags: &'static [&'static str],
    /// A script to run before the page's own.
    pub(crate) before: &'static str,
    /// Answers in place of files.
    pub(crate) instead: Option<Arc<Override>>,
    /// Size of the window; 1280 x 900 where it is not said.
    pub(crate) window: Option<(u32, u32)>,
}

/// A browser, its driver and a server; all end when this is closed or dropped.
pub(crate) struct Browser {
    pub(crate) client: Client,
    pub(crate) url: String,
    /// Where downloads go.
    pub(crate) downloads: PathBuf,
    profile: PathBuf,
    options: Options,
    drivers: Drivers,
    server: Option<SiteServer>,
}

pub(crate) fn dist() -> PathBuf {
    env::var_os("INKLING_DIST").map_or_else(|| tests::root().join("dist"), PathBuf::from)
}

/// The path that the site was built for.
fn base_path() -> String {
    let index = fs::read_to_string(dist().join("index.html")).expect("`cargo xtask dist` has built the site");
    let base = index.split_once("<base href=").expect("Trunk writes the base").1;
    base.trim_start_matches('"').split(['"', '>', ' ']).next().unwrap_or("/").to_owned()
}

/// A folder for what a test leaves behind.
pub(crate) fn out() -> PathBuf {
    let out = tests::root().join("target/e2e");
    fs::create_dir_all(&out).unwrap();
    out
}

impl Browser {
    pub(crate) async fn open(options: Options) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = SiteServer::start(&dist(), &base_path(), address, options.instead.as_ref()).unwrap();
        Self::open_in(options, server, None).await
    }

    /// Kills the browser with everything in it, as a power cut would, and opens it anew on the same site and profile.
    pub(crate) async fn kill_and_reopen(mut self) -> Self {
        let server = self.server.take().unwrap();
        assert!(self.kill().is_ok(), "pkill is there");
        // Its lock names the process that is gone.
        for lock in ["SingletonLock", "SingletonCookie", "SingletonSocket"] {
            let _ = fs::remove_file(self.profile.join(lock));
        }
        tokio::time::sleep(core::time::Duration::from_millis(200)).await;
        Self::open_in(self.options.clone(), server, Some(self.profile.clone())).await
    }

    fn kill(&mut self) -> std::io::Result<ExitStatus> {
        self.drivers.end();
        self.signal("-9")
    }

    /// Sends a signal to every process of the browser.
    fn signal(&self, signal: &str) -> std::io::Result<ExitStatus> {
        let pattern = format!("user-data-dir={}", self.profile.display());
        Command::new("pkill").args([signal, "-f", &pattern]).status()
    }

    /// Stops every process of the browser for a while, as a laptop does that is closed.
    pub(crate) async fn sleep(&self, duration: core::time::Duration) {
        assert!(self.signal("-STOP").is_ok_and(|status| status.success()), "pkill stops the browser");
        tokio::time::sleep(duration).await;
        assert!(self.signal("-CONT").is_ok_and(|status| status.success()), "pkill wakes the browser");
    }

    async fn open_in(options: Options, server: SiteServer, profile: Option<PathBuf>) -> Self {
        let url = server.url().to_owned();
        let kind = options.kind;
        let (drivers, port) = kind.start_driver();

        let size = options.window.unwrap_or((1280, 900));
        let flags = env::var("INKLING_BROWSER_FLAGS").unwrap_or("--headless=new --no-sandbox".into());
        let mut arguments: Vec<String> = flags.split(' ').map(str::to_owned).collect();
        arguments.extend(options.flags.iter().map(|flag| (*flag).to_owned()));
        let profile = profile.unwrap_or_else(|| out().join(format!("profile-{port}")));
        let downloads = out().join(format!("downloads-{port}"));
        fs::create_dir_all(&downloads).unwrap();
        let session = Session { arguments: &arguments, profile: &profile, downloads: &downloads, size };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(kind.capabilities(&session))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the browser starts");
        let before = options.before;
        let browser = Self { client, url, downloads, profile, options, drivers, server: Some(server) };
        if kind == Kind::Chromium {
            // Window sizes below the browser's least width are emulated, as its own developer tools do.
            let (width, height) = size;
            let metrics =
                json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
            browser.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
            browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": before })).await;
        }
        browser
    }

    pub(crate) fn kind(&self) -> Kind {
        self.options.kind
    }

    /// The driver's process, which started the browser's.
    pub(crate) fn driver_id(&self) -> u32 {
        self.drivers.id()
    }

    /// Takes the site's host off the network.
    pub(crate) fn stop_server(&mut self) {
        self.server = None;
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.client.issue_cmd(SessionCommand::devtools(command, parameters)).await.unwrap()
    }

    /// Has the driver let go of what it was asked for after number `since`, and gives the newest number: each element would keep
    /// its whole page, long after the page is gone.
    pub(crate) async fn forget_elements(&self, since: u32) -> u32 {
        let newest = self.devtools("Runtime.evaluate", &json!({ "expression": "({})" })).await;
        // Such as `-7291.3.120`: the last number counts what was ever asked for.
        let newest = newest["result"]["objectId"].as_str().unwrap();
        let (page, count) = newest.rsplit_once('.').unwrap();
        let count = count.parse().unwrap();
        for number in since + 1..=count {
            let object = json!({ "objectId": format!("{page}.{number}") });
            // Most are let go of already, which is an error.
            let _ = self.client.issue_cmd(SessionCommand::devtools("Runtime.releaseObject", &object)).await;
        }
        self.devtools("HeapProfiler.collectGarbage", &json!({})).await;
        count
    }

    /// Checks that the page has asked no other host for anything, then ends the browser.
    pub(crate) async fn close(mut self) {
        let script = "return performance.getEntriesByType('resource').map(entry => entry.name)";
        let names = self.client.execute(script, Vec::new()).await.unwrap();
        for name in names.as_array().unwrap() {
            let name = name.as_str().unwrap();
            let own = name.starts_with(&self.url) || name.starts_with("blob:") || name.starts_with("data:");
            assert!(own, "the page asked for {name}");
        }
        self.client.clone().close().await.unwrap();
        self.drivers.end();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // What a test that failed leaves behind would train on, and slow down all that follow.
        if std::thread::panicking() {
            // Without pkill it goes on.
            let _ = self.kill();
        }
    }
}
