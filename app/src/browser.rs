//! The page's side of the browser: addresses, the clock, files in and out, the WebGPU probe.

use std::{cell::Cell, collections::BTreeMap};

use futures_channel::oneshot;
use gloo::timers::callback::Timeout;
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, UnwrapThrowExt as _, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, File, FocusOptions, HtmlAnchorElement, HtmlElement, Request, RequestCache,
    RequestInit, Response, ScrollIntoViewOptions, ScrollLogicalPosition, Url, Window,
};
use worker_client::GpuProbe;

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

/// The default number of workers: one core is left to the page, and more than four gain little.
pub(crate) fn default_workers() -> u32 {
    (window().navigator().hardware_concurrency() as u32).saturating_sub(1).clamp(1, 4)
}

/// Whether an object has a member that older browsers lack.
pub(crate) fn has_method(object: &JsValue, name: &str) -> bool {
    Reflect::has(object, &name.into()).unwrap_or(false)
}

/// Records in the browser's timeline that something took from `start_ms` until now.
pub(crate) fn measure(name: &str, start_ms: f64) {
    /// The most entries: the timeline must not grow without limit.
    const MAX_ENTRIES: u32 = 5_000;
    thread_local!(static RECORDED: Cell<u32> = const { Cell::new(0) });
    let Some(performance) = window().performance() else { return };
    if RECORDED.replace(RECORDED.get() + 1) >= MAX_ENTRIES {
        RECORDED.set(0);
        performance.clear_measures_with_measure_name(name);
    }
    let ends = Object::new();
    for (key, value) in [("start", start_ms), ("end", performance.now())] {
        // A plain object accepts any property.
        let _ = Reflect::set(&ends, &key.into(), &value.into());
    }
    // If the timeline refuses an entry, only that figure is lost.
    let _ = measure_between(name, &ends);
}

/// Waits.
pub(crate) async fn sleep(duration_ms: u32) {
    let (sender, receiver) = oneshot::channel();
    let timeout = Timeout::new(duration_ms, move || {
        // Whoever sleeps may be gone.
        let _ = sender.send(());
    });
    // The sender lives in the timeout, which is held until it has fired.
    let _ = receiver.await;
    drop(timeout);
}

/// Lets the browser do what waits: input, timers, a frame.
pub(crate) async fn next_task() {
    sleep(0).await;
}

/// The absolute address of a path below the site's root, wherever the site is hosted.
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

/// What follows `#` in the page's address, with it.
pub(crate) fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// Takes what follows `#` out of the address, without a step in the history.
pub(crate) fn clear_fragment() {
    let location = window().location();
    let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    if let Ok(history) = window().history() {
        // Where the address cannot be changed, the offer is there again after a reload.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("{path}{query}")));
    }
}

/// Calls back, for as long as the page is open, when what follows `#` changes.
pub(crate) fn on_fragment(changed: impl Fn() + 'static) {
    let listener = wasm_bindgen::closure::Closure::<dyn Fn()>::new(changed);
    // A window can always be listened to.
    let _ = window().add_event_listener_with_callback("hashchange", listener.as_ref().unchecked_ref());
    listener.forget();
}

/// What the tab is called.
pub(crate) fn set_title(title: &str) {
    if let Some(document) = window().document() {
        document.set_title(title);
    }
}

fn first_of(selector: &str) -> Option<web_sys::Element> {
    window().document().and_then(|document| document.query_selector(selector).ok().flatten())
}

/// Scrolls up to the first of these elements where its top is out of sight.
pub(crate) fn scroll_up_to(selector: &str) {
    if let Some(element) = first_of(selector).filter(|element| element.get_bounding_client_rect().top() < 0.0)
    {
        element.scroll_into_view();
    }
}

/// Focuses the first of these elements, where it takes a focus, and scrolls nothing.
pub(crate) fn focus(selector: &str) {
    if let Some(element) = first_of(selector) {
        focus_in_place(&element);
    }
}

fn focus_in_place(element: &web_sys::Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let stays = FocusOptions::new();
        stays.set_prevent_scroll(true);
        // What takes no focus leaves it where it is.
        let _ = element.focus_with_options(&stays);
    }
}

/// Scrolls to the first of these elements, unfolds what hides it, and focuses it where it takes a focus.
pub(crate) fn bring_into_sight(selector: &str) {
    let Some(element) = first_of(selector) else { return };
    if let Ok(Some(fold)) = element.closest("details") {
        // Any element takes the attribute.
        let _ = fold.set_attribute("open", "");
    }
    let place = ScrollIntoViewOptions::new();
    place.set_block(ScrollLogicalPosition::Center);
    element.scroll_into_view_with_scroll_into_view_options(&place);
    focus_in_place(&element);
}

