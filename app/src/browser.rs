//! The page's side of the browser: addresses, the clock, files in and out, the WebGPU probe.

use std::cell::Cell;

use futures_channel::oneshot;
use gloo::timers::callback::Timeout;
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, UnwrapThrowExt as _, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, File, HtmlAnchorElement, Request, RequestCache, RequestInit, Response, Url, Window,
};

pub(crate) fn window() -> Window {
    web_sys::window().expect_throw("a page has a window")
}

/// Milliseconds on a clock that never goes back; the clock of events.
pub(crate) fn now_ms() -> f64 {
    window().performance().map_or_else(js_sys::Date::now, |performance| performance.now())
}

#[wasm_bindgen]
extern "C" {
    // web-sys has this form of `measure` only among its unstable parts.
    #[wasm_bindgen(js_namespace = performance, js_name = measure, catch)]
    fn measure_between(name: &str, ends: &Object) -> Result<JsValue, JsValue>;
}

/// Workers that suit this machine: one core is left to the page, and more than four gain little.
pub(crate) fn usual_workers() -> u32 {
    (window().navigator().hardware_concurrency() as u32).saturating_sub(1).clamp(1, 4)
}

/// Whether the browser tells of pointer moves as they happen, not only once a frame.
pub(crate) fn has_raw_pointer_updates() -> bool {
    has_method(&window(), "onpointerrawupdate")
}

/// Whether an object has what older browsers lack.
pub(crate) fn has_method(object: &JsValue, name: &str) -> bool {
    Reflect::has(object, &name.into()).unwrap_or(false)
}

/// Notes in the browser's timeline that something took from `start_ms` until now.
pub(crate) fn measure(name: &str, start_ms: f64) {
    /// Entries kept: the timeline must not grow for as long as the page is open.
    const MOST: u32 = 5_000;
    thread_local!(static NOTED: Cell<u32> = const { Cell::new(0) });
    let Some(performance) = window().performance() else { return };
    if NOTED.replace(NOTED.get() + 1) >= MOST {
        NOTED.set(0);
        performance.clear_measures_with_measure_name(name);
    }
    let ends = Object::new();
    for (key, value) in [("start", start_ms), ("end", performance.now())] {
        // A plain object takes any property.
        let _ = Reflect::set(&ends, &key.into(), &value.into());
    }
    // A timeline that refuses an entry loses a figure, nothing else.
    let _ = measure_between(name, &ends);
}

/// Comes back after this time.
pub(crate) async fn sleep(duration_ms: u32) {
    let (sender, receiver) = oneshot::channel();
    let timeout = Timeout::new(duration_ms, move || {
        // The sleeper may have gone; then nobody is left to wake.
        let _ = sender.send(());
    });
    // The sender lives in the timeout, which is held until it has fired.
    let _ = receiver.await;
    drop(timeout);
}

/// Absolute address of a path below the site's own root, wherever the site lies.
pub(crate) fn site_url(path: &str) -> String {
    let base =
        window().document().and_then(|document| document.base_uri().ok().flatten()).unwrap_or_default();
    Url::new_with_base(path, &base).map_or_else(|_| path.to_owned(), |url| url.href())
}

