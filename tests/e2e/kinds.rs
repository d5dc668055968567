//! The browsers that the page is tested in, and how each is started.

use std::{
    env,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::{Map, Value, json};

/// A browser engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Chromium, Chrome and Edge.
    #[default]
    Chromium,
    /// Firefox.
    Firefox,
    /// `WebKitGTK`, which stands in for Safari.
    WebKit,
}

impl Kind {
    /// Whether this machine has it.
    pub(crate) fn is_there(self) -> bool {
        let wanted: &[&str] = match self {
            Self::Chromium => &[],
            Self::Firefox => &["INKLING_GECKODRIVER", "INKLING_FIREFOX"],
            Self::WebKit => &["INKLING_WEBKITDRIVER", "INKLING_MINIBROWSER"],
        };
        wanted.iter().all(|name| env::var_os(name).is_some())
    }

    /// Starts its driver on a free port.
    pub(crate) fn start_driver(self) -> (Drivers, String) {
        match self {
            Self::Chromium => {
                (0..5).find_map(|_| start_chromedriver()).expect("ChromeDriver starts and says its port")
            }
            Self::Firefox => start_on_free_port("INKLING_GECKODRIVER", |port| {
                vec!["--port".into(), port.into(), "--websocket-port".into(), "0".into()]
            }),
            Self::WebKit => start_on_free_port("INKLING_WEBKITDRIVER", |port| vec![format!("--port={port}")]),
        }
    }

    /// What is asked of the driver.
    pub(crate) fn capabilities(self, session: &Session<'_>) -> Map<String, Value> {
        let Session { arguments, profile, downloads, size: (width, height) } = session;
        let mut capabilities = Map::new();
        match self {
            Self::Chromium => {
                let mut arguments = arguments.to_vec();
                arguments.push(format!("--window-size={width},{height}"));
                arguments.push(format!("--user-data-dir={}", profile.display()));
                let prefs = json!({ "download.default_directory": downloads });
                let mut chrome = json!({ "args": arguments, "prefs": prefs });
                if let Ok(program) = env::var("INKLING_BROWSER") {
                    chrome["binary"] = json!(program);
                }
                capabilities.insert("goog:chromeOptions".into(), chrome);
            }
            Self::Firefox => {
                let prefs = json!({
                    "browser.download.dir": downloads,
                    "browser.download.folderList": 2,
                    "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
                });
                let options = json!({
                    "args": ["-headless", format!("--width={width}"), format!("--height={height}")],
                    "binary": env::var("INKLING_FIREFOX").unwrap_or_default(),
                    "prefs": prefs,
                });
                capabilities.insert("moz:firefoxOptions".into(), options);
            }
            Self::WebKit => {
                capabilities.insert("browserName".into(), json!("MiniBrowser"));
                let binary = env::var("INKLING_MINIBROWSER").unwrap_or_default();
                let options = json!({ "binary": binary, "args": ["--automation"] });
                capabilities.insert("webkitgtk:browserOptions".into(), options);
            }
        }
        capabilities
    }
}

/// What a session needs.
pub(crate) struct Session<'a> {
    pub(crate) arguments: &'a [String],
    pub(crate) profile: &'a Path,
    pub(crate) downloads: &'a Path,
    pub(crate) size: (u32, u32),
}

/// A driver, and the screen that its browser is shown on where it needs one. Both end with this.
pub(crate) struct Drivers {
    driver: Child,
    screen: Option<Child>,
}

impl Drivers {
    pub(crate) fn id(&self) -> u32 {
        self.driver.id()
    }

    pub(crate) fn end(&mut self) {
        for child in [Some(&mut self.driver), self.screen.as_mut()].into_iter().flatten() {
            // It ends by itself at the worst: nothing depends on it any more.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Drivers {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts ChromeDriver on a free port. It takes the same one for IPv4 and IPv6, and ends where only one of them is
/// free: then there is none, and another try finds another port.
fn start_chromedriver() -> Option<(Drivers, String)> {
    let mut driver = Command::new(env::var("INKLING_CHROMEDRIVER").unwrap_or("chromedriver".into()))
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("ChromeDriver starts");
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let line = lines.find_map(|line| Some(line.unwrap().split_once("successfully on port ")?.1.to_owned()));
    let mut drivers = Drivers { driver, screen: None };
    let Some(port) = line else {
        // It has ended, or says nothing that helps.
        drivers.end();
        return None;
    };
    // What it says later must not fill the pipe.
    thread::spawn(move || lines.for_each(drop));
    Some((drivers, port.trim_end_matches('.').to_owned()))
}

fn start_on_free_port(variable: &str, arguments: impl Fn(&str) -> Vec<String>) -> (Drivers, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let screen = (variable == "INKLING_WEBKITDRIVER").then(start_screen);
    let mut command = Command::new(env::var(variable).unwrap());
    command.args(arguments(&port)).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((_, display)) = &screen {
        command.env("DISPLAY", display);
    }
    let driver = command.spawn().expect("the driver starts");
    for _ in 0..200 {
        if std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
            break;
        }
        thread::sleep(core::time::Duration::from_millis(50));
    }
    (Drivers { driver, screen: screen.map(|(screen, _)| screen) }, port)
}

/// A screen in memory, and its name.
fn start_screen() -> (Child, String) {
    let mut screen = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1280x1000x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb starts");
    let mut number = String::new();
    BufReader::new(screen.stdout.take().unwrap()).read_line(&mut number).unwrap();
    (screen, format!(":{}", number.trim()))
}
