//! A small static file server: what any static host does, and nothing more.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Component, Path, PathBuf},
    sync::Arc,
    thread,
};

use tiny_http::{Header, Request, Response, Server};

/// What to answer in place of a file: its bytes, given its path below the site's root; `None` leaves the file.
pub type Override = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// A running server; it stops when this is dropped.
pub struct SiteServer {
    server: Arc<Server>,
    url: String,
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
        let server = Server::http(address).map_err(|error| io::Error::other(error.to_string()))?;
        let server = Arc::new(server);
        let port = server.server_addr().to_ip().map_or(address.port(), |bound| bound.port());
        let url = format!("http://{}:{port}{base_path}", address.ip());
        // Several threads: a browser loads the page, two workers and the data at the same time.
        for _ in 0..4 {
            let (server, folder, base_path) = (Arc::clone(&server), folder.to_owned(), base_path.to_owned());
            let instead = instead.cloned();
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // A browser that has gone away is nobody's fault.
                    let _ = answer(request, &folder, &base_path, instead.as_deref());
                }
            });
        }
        Ok(Self { server, url })
    }

    /// Address of the site's root, ending in a slash.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for SiteServer {
    fn drop(&mut self) {
        for _ in 0..4 {
            self.server.unblock();
        }
    }
}

fn answer(request: Request, folder: &Path, base_path: &str, instead: Option<&Override>) -> io::Result<()> {
    let path = request.url().split(['?', '#']).next().unwrap_or_default().to_owned();
    let Some(relative) = path.strip_prefix(base_path) else {
        return request.respond(Response::from_string("Not below the site's root").with_status_code(404));
    };
    if let Some(bytes) = instead.and_then(|instead| instead(relative)) {
        return request.respond(typed(Response::from_data(bytes), relative));
    }
    if let Some(path) = file_below(folder, relative)
        && let Ok(bytes) = fs::read(&path)
    {
        return request.respond(typed(Response::from_data(bytes), &path.to_string_lossy()));
    }
    // As static hosts do it: the site's own page for what is not there.
    let page = fs::read(folder.join("404.html")).unwrap_or_default();
    request.respond(typed(Response::from_data(page).with_status_code(404), "404.html"))
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

fn typed(response: Response<io::Cursor<Vec<u8>>>, name: &str) -> Response<io::Cursor<Vec<u8>>> {
    let content_type = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        // Without an extension it is a folder's index, given by an override.
        _ if name.is_empty() => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    };
    let headers = [
        ("Content-Type", content_type),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
    ];
    headers.into_iter().fold(response, |response, (name, value)| {
        match Header::from_bytes(name.as_bytes(), value.as_bytes()) {
            Ok(header) => response.with_header(header),
            Err(()) => response,
        }
    })
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
}
