//! The HTML of every route: Trunk's page, its policy, and what stands in it before the page has arrived.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::FirstPage;
use crate::{places, worker_build::short_hex};

/// Folders of the routes beside the Draw page. A host then needs no rewriting rules.
pub(super) const ROUTES: [&str; 7] = ["train", "data", "hand", "runs", "models", "learn", "about"];

/// Nothing but the site's own files: no script or style in the HTML, no other host, and workers that inherit all of this.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self' blob:; \
    style-src 'self'; img-src 'self' data: blob:; manifest-src 'self'; base-uri 'self'; form-action 'none'; \
    require-trusted-types-for 'script'; trusted-types default";

/// Where the page's program lies, as Trunk wrote it into the HTML.
struct PageFiles {
    script: String,
    wasm: String,
}

/// Finishes the page that Trunk has just built: an HTML file for every route, and the script that starts it all.
pub(super) fn finish(site: &Path, first: &FirstPage) -> anyhow::Result<()> {
    let path = site.join("index.html");
    let page = fs::read_to_string(&path)?;
    let (page, files) = without_scripts(&page)?;
    let program = |file: &str| format!("{}{file}", first.folder);
    let names = json!({
        "first": program("first.js"),
        "firstWasm": program("first_bg.wasm"),
        "firstModel": first.model,
        "page": files.script,
        "pageWasm": files.wasm,
    });
    let boot = source("boot.js")?.replacen("files = FILES", &format!("files = {names}"), 1);
    let boot_name = format!("boot-{}.js", short_hex(&Sha256::digest(boot.as_bytes())));
    fs::write(site.join(&boot_name), boot)?;

    // The base comes early: what follows it is found below the site's root.
    let (base, page) = take_base(&page)?;
    let head = format!(
        "<head><meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">{base}<script type=\"module\" src=\"{boot_name}\"></script>"
    );
    let header = source("header.html")?;
    let script = |path: &str| format!("<link rel=\"modulepreload\" href=\"{path}\">");
    let file = |path: &str| format!("<link rel=\"preload\" as=\"fetch\" crossorigin href=\"{path}\">");
    let of_first =
        [script(&program("first.js")), file(&program("first_bg.wasm")), file(&first.model)].concat();
    let of_page = [script(&files.script), file(&files.wasm)].concat();
    let html = |preloads: &str, standing: &str| -> anyhow::Result<String> {
        let page = page.replacen("<head>", &format!("{head}{preloads}"), 1);
        ensure!(page.contains("Content-Security-Policy"), "index.html has no <head> to put the policy into");
        let page = page.replacen("<body>", &format!("<body><div id=\"first\">{standing}</div>"), 1);
        ensure!(page.contains("id=\"first\""), "index.html has no <body>");
        Ok(page)
    };
    let draw = header.replacen("HERE", " aria-current=\"page\"", 1) + &source("draw.html")?;
    fs::write(&path, html(&of_first, &draw)?)?;
    let other = html(&of_page, &(header.replacen("HERE", "", 1) + "<main></main>"))?;
    for copy in
        ROUTES.map(|route| format!("{route}/index.html")).iter().map(String::as_str).chain(["404.html"])
    {
        let copy = site.join(copy);
        fs::create_dir_all(copy.parent().unwrap_or(site))?;
        fs::write(copy, &other)?;
    }
    Ok(())
}

/// A file of `first-page/` that is text.
pub(super) fn source(name: &str) -> anyhow::Result<String> {
    let path = places::root().join("first-page").join(name);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The page without Trunk's script and preloads, and what they would have loaded: paths below the site's root.
fn without_scripts(page: &str) -> anyhow::Result<(String, PageFiles)> {
    let (before, rest) = page.split_once("<script").context("Trunk has put no script into the page")?;
    let (script, after) = rest.split_once("</script>").context("a script is not closed")?;
    let named = |ending: &str| {
        let quoted = script.split(['\'', '"']).find(|text| text.ends_with(ending));
        let path = quoted.and_then(|path| path.rsplit('/').next());
        path.map(str::to_owned).with_context(|| format!("Trunk's script names no {ending}"))
    };
    let files = PageFiles { script: named(".js")?, wasm: named(".wasm")? };
    let mut page = format!("{before}{after}");
    for rel in ["modulepreload", "preload"] {
        while let Some(link) = link_of(&page, rel) {
            page = page.replacen(&link, "", 1);
        }
    }
    ensure!(!page.contains("<script"), "Trunk has put more than one script into the page");
    Ok((page, files))
}

/// The first whole `<link>` of this kind.
fn link_of(page: &str, rel: &str) -> Option<String> {
    let tags = page
        .match_indices("<link")
        .map(|(begin, _)| &page[begin..=begin + page[begin..].find('>').unwrap_or(0)]);
    let is_it = |tag: &&str| tag.contains(&format!("rel=\"{rel}\"")) || tag.contains(&format!("rel={rel} "));
    tags.into_iter().find(is_it).map(str::to_owned)
}

/// The page's `<base>`, and the page without it.
fn take_base(page: &str) -> anyhow::Result<(String, String)> {
    let begin = page.find("<base").context("Trunk writes the base")?;
    let length = page[begin..].find('>').context("the base is not closed")? + 1;
    let base = page[begin..begin + length].to_owned();
    Ok((base.clone(), page.replacen(&base, "", 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trunk_put_in_is_found_and_taken_out() {
        let page = "<html><head><base href=\"/x/\"><link rel=\"stylesheet\" href=\"/x/a.css\"><script type=\"module\">\
            import init, * as bindings from '/x/app-1.js';\nconst wasm = await init({ module_or_path: '/x/app-1_bg.wasm' });</script>\
            <link rel=\"modulepreload\" href=\"/x/app-1.js\"><link rel=\"preload\" href=\"/x/app-1_bg.wasm\" as=\"fetch\"></head><body></body></html>";
        let (page, files) = without_scripts(page).unwrap();
        assert_eq!((files.script.as_str(), files.wasm.as_str()), ("app-1.js", "app-1_bg.wasm"));
        assert_eq!(
            page,
            "<html><head><base href=\"/x/\"><link rel=\"stylesheet\" href=\"/x/a.css\"></head><body></body></html>"
        );
        assert_eq!(take_base(&page).unwrap().0, "<base href=\"/x/\">");
        assert!(without_scripts("<html></html>").is_err());
    }

    #[test]
    fn the_policy_lets_nothing_in_that_is_not_the_sites() {
        for source in POLICY.split([' ', ';']) {
            let is_open = source.contains("unsafe-") || source.contains("http") || source.contains('*');
            assert!(!is_open || source == "'wasm-unsafe-eval'", "{source}");
        }
    }
}
