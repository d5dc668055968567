//! Messages from the page, in the order in which they came.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use port::Packet;
use protocol::ToWorker;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{MessageEvent, MessagePort};

use crate::scope;

/// A message and the channels that came with it.
pub(crate) type Received = (Packet<ToWorker>, Vec<MessagePort>);

type Queue = Rc<RefCell<VecDeque<Received>>>;

pub(crate) struct Inbox {
    queue: Queue,
    woken: Rc<RefCell<Option<js_sys::Function>>>,
}

impl Inbox {
    /// Begins to listen. The listener lives as long as the worker.
    pub(crate) fn open() -> Self {
        let (queue, woken) = (Queue::default(), Rc::<RefCell<Option<js_sys::Function>>>::default());
        let listener = {
            let (queue, woken) = (Rc::clone(&queue), Rc::clone(&woken));
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                match Packet::from_js(&event.data()) {
                    Ok(packet) => {
                        let ports = event.ports().iter().map(JsCast::unchecked_into).collect();
                        queue.borrow_mut().push_back((packet, ports));
                        if let Some(wake) = woken.borrow_mut().take() {
                            // A promise's own resolve function does not throw.
                            let _ = wake.call0(&wasm_bindgen::JsValue::NULL);
                        }
                    }
                    Err(error) => scope::post_fatal(&error.to_string()),
                }
            })
        };
        scope::scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
        listener.forget();
        Self { queue, woken }
    }

    /// The next message, if one has come.
    pub(crate) fn try_next(&self) -> Option<Received> {
        self.queue.borrow_mut().pop_front()
    }

    /// The next message, as soon as there is one.
    pub(crate) async fn next(&self) -> Received {
        loop {
            if let Some(packet) = self.try_next() {
                return packet;
            }
            let arrived = js_sys::Promise::new(&mut |resolve, _| *self.woken.borrow_mut() = Some(resolve));
            // The promise only resolves; it has nothing to fail at.
            let _ = wasm_bindgen_futures::JsFuture::from(arrived).await;
        }
    }
}
