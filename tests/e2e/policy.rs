//! What page and workers may do: nothing but what the site is made of, and no word to another host.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    browser::{Browser, Options, dist},
    page::{SEVEN, SOON},
};

/// Another host, which counts who comes.
pub(crate) struct OtherHost {
    pub(crate) url: String,
    visits: Arc<Mutex<Vec<String>>>,
}

impl OtherHost {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let visits: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&visits);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = stream;
                let mut first = String::new();
                let _ = BufReader::new(&stream).read_line(&mut first);
                seen.lock().unwrap().push(first);
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Self { url, visits }
    }

    pub(crate) fn visits(&self) -> Vec<String> {
        self.visits.lock().unwrap().clone()
    }
}

/// Has the page hear what workers say of their tries.
const HEAR_TRIES: &str = "window.tries = []; window.heard = new BroadcastChannel('tries'); heard.onmessage = event => tries.push(event.data);";

/// Answers for workers that try to reach another host before they do anything else.
pub(crate) fn trying_workers(other: &str) -> Arc<site_server::Override> {
    let attempt = format!(
        "fetch('{other}from-a-worker', {{mode: 'no-cors'}}).then(() => 'reached', () => 'blocked')
            .then(result => new BroadcastChannel('tries').postMessage(result));\n"
    );
    Arc::new(move |path: &str| {
        let loader = path.ends_with("loader.js").then(|| dist().join(path))?;
        Some([attempt.as_bytes(), &fs::read(loader).ok()?].concat())
    })
}

impl Browser {
    /// Checks that neither the page nor its workers, helping ones included, reach another host.
    pub(crate) async fn reaches_no_other_host(&self, other: &OtherHost) {
        self.fill_built_in("cpu", 600, 3).await;
        self.fill("Workers", "2").await;
        self.script(HEAR_TRIES).await;
        self.click("button", "Start training").await;
        self.says("Done: 3 epochs", Duration::from_mins(2)).await;
        let tries = self.script("return tries").await;
        let tries: Vec<&str> = tries.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        // The one that trains, and the one that helps it.
        assert!(tries.len() >= 2, "{tries:?}");
        assert!(tries.iter().all(|result| *result == "blocked"), "{tries:?}");
        let script = format!(
            "return fetch('{}from-the-page', {{mode: 'no-cors'}}).then(() => 'reached', () => 'blocked')",
            other.url
        );
        assert_eq!(self.script(&script).await, "blocked");
        assert_eq!(other.visits(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn neither_page_nor_workers_reach_another_host() {
    let other = OtherHost::start();
    let options = Options { instead: Some(trying_workers(&other.url)), ..Options::default() };
    let browser = Browser::open(options).await;
    browser.reaches_no_other_host(&other).await;
    browser.close().await;
    // The host is there for whoever may reach it.
    let mut stream =
        TcpStream::connect(other.url.trim_start_matches("http://").trim_end_matches('/')).unwrap();
    stream.write_all(b"GET /control HTTP/1.1\r\n\r\n").unwrap();
    let _ = stream.read(&mut [0; 16]);
    assert_eq!(other.visits().len(), 1);
}

/// No script, style or evaluated text gets in, whichever way it comes.
#[tokio::test]
async fn the_policy_lets_nothing_in() {
    let browser = Browser::open(Options::default()).await;
    browser.visit("").await;
    let tries = "
        const tried = [];
        const attempt = (name, act) => { try { act(); } catch (error) { tried.push(name); } };
        window.got = [];
        attempt('html', () => { document.createElement('div').innerHTML = '<img src=x onerror=got.push(2)>'; });
        attempt('worker', () => new Worker('https://example.org/x.js'));
        const script = document.createElement('script');
        attempt('script', () => { script.textContent = 'got.push(3)'; });
        document.head.append(script);
        const style = document.createElement('style');
        style.textContent = 'body { outline: 7px solid red }';
        document.head.append(style);
        const line = document.createElement('p');
        line.setAttribute('style', 'outline-width: 7px');
        document.body.append(line);
        const found = [getComputedStyle(document.body).outlineWidth, getComputedStyle(line).outlineWidth, got.length].join(' ');
        line.remove(); style.remove(); script.remove();
        // The driver's own scripts may evaluate text; what runs later is the page's.
        return new Promise(done => setTimeout(() => {
            attempt('eval', () => (0, eval)('got.push(1)'));
            done([tried.join(' '), found]);
        }))";
    let result = browser.script(tries).await;
    assert_eq!(result[0], "html worker script eval");
    let found = result[1].as_str().unwrap();
    assert!(!found.contains("7px") && found.ends_with(" 0"), "{found}");
    browser.close().await;
}

/// What the network itself sees: a proxy that lets nothing through but the site.
#[tokio::test]
async fn the_network_sees_no_other_host() {
    let (proxy, asked) = start_proxy();
    let flags: &'static [&'static str] = Box::leak(Box::new([
        &*Box::leak(format!("--proxy-server=http://{proxy}").into_boxed_str()),
        "--proxy-bypass-list=<-loopback>",
    ]));
    let browser = Browser::open(Options { flags, ..Options::default() }).await;
    browser.visit("").await;
    browser.draw(SEVEN).await;
    browser.reads('7').await;
    browser.start_built_in("cpu", 600, 1).await;
    browser.says("Done: 1 epoch", Duration::from_mins(1)).await;
    for page in ["data", "runs", "models", "learn", "hand"] {
        browser.visit(page).await;
        browser.get("link", "Learn").await;
    }
    tokio::time::sleep(SOON / 10).await;
    let own = browser.url.split('/').nth(2).unwrap().to_owned();
    browser.close().await;
    let asked = asked.lock().unwrap();
    assert!(asked.contains(&own), "the proxy was not used");
    // What Chromium itself asks, whatever page is open: for updates, its sign-in, its start page.
    let is_the_browsers = |host: &str| {
        let name = host.split(':').next().unwrap_or_default();
        [".googleapis.com", ".google.com", ".gvt1.com", ".duckduckgo.com"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let others: Vec<&String> = asked.iter().filter(|host| **host != own && !is_the_browsers(host)).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// A proxy for plain HTTP to this machine, and the hosts that it was asked for.
fn start_proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            thread::spawn(move || forward(stream, &seen));
        }
    });
    (address, asked)
}

/// Passes one request on.
fn forward(mut stream: TcpStream, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut head, mut line) = (Vec::new(), String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        head.push(core::mem::take(&mut line));
    }
    let request: Vec<&str> = head.first()?.split(' ').collect();
    let target = request.get(1)?;
    let host = target.trim_start_matches("http://").split('/').next()?.to_owned();
    asked.lock().unwrap().push(host.clone());
    if !target.starts_with("http://127.0.0.1:") {
        return stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .ok();
    }
    let path = target.trim_start_matches("http://").trim_start_matches(host.as_str());
    let mut site = TcpStream::connect(&host).ok()?;
    let rest = head[1..].iter().filter(|line| {
        !line.to_lowercase().starts_with("proxy-connection") && !line.to_lowercase().starts_with("connection")
    });
    let rest: String = rest.map(String::as_str).collect();
    site.write_all(format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{rest}\r\n").as_bytes()).ok()?;
    std::io::copy(&mut site, &mut stream).ok().map(drop)
}
