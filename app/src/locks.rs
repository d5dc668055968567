//! One trainer for each run across tabs: locks that the browser gives back when a tab is gone, and a channel between tabs.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::browser::window;

/// A lock that is held until it is dropped or the tab is gone.
pub(crate) struct Held {
    release: Function,
}

impl Drop for Held {
    fn drop(&mut self) {
        // A promise's own resolve function does not throw.
        let _ = self.release.call0(&JsValue::NULL);
    }
}

/// What came of asking for a lock.
pub(crate) enum Asked {
    /// It is held. Where the browser knows no locks or refuses them, nothing is.
    Held(Option<Held>),
    /// Another tab holds it.
    Taken,
}

fn manager() -> Option<JsValue> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    (!locks.is_falsy()).then_some(locks)
}

/// Takes the lock of this name, if it is free.
pub(crate) async fn ask(name: &str) -> Asked {
    let Some(manager) = manager() else { return Asked::Held(None) };
    let Some(request) = method(&manager, "request") else { return Asked::Held(None) };
    let options = Object::new();
    // A plain object accepts any property.
    let _ = Reflect::set(&options, &"ifAvailable".into(), &true.into());
    // The browser calls back at once, with the lock or with nothing; the lock is held until the promise that it gets is settled.
    let mut release = None;
    let until_released = Promise::new(&mut |resolve, _| release = Some(resolve));
    let mut answer = None;
    let answered = Promise::new(&mut |resolve, _| answer = Some(resolve));
    let (Some(release), Some(answer)) = (release, answer) else { return Asked::Held(None) };
    let callback = Closure::once_into_js(move |lock: JsValue| {
        let _ = answer.call1(&JsValue::NULL, &lock);
        if lock.is_falsy() { JsValue::UNDEFINED } else { until_released.into() }
    });
    let requested = request.call3(&manager, &name.into(), &options, &callback);
    let Some(requested) = requested.ok().and_then(|promise| promise.dyn_into::<Promise>().ok()) else {
        return Asked::Held(None);
    };
    // A browser that keeps nothing for this site refuses, and never calls back.
    match JsFuture::from(Promise::race(&Array::of2(&answered, &requested))).await {
        Ok(lock) if lock.is_falsy() => Asked::Taken,
        Ok(_) => Asked::Held(Some(Held { release })),
        Err(_) => Asked::Held(None),
    }
}

/// Waits until no tab holds the lock of this name.
pub(crate) async fn wait_until_free(name: &str) {
    let Some(request) = manager().and_then(|manager| Some((method(&manager, "request")?, manager))) else {
        return;
    };
    let granted = Closure::once_into_js(|| JsValue::UNDEFINED);
    let promise = request.0.call2(&request.1, &name.into(), &granted);
    if let Some(promise) = promise.ok().and_then(|promise| promise.dyn_into::<Promise>().ok()) {
        // It is settled once the lock was granted and given back.
        let _ = JsFuture::from(promise).await;
    }
}

/// Whether any tab holds the lock of this name.
pub(crate) async fn is_held(name: &str) -> bool {
    let Some(manager) = manager() else { return false };
    let Some(promise) = method(&manager, "query")
        .and_then(|query| query.call0(&manager).ok())
        .and_then(|promise| promise.dyn_into::<Promise>().ok())
    else {
        return false;
    };
    let Ok(state) = JsFuture::from(promise).await else { return false };
    let held = Reflect::get(&state, &"held".into()).ok().and_then(|held| held.dyn_into::<Array>().ok());
    held.is_some_and(|held| {
        held.iter().any(|lock| {
            Reflect::get(&lock, &"name".into()).ok().and_then(|own| own.as_string()).as_deref() == Some(name)
        })
    })
}

fn method(object: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(object, &name.into()).ok()?.dyn_into().ok()
}

/// A channel to the other tabs of this site.
pub(crate) struct Channel(web_sys::BroadcastChannel);

impl Channel {
    /// Opens it; what others send is handed over until the page is left. Nothing where the browser has none.
    pub(crate) fn open(name: &str, on_text: impl Fn(String) + 'static) -> Option<Self> {
        let channel = web_sys::BroadcastChannel::new(name).ok()?;
        let listener = Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            if let Some(text) = event.data().as_string() {
                on_text(text);
            }
        });
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        listener.forget();
        Some(Self(channel))
    }

    /// Tells the other tabs.
    pub(crate) fn send(&self, text: &str) {
        // A tab that misses it reads the same from the storage when it is loaded next.
        let _ = self.0.post_message(&text.into());
    }
}
