//! Web workers, timers and tasks for `worker-client`.

use std::rc::Rc;

use protocol::{FromWorker, Hello, JobError, Message, Program, ToWorker};
use wasm_bindgen::{JsCast as _, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{ErrorEvent, MessageEvent, Worker};
use worker_client::{Host, LocalFuture, Transport, WorkerEvent};

use super::Site;
use crate::browser;

/// The browser.
pub(crate) struct BrowserHost;

impl Host for BrowserHost {
    type Transport = WebWorker;

    fn start_worker(
        &self,
        program: Program,
        on_event: Box<dyn Fn(WorkerEvent)>,
    ) -> LocalFuture<Result<WebWorker, JobError>> {
        Box::pin(async move {
            let site = Site::fetch().await.map_err(JobError::NoWorker)?;
            let missing = || match program {
                Program::Cpu => "The site has no CPU worker: build it again.",
                Program::WebGpu => "The site has no WebGPU worker yet.",
                Program::ReadFiles | Program::WriteFiles => {
                    "The site has no worker for files of models: build it again."
                }
            };
            let url = site.worker_url(program).ok_or_else(|| JobError::NoWorker(missing().into()))?;
            WebWorker::start(&url, on_event)
        })
    }

    fn spawn(&self, task: LocalFuture<()>) {
        spawn_local(task);
    }

    fn sleep(&self, duration_ms: u32) -> LocalFuture<()> {
        Box::pin(browser::sleep(duration_ms))
    }

    fn now_ms(&self) -> f64 {
        browser::now_ms()
    }
}

/// A web worker. Dropping it terminates it.
pub(crate) struct WebWorker {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_broken_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl WebWorker {
    fn start(url: &str, on_event: Box<dyn Fn(WorkerEvent)>) -> Result<Self, JobError> {
        let worker = worker_transport::start_worker(url)
            .map_err(|_| JobError::NoWorker("The browser does not start web workers here.".into()))?;
        let on_event: Rc<dyn Fn(WorkerEvent)> = on_event.into();

        let on_message = {
            let on_event = Rc::clone(&on_event);
            let mut is_greeted = false;
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                if !is_greeted {
                    let greeting = worker_transport::hello_from_js(&event.data()).unwrap_or_default();
                    is_greeted = Hello::check(&greeting).is_ok();
                    if !is_greeted {
                        on_event(WorkerEvent::OtherBuild);
                    }
                    return;
                }
                on_event(match worker_transport::from_js(&event.data()) {
                    Ok(Message { envelope: FromWorker::Ready, .. }) => WorkerEvent::Ready,
                    Ok(message) => WorkerEvent::Message(message),
                    Err(error) => WorkerEvent::Lost(error.to_string()),
                });
            })
        };
        let on_broken_message = {
            let on_event = Rc::clone(&on_event);
            Closure::<dyn FnMut(MessageEvent)>::new(move |_| {
                on_event(WorkerEvent::Lost("there is no memory for its messages".into()));
            })
        };
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            let text = event.message();
            // A script that cannot be loaded gives an event without a message.
            on_event(WorkerEvent::Lost(if text.is_empty() { "it could not be loaded".into() } else { text }));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_broken_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            _on_message: on_message,
            _on_broken_message: on_broken_message,
            _on_error: on_error,
        })
    }
}

impl Transport for WebWorker {
    fn post(&self, message: Message<ToWorker>) -> Result<(), JobError> {
        let (value, transfer) = worker_transport::to_js(message)?;
        // The page's own buffers can always be transferred; what is refused is too large for this machine.
        self.worker.post_message_with_transfer(&value, &transfer).map_err(|_| JobError::OutOfMemory)
    }
}

impl Drop for WebWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onmessageerror(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
