//! One worker: started, greeted, spoken to, listened to and, when it is dropped, ended.

use std::{cell::Cell, rc::Rc};

use port::Packet;
use protocol::{FromWorker, Hello, HelloError, ToWorker};
use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::browser::now_ms;

/// What a worker's life consists of.
pub(crate) enum LinkEvent {
    /// It takes orders now.
    Ready,
    /// It said something.
    Said(Packet<FromWorker>),
    /// It is of another build and must not be listened to.
    OtherBuild,
    /// It died; the text says why, for people.
    Lost(String),
}

/// A worker. Dropping it ends the worker at once, whatever it is doing.
pub(crate) struct Link {
    worker: Worker,
    heard_ms: Rc<Cell<f64>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl Link {
    /// Starts a worker; nothing may be sent before [`LinkEvent::Ready`]. The error is for people.
    pub(crate) fn start(url: &str, on_event: impl Fn(LinkEvent) + 'static) -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(url, &options)
            .map_err(|_| "The browser does not start web workers here.".to_owned())?;
        let on_event = Rc::new(on_event);
        let heard_ms = Rc::new(Cell::new(now_ms()));

        let on_message = {
            let (on_event, heard_ms) = (Rc::clone(&on_event), Rc::clone(&heard_ms));
            let mut greeted = false;
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                heard_ms.set(now_ms());
                if !greeted {
                    match Hello::check(&port::hello_from_js(&event.data())) {
                        Ok(()) => greeted = true,
                        Err(HelloError::OtherBuild | HelloError::NotHello) => on_event(LinkEvent::OtherBuild),
                    }
                    return;
                }
                on_event(match Packet::from_js(&event.data()) {
                    Ok(Packet { message: FromWorker::Ready(_), .. }) => LinkEvent::Ready,
                    Ok(Packet { message: FromWorker::Fatal(text), .. }) => LinkEvent::Lost(text),
                    Ok(packet) => LinkEvent::Said(packet),
                    Err(error) => LinkEvent::Lost(error.to_string()),
                });
            })
        };
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            let text = event.message();
            on_event(LinkEvent::Lost(if text.is_empty() { "it could not be loaded".into() } else { text }));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, heard_ms, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a message and hands over its buffers.
    pub(crate) fn send(&self, message: ToWorker, buffers: Vec<Vec<u8>>) {
        let (value, transfer) = Packet { message, buffers }.to_js();
        // Posting own buffers fails only where memory has run out; the silence is then noticed.
        let _ = self.worker.post_message_with_transfer(&value, &transfer);
    }

    /// When the worker was last heard, or started, on the page's clock.
    pub(crate) fn heard_ms(&self) -> f64 {
        self.heard_ms.get()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
