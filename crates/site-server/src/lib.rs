//! A small static file server: what any static host does, and nothing more.
//!
//! A thread for each connection: a browser holds six of them open, and a server with fewer threads leaves one of its requests
//! without an answer.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// What to answer in place of a file: its bytes, given its path below the site's root; `None` leaves the file.
pub type Override = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// The most bytes of a request's head.
const MAX_HEAD: usize = 64 << 10;

/// A running server; it stops, and every connection ends, when this is dropped.
pub struct SiteServer {
    site: Arc<Site>,
    address: SocketAddr,
    url: String,
}

struct Site {
    folder: PathBuf,
    base_path: String,
    instead: Option<Arc<Override>>,
    is_over: AtomicBool,
    /// Those that are open, by a number.
    connections: Mutex<BTreeMap<u64, TcpStream>>,
}

impl SiteServer {
    /// Serves `folder` below `base_path` (`/` or `/x/`) at this address; port 0 takes any free one.
    ///
    /// # Errors
    /// Where the address is taken.
    pub fn start(
        folder: &Path,
        base_path: &str,
        address: SocketAddr,
        instead: Option<&Arc<Override>>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let site = Arc::new(Site {
            folder: folder.to_owned(),
            base_path: base_path.to_owned(),
            instead: instead.cloned(),
            is_over: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let url = format!("http://{address}{base_path}");
        let own = Arc::clone(&site);
        thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                if own.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), own) = (stream, Arc::clone(&own)) else { continue };
                thread::spawn(move || {
                    if let Ok(kept) = stream.try_clone() {
                        own.with_connections(|open| open.insert(number, kept));
                    }
                    // A browser that has gone away is nobody's fault.
                    let _ = own.serve(stream);
                    own.with_connections(|open| open.remove(&number));
                });
            }
        });
        Ok(Self { site, address, url })
    }

    /// Address of the site's root, ending in a slash.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for SiteServer {
    fn drop(&mut self) {
        self.site.is_over.store(true, Ordering::Relaxed);
        self.site.with_connections(|open| {
            for stream in open.values() {
                // One that has ended by itself has nothing left to end.
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        // The listener wakes and sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// An answer on its way.
struct Answer {
    status: &'static str,
    /// The path whose ending says what the body is.
    name: String,
    encoding: Option<&'static str>,
    body: Vec<u8>,
}

impl Answer {
    fn new(status: &'static str, name: &str, body: Vec<u8>) -> Self {
        Self { status, name: name.to_owned(), encoding: None, body }
    }

    fn write(&self, stream: &mut TcpStream, has_body: bool) -> io::Result<()> {
        let caching =
            if names_its_content(&self.name) { "public, max-age=31536000, immutable" } else { "no-cache" };
        let encoding =
            self.encoding.map_or_else(String::new, |encoding| format!("Content-Encoding: {encoding}\r\n"));
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: {caching}\r\n\
             {encoding}Vary: Accept-Encoding\r\nX-Content-Type-Options: nosniff\r\n\r\n",
            self.status,
            content_type(&self.name),
            self.body.len(),
        );
        // In one piece: a head of its own would wait for the other side.
        let body = if has_body { self.body.as_slice() } else { &[] };
        stream.write_all(&[head.as_bytes(), body].concat())
    }
}

impl Site {
    fn with_connections<T>(&self, act: impl FnOnce(&mut BTreeMap<u64, TcpStream>) -> T) -> T {
        act(&mut self.connections.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers the requests of a connection, one after the other, until it ends.
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let (mut received, mut chunk) = (Vec::new(), vec![0; 8 << 10]);
        loop {
            let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
                let count = stream.read(&mut chunk)?;
                if count == 0 || received.len() > MAX_HEAD {
                    return Ok(());
                }
                received.extend_from_slice(&chunk[..count]);
                continue;
            };
            let head: Vec<u8> = received.drain(..end + 4).collect();
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut request = httparse::Request::new(&mut headers);
            if request.parse(&head).is_err() {
                return Answer::new("400 Bad Request", "", Vec::new()).write(&mut stream, true);
            }
            let method = request.method.unwrap_or_default();
            if !["GET", "HEAD"].contains(&method) {
                return Answer::new("405 Method Not Allowed", "", Vec::new()).write(&mut stream, true);
            }
            let is_last = request.headers.iter().any(|header| {
                header.name.eq_ignore_ascii_case("connection") && header.value.eq_ignore_ascii_case(b"close")
            });
            let encodings =
                request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("accept-encoding"));
            let encodings: String = encodings.map(|header| String::from_utf8_lossy(header.value)).collect();
            self.answer(request.path.unwrap_or_default(), &encodings).write(&mut stream, method == "GET")?;
            if is_last {
                return Ok(());
            }
        }
    }

    fn answer(&self, path: &str, encodings: &str) -> Answer {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let Some(relative) = path.strip_prefix(&self.base_path) else {
            return Answer::new("404 Not Found", ".txt", b"Not below the site's root".to_vec());
        };
        if let Some(bytes) = self.instead.as_ref().and_then(|instead| instead(relative)) {
            return Answer::new("200 OK", if relative.is_empty() { ".html" } else { relative }, bytes);
        }
        if let Some(path) = file_below(&self.folder, relative) {
            let name = path.to_string_lossy().into_owned();
            for (ending, encoding) in ENCODINGS {
                let is_accepted =
                    encodings.split(',').any(|one| one.split(';').next().map(str::trim) == Some(encoding));
                if is_accepted && let Ok(bytes) = fs::read(format!("{name}.{ending}")) {
                    return Answer { encoding: Some(encoding), ..Answer::new("200 OK", &name, bytes) };
                }
            }
            if let Ok(bytes) = fs::read(&path) {
                return Answer::new("200 OK", &name, bytes);
            }
        }
        // As static hosts do it: the site's own page for what is not there.
        Answer::new("404 Not Found", "404.html", fs::read(self.folder.join("404.html")).unwrap_or_default())
    }
}

/// The file that a path names; a folder's is its index. `None` for a path that leaves the folder.
fn file_below(folder: &Path, relative: &str) -> Option<PathBuf> {
    let relative = Path::new(relative);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let path = folder.join(relative);
    Some(if path.is_dir() { path.join("index.html") } else { path })
}

/// Compressed files that may lie beside a file, the smallest first: their ending, and what HTTP calls it.
const ENCODINGS: [(&str, &str); 2] = [("br", "br"), ("gz", "gzip")];

/// Whether a path names its content's sum, so that what lies there never changes: `app-0123456789abcdef.js`.
fn names_its_content(path: &str) -> bool {
    path.split(['-', '/', '.', '_'])
        .any(|part| part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What a file is, by its ending.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_folder_is_served() {
        let folder = Path::new("/site");
        assert_eq!(file_below(folder, "a/b.js"), Some(PathBuf::from("/site/a/b.js")));
        assert_eq!(file_below(folder, "../etc/passwd"), None);
        assert_eq!(file_below(folder, "a/../../b"), None);
        assert_eq!(file_below(folder, "/etc/passwd"), None);
    }

    #[test]
    fn what_names_its_content_is_cached_for_good() {
        for (path, names) in [
            ("app-0123456789abcdef_bg.wasm", true),
            ("worker/cpu-0123456789abcdef/loader.js", true),
            ("index.html", false),
            ("models/small-cnn.safetensors", false),
            ("sw.js", false),
        ] {
            assert_eq!(names_its_content(path), names, "{path}");
        }
    }

    /// A browser's six connections at once, each kept open, and an end to all of them.
    #[test]
    fn many_connections_are_answered_and_ended_together() {
        let folder = std::env::temp_dir().join(format!("inkling-server-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.js"), "let a;").unwrap();
        fs::write(folder.join("a.js.br"), "packed").unwrap();
        let server = SiteServer::start(&folder, "/x/", SocketAddr::from(([127, 0, 0, 1], 0)), None).unwrap();
        let mut streams: Vec<_> = (0..12).map(|_| TcpStream::connect(server.address).unwrap()).collect();
        let ask = |stream: &mut TcpStream, request: &str| {
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = [0; 1024];
            let count = stream.read(&mut answer).unwrap();
            String::from_utf8_lossy(&answer[..count]).into_owned()
        };
        for stream in &mut streams {
            let plain = ask(stream, "GET /x/a.js?y HTTP/1.1\r\n\r\n");
            assert!(plain.starts_with("HTTP/1.1 200 OK") && plain.ends_with("\r\n\r\nlet a;"), "{plain}");
            let packed = ask(stream, "GET /x/a.js HTTP/1.1\r\nAccept-Encoding: gzip, br\r\n\r\n");
            assert!(packed.contains("Content-Encoding: br") && packed.ends_with("packed"), "{packed}");
            assert!(ask(stream, "HEAD /x/b HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        }
        drop(server);
        for stream in &mut streams {
            assert_eq!(stream.read(&mut [0; 8]).unwrap_or(0), 0, "a connection outlives its server");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