/// The site's root as the router wants it: `/x` for `/x/`, empty for `/`.
pub(crate) fn base_path() -> String {
    let path = Url::new(&site_url(".")).map(|url| url.pathname()).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

/// A parameter of the page's address, as in `?device=cpu`.
pub(crate) fn query(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    web_sys::UrlSearchParams::new_with_str(&search).ok()?.get(name)
}

/// The bytes at an address of this site; `fresh` goes round every cache. The error is for people.
pub(crate) async fn fetch(path: &str, fresh: bool) -> Result<Vec<u8>, String> {
    let url = site_url(path);
    let failed = |what: &str| format!("{path} could not be read: {what}.");
    let options = RequestInit::new();
    options.set_cache(if fresh { RequestCache::NoStore } else { RequestCache::Default });
    let request =
        Request::new_with_str_and_init(&url, &options).map_err(|_| failed("its address is none"))?;
    let response = JsFuture::from(window().fetch_with_request(&request)).await;
    let response: Response =
        response.and_then(JsCast::dyn_into).map_err(|_| failed("the site does not answer"))?;
    if !response.ok() {
        return Err(failed(&format!("the site answers {}", response.status())));
    }
    let buffer = response.array_buffer().map_err(|_| failed("it has no content"))?;
    let buffer = JsFuture::from(buffer).await.map_err(|_| failed("the connection broke off"))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// The bytes of a file that the user gave, checked for its size before it is touched; the error is for people.
pub(crate) async fn read_file(file: &File, max_mib: u32) -> Result<Vec<u8>, String> {
    if file.size() > f64::from(max_mib) * 1_048_576.0 {
        return Err(format!("{} is too large: at most {max_mib} MiB can be used.", file.name()));
    }
    let buffer = JsFuture::from(file.array_buffer()).await;
    let buffer =
        buffer.map_err(|_| format!("{} could not be read. Was it moved or deleted?", file.name()))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// The files that an input or a drop holds.
pub(crate) fn files(list: Option<web_sys::FileList>) -> Vec<File> {
    list.map_or_else(Vec::new, |list| (0..list.length()).filter_map(|index| list.get(index)).collect())
}

/// A preference kept from visit to visit; `None` where there is none or the browser keeps none.
pub(crate) fn preference(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Keeps a preference, where the browser keeps any.
pub(crate) fn set_preference(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // A full or forbidden storage loses a convenience, nothing else.
        let _ = storage.set_item(key, value);
    }
}

/// Offers bytes as a download.
pub(crate) fn download(name: &str, bytes: &[u8]) {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let options = BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    let blob =
        Blob::new_with_u8_array_sequence_and_options(&parts, &options).expect_throw("bytes make a blob");
    let url = Url::create_object_url_with_blob(&blob).expect_throw("a blob has an address");
    let document = window().document().expect_throw("a page has a document");
    let link: HtmlAnchorElement =
        document.create_element("a").expect_throw("a link can be made").unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has begun to read the blob; its address may go once the click is done.
    Timeout::new(10_000, move || {
        let _ = Url::revoke_object_url(&url);
    })
    .forget();
}

/// Asks the browser not to clear this site's storage by itself; it may decline.
pub(crate) fn ask_for_persistence() {
    if let Ok(promise) = window().navigator().storage().persist() {
        wasm_bindgen_futures::spawn_local(async move {
            let _ = JsFuture::from(promise).await;
        });
    }
}

/// What the browser offers by way of WebGPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GpuProbe {
    /// A GPU.
    Hardware,
    /// WebGPU computed by the CPU.
    Software,
    /// WebGPU without an adapter.
    NoAdapter,
    /// No WebGPU.
    Missing,
}

/// Asks for an adapter and looks at it; nothing is kept.
pub(crate) async fn probe_gpu() -> GpuProbe {
    let get = |object: &JsValue, key: &str| Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let gpu = get(&window().navigator(), "gpu");
    if gpu.is_falsy() {
        return GpuProbe::Missing;
    }
    let Ok(request) = get(&gpu, "requestAdapter").dyn_into::<js_sys::Function>() else {
        return GpuProbe::Missing;
    };
    let Ok(promise) = request.call0(&gpu).and_then(JsCast::dyn_into::<Promise>) else {
        return GpuProbe::NoAdapter;
    };
    let adapter = JsFuture::from(promise).await.unwrap_or(JsValue::NULL);
    if adapter.is_falsy() {
        return GpuProbe::NoAdapter;
    }
    let info = get(&adapter, "info");
    let (fallback, architecture) = if info.is_object() {
        (get(&info, "isFallbackAdapter"), get(&info, "architecture").as_string().unwrap_or_default())
    } else {
        (get(&adapter, "isFallbackAdapter"), String::new())
    };
    // Chrome on Linux may give SwiftShader without calling it a fallback.
    if fallback.is_truthy() || architecture.to_lowercase().contains("swiftshader") {
        GpuProbe::Software
    } else {
        GpuProbe::Hardware
    }
}