/// Puts text on the clipboard; whether the browser let the page.
pub(crate) fn copy_text(text: &str) -> impl Future<Output = bool> + use<> {
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into()).unwrap_or(JsValue::UNDEFINED);
    let write = Reflect::get(&clipboard, &"writeText".into())
        .ok()
        .and_then(|write| write.dyn_into::<js_sys::Function>().ok());
    // Asked for at once: browsers allow it in answer to a click.
    let promise = write.and_then(|write| write.call1(&clipboard, &text.into()).ok());
    let promise = promise.and_then(|promise| promise.dyn_into::<Promise>().ok());
    async move {
        match promise {
            Some(promise) => JsFuture::from(promise).await.is_ok(),
            None => false,
        }
    }
}

/// Downloads from this site; `fresh` bypasses every cache. The error is for people.
pub(crate) async fn fetch(path: &str, fresh: bool) -> Result<Vec<u8>, String> {
    let url = site_url(path);
    let failed = |what: &str| format!("{path} could not be read: {what}.");
    let options = RequestInit::new();
    options.set_cache(if fresh { RequestCache::NoStore } else { RequestCache::Default });
    let request =
        Request::new_with_str_and_init(&url, &options).map_err(|_| failed("its address makes no sense"))?;
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

/// Reads a file that the user chose, after checking its size. The error is for people.
pub(crate) async fn read_file(file: &File, max_mib: u32) -> Result<Vec<u8>, String> {
    if file.size() > f64::from(max_mib) * 1_048_576.0 {
        return Err(format!("{} is too large: at most {max_mib} MiB can be used.", file.name()));
    }
    let buffer = JsFuture::from(file.array_buffer()).await;
    let buffer =
        buffer.map_err(|_| format!("{} could not be read. Was it moved or deleted?", file.name()))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// The files of an input or a drop.
pub(crate) fn files(list: Option<web_sys::FileList>) -> Vec<File> {
    list.map_or_else(Vec::new, |list| (0..list.length()).filter_map(|index| list.get(index)).collect())
}

/// Where a file lies below the folder that was chosen; empty where no folder was.
pub(crate) fn relative_path(file: &File) -> String {
    // web-sys does not name it, and every browser that runs the page has it.
    Reflect::get(file, &"webkitRelativePath".into())
        .ok()
        .and_then(|path| path.as_string())
        .unwrap_or_default()
}

/// The files of a drop, those in folders too, each with its path. The error is for people.
pub(crate) async fn dropped_files(transfer: &web_sys::DataTransfer) -> Result<Vec<File>, String> {
    // Entries must be asked for before anything is waited for: afterwards the drop is empty.
    let plain = files(transfer.files());
    let items = transfer.items();
    let entries: Vec<JsValue> = (0..items.length())
        .filter_map(|index| items.get(index))
        .filter_map(|item| {
            let get =
                Reflect::get(&item, &"webkitGetAsEntry".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
            get.call0(&item).ok().filter(|entry| !entry.is_falsy())
        })
        .collect();
    let is_folder =
        |entry: &JsValue| Reflect::get(entry, &"isDirectory".into()).is_ok_and(|is| is.is_truthy());
    if !entries.iter().any(is_folder) {
        return Ok(plain);
    }
    let mut found = Vec::new();
    let mut waiting = entries;
    while let Some(entry) = waiting.pop() {
        // What is left out in silence would be missing from the data set.
        let unread = |_| {
            let path = path_of(&entry);
            format!(
                "{path} could not be read, so nothing of the folder was taken. Was it moved, or is it not yours to read?"
            )
        };
        if is_folder(&entry) {
            waiting.extend(entries_of(&entry).await.map_err(unread)?);
        } else {
            found.push(file_of(&entry).await.map_err(unread)?);
        }
    }
    Ok(found)
}

/// The path of an entry below what was dropped.
fn path_of(entry: &JsValue) -> String {
    let path = Reflect::get(entry, &"fullPath".into()).ok().and_then(|path| path.as_string());
    path.unwrap_or_default().trim_start_matches('/').to_owned()
}

/// Calls a method of an entry that answers through a callback.
async fn called_back(entry: &JsValue, method: &str) -> Result<JsValue, JsValue> {
    let call = Reflect::get(entry, &method.into())?.dyn_into::<js_sys::Function>()?;
    let promise = Promise::new(&mut |resolve, reject| {
        // What throws here leaves the promise open, and no browser does.
        let _ = call.call2(entry, &resolve, &reject);
    });
    JsFuture::from(promise).await
}

async fn entries_of(folder: &JsValue) -> Result<Vec<JsValue>, JsValue> {
    let create = Reflect::get(folder, &"createReader".into())?.dyn_into::<js_sys::Function>()?;
    let reader = create.call0(folder)?;
    let mut all = Vec::new();
    // A reader gives a hundred at a time, and none at the end.
    loop {
        let batch: Array = called_back(&reader, "readEntries").await?.unchecked_into();
        if batch.length() == 0 {
            return Ok(all);
        }
        all.extend(batch.iter());
    }
}

/// A file of a dropped folder, named by its whole path.
async fn file_of(entry: &JsValue) -> Result<File, JsValue> {
    let file: File = called_back(entry, "file").await?.dyn_into()?;
    File::new_with_blob_sequence(&Array::of1(&file), &path_of(entry))
}

/// A preference from an earlier visit; `None` if there is none or the browser stores none.
pub(crate) fn preference(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Stores a preference, if the browser stores any.
pub(crate) fn set_preference(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // If the storage is full or forbidden, only a convenience is lost.
        let _ = storage.set_item(key, value);
    }
}

fn session_storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

/// Stores something for this tab, until it is closed.
pub(crate) fn set_session_preference(key: &str, value: &str) {
    if let Some(storage) = session_storage() {
        // Where nothing is stored, whoever reads it does without.
        let _ = storage.set_item(key, value);
    }
}

/// Reads something that was stored for this tab, and forgets it.
pub(crate) fn take_session_preference(key: &str) -> Option<String> {
    let storage = session_storage()?;
    let value = storage.get_item(key).ok().flatten()?;
    // Where it cannot be forgotten, it is read again.
    let _ = storage.remove_item(key);
    Some(value)
}

/// Loads the page anew.
pub(crate) fn reload() {
    // A page can always be loaded anew.
    let _ = window().location().reload();
}

/// The prefix of this site's preferences.
const PREFERENCE_PREFIX: &str = "inkling.";

/// All preferences, by their keys.
pub(crate) fn preferences() -> BTreeMap<String, String> {
    let Ok(Some(storage)) = window().local_storage() else { return BTreeMap::new() };
    let keys = (0..storage.length().unwrap_or(0)).filter_map(|index| storage.key(index).ok().flatten());
    keys.filter(|key| key.starts_with(PREFERENCE_PREFIX))
        .filter_map(|key| Some((key.clone(), storage.get_item(&key).ok().flatten()?)))
        .collect()
}

/// How much this site stores, and how safely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StorageUse {
    /// Bytes.
    pub(crate) used: f64,
    /// Bytes.
    pub(crate) free: f64,
    /// Whether the browser deletes nothing by itself.
    pub(crate) is_persistent: bool,
}

/// How much this site stores; none where the browser does not say.
pub(crate) async fn storage_use() -> Option<StorageUse> {
    let storage = window().navigator().storage();
    let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let number = |key: &str| Reflect::get(&estimate, &key.into()).ok()?.as_f64();
    let (used, quota) = (number("usage")?, number("quota")?);
    let is_persistent = match storage.persisted() {
        Ok(promise) => JsFuture::from(promise).await.is_ok_and(|is| is.is_truthy()),
        Err(_) => false,
    };
    Some(StorageUse { used, free: (quota - used).max(0.0), is_persistent })
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
    // The browser starts to read the blob at the click. Its address is released later.
    Timeout::new(10_000, move || {
        let _ = Url::revoke_object_url(&url);
    })
    .forget();
}

/// Bytes as a file that can be shared.
fn shareable(name: &str, bytes: &[u8]) -> Option<JsValue> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let file = File::new_with_u8_array_sequence(&parts, name).ok()?;
    let data = Object::new();
    Reflect::set(&data, &"files".into(), &Array::of1(&file)).ok()?;
    Some(data.into())
}

fn call_navigator(method: &str, data: &JsValue) -> Option<JsValue> {
    let navigator = window().navigator();
    let method = Reflect::get(&navigator, &method.into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    method.call1(&navigator, data).ok()
}

/// Hands a file to the share sheet; false where the browser has none for it.
pub(crate) async fn share_file(name: &str, bytes: &[u8]) -> bool {
    let Some(data) = shareable(name, bytes) else { return false };
    if call_navigator("canShare", &data).is_none_or(|can| !can.is_truthy()) {
        return false;
    }
    let Some(promise) = call_navigator("share", &data).and_then(|promise| promise.dyn_into::<Promise>().ok())
    else {
        return false;
    };
    match JsFuture::from(promise).await {
        Ok(_) => true,
        // Whoever closes the sheet has decided.
        Err(error) => Reflect::get(&error, &"name".into()).is_ok_and(|name| name == "AbortError"),
    }
}

/// Whether this browser has a share sheet.
pub(crate) fn has_share_sheet() -> bool {
    has_method(&window().navigator(), "canShare")
}

/// Asks the browser not to evict this site's storage; it may decline.
pub(crate) fn ask_for_persistence() {
    if let Ok(promise) = window().navigator().storage().persist() {
        wasm_bindgen_futures::spawn_local(async move {
            let _ = JsFuture::from(promise).await;
        });
    }
}

/// Asks for an adapter, only to look at it.
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
    // Chrome on Linux may offer SwiftShader without calling it a fallback.
    if fallback.is_truthy() || architecture.to_lowercase().contains("swiftshader") {
        GpuProbe::Software
    } else {
        GpuProbe::Hardware
    }
}
