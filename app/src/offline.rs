//! The copy of the site that the browser keeps, so that it works without a network (`first-page/sw.js`).

use core::cell::Cell;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Cache, CacheStorage, Event, EventTarget, RegistrationOptions, Request, ServiceWorker,
    ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState, ServiceWorkerUpdateViaCache,
};

use crate::browser;

/// What stays from build to build; `sw.js` has the same name.
const DATA_CACHE: &str = "data-v1";
/// Time between two looks for a new version.
const UPDATE_MS: u32 = 3_600_000;

/// What becomes known of the copy.
#[derive(Clone)]
pub(crate) enum CopyEvent {
    /// The page works without a network from now on.
    Ready,
    /// Another build has arrived, whole.
    NewVersion(NewVersion),
    /// Another tab has accepted another build.
    TakenOver,
}

/// A build that waits until it is accepted.
#[derive(Clone)]
pub(crate) struct NewVersion(ServiceWorker);

impl NewVersion {
    /// Has it take over; the page must be loaded anew when it has.
    pub(crate) fn accept(&self) {
        // A worker that is gone has been replaced by a newer one, which is offered too.
        let _ = self.0.post_message(&"take over".into());
    }
}

/// The browser's service workers; none in windows and on addresses where it has none.
fn container() -> Option<ServiceWorkerContainer> {
    let navigator = browser::window().navigator();
    let container = js_sys::Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    container.is_object().then(|| container.unchecked_into())
}

fn listen(target: &EventTarget, name: &str, listener: impl Fn() + 'static) {
    let listener = Closure::<dyn Fn(Event)>::new(move |_| listener());
    // A listener of a known event is never refused. It lives as long as the page.
    let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}

/// Has the browser keep a copy, and reports what becomes of it for as long as the page is open. Where it keeps none, nothing is
/// reported.
pub(crate) async fn keep_copy(on_event: impl Fn(CopyEvent) + 'static) {
    let Some(container) = container() else { return };
    let on_event: Rc<dyn Fn(CopyEvent)> = Rc::new(on_event);
    let was_controlled = container.controller().is_some();
    let options = RegistrationOptions::new();
    options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
    let registered = container.register_with_options(&browser::site_url("sw.js"), &options);
    let Ok(registration) = JsFuture::from(registered).await else { return };
    let registration: ServiceWorkerRegistration = registration.unchecked_into();

    if registration.active().is_some() && registration.installing().is_none() {
        on_event(CopyEvent::Ready);
    }
    if let Some(waiting) = registration.waiting().filter(|_| was_controlled) {
        on_event(CopyEvent::NewVersion(NewVersion(waiting)));
    }
    let (found, report, own) = (registration.clone(), Rc::clone(&on_event), container.clone());
    let on_found = move || {
        let Some(worker) = found.installing() else { return };
        let (report, own, installed) = (Rc::clone(&report), own.clone(), worker.clone());
        listen(&worker, "statechange", move || match installed.state() {
            ServiceWorkerState::Installed if own.controller().is_some() => {
                report(CopyEvent::NewVersion(NewVersion(installed.clone())));
            }
            ServiceWorkerState::Activated => report(CopyEvent::Ready),
            _ => {}
        });
    };
    on_found();
    listen(&registration, "updatefound", on_found);
    // At a first visit the copy takes over the page once, in its own build.
    let is_first_copy = Cell::new(!was_controlled);
    listen(&container, "controllerchange", move || {
        if !is_first_copy.replace(false) {
            on_event(CopyEvent::TakenOver);
        }
    });
    loop {
        browser::sleep(UPDATE_MS).await;
        if let Ok(update) = registration.update() {
            // Without a network there is none.
            let _ = JsFuture::from(update).await;
        }
    }
}

fn caches() -> Option<CacheStorage> {
    browser::window().caches().ok()
}

async fn settled<T: wasm_bindgen::JsCast>(promise: Promise) -> Option<T> {
    JsFuture::from(promise).await.ok()?.dyn_into().ok()
}

async fn data_cache() -> Option<Cache> {
    settled(caches()?.open(DATA_CACHE)).await
}

/// Keeps files of the site, which are asked for by their paths below its root. The error is for people.
pub(crate) async fn keep_files(paths: &[String]) -> Result<(), String> {
    let cache = data_cache().await.ok_or("This browser keeps no copies of sites here.")?;
    for path in paths {
        let request = Request::new_with_str(&browser::site_url(path))
            .map_err(|_| format!("{path} cannot be asked for."))?;
        if !has(&cache, &request).await {
            let added = JsFuture::from(cache.add_with_request(&request)).await;
            added
                .map_err(|_| format!("{path} could not be kept: check the connection and the free space."))?;
        }
    }
    Ok(())
}

/// How many of these files are kept.
pub(crate) async fn kept_files(paths: &[String]) -> usize {
    let Some(cache) = data_cache().await else { return 0 };
    let mut kept = 0;
    for path in paths {
        if let Ok(request) = Request::new_with_str(&browser::site_url(path)) {
            kept += usize::from(has(&cache, &request).await);
        }
    }
    kept
}

async fn has(cache: &Cache, request: &Request) -> bool {
    JsFuture::from(cache.match_with_request(request)).await.is_ok_and(|found| !found.is_undefined())
}

/// Deletes what was kept beside the page itself.
pub(crate) async fn free_files() {
    if let Some(caches) = caches() {
        // What cannot be deleted stays counted among the used bytes.
        let _: Option<JsValue> = settled(caches.delete(DATA_CACHE)).await;
    }
}
