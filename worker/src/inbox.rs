//! Messages from the page: calls wait for their turn, everything else takes effect at once.

use std::{
    cell::RefCell,
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

use protocol::{FromWorker, JobId, Message, ToWorker, train::Steering};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, MessagePort};

use crate::scope;

/// A call and the ports that came with it.
pub(crate) struct IncomingCall {
    pub(crate) job: JobId,
    pub(crate) name: String,
    pub(crate) message: Message<ToWorker>,
    pub(crate) ports: Vec<MessagePort>,
}

#[derive(Default)]
struct State {
    calls: VecDeque<IncomingCall>,
    cancelled: BTreeSet<JobId>,
    paused: BTreeSet<JobId>,
    steering: Vec<(JobId, Steering)>,
    /// Resolves the promise that the worker waits for, if it waits.
    wake: Option<js_sys::Function>,
}

/// The messages from the page. Clones share them.
#[derive(Clone)]
pub(crate) struct Inbox(Rc<RefCell<State>>);

impl Inbox {
    /// Starts to listen. The listener lives as long as the worker.
    pub(crate) fn open() -> Self {
        let inbox = Self(Rc::default());
        let listener = {
            let inbox = inbox.clone();
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                match worker_transport::from_js(&event.data()) {
                    Ok(message) => inbox.receive(message, &event),
                    Err(error) => scope::post_fatal(&error.to_string()),
                }
            })
        };
        scope::scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
        listener.forget();
        inbox
    }

    fn receive(&self, message: Message<ToWorker>, event: &MessageEvent) {
        let mut state = self.0.borrow_mut();
        match &message.envelope {
            ToWorker::Call { job, name } => {
                let (job, name) = (*job, name.clone());
                let ports = event.ports().iter().map(JsCast::unchecked_into).collect();
                state.calls.push_back(IncomingCall { job, name, message, ports });
            }
            ToWorker::Cancel { job } => drop(state.cancelled.insert(*job)),
            ToWorker::Pause { job } => drop(state.paused.insert(*job)),
            ToWorker::Resume { job } => drop(state.paused.remove(job)),
            ToWorker::Steer { job } => {
                let job = *job;
                match message.delivery() {
                    Ok(delivery) => state.steering.push((job, delivery.content)),
                    Err(error) => scope::post_fatal(&error.to_string()),
                }
            }
            ToWorker::Ping => {
                if let Err(error) = scope::post(Message::bare(FromWorker::Pong)) {
                    scope::post_fatal(&error.to_string());
                }
            }
        }
        if let Some(wake) = state.wake.take() {
            // A promise's own resolve function does not throw.
            let _ = wake.call0(&JsValue::NULL);
        }
    }

    /// The next call, as soon as there is one.
    pub(crate) async fn next_call(&self) -> IncomingCall {
        loop {
            let call = self.0.borrow_mut().calls.pop_front();
            if let Some(call) = call {
                return call;
            }
            self.next_message().await;
        }
    }

    pub(crate) fn is_cancelled(&self, job: JobId) -> bool {
        self.0.borrow().cancelled.contains(&job)
    }

    pub(crate) fn is_paused(&self, job: JobId) -> bool {
        self.0.borrow().paused.contains(&job)
    }

    /// What was asked of a job since this was called last, oldest first.
    pub(crate) fn take_steering(&self, job: JobId) -> Vec<Steering> {
        let mut state = self.0.borrow_mut();
        let (own, others) = core::mem::take(&mut state.steering).into_iter().partition(|(to, _)| *to == job);
        state.steering = others;
        let own: Vec<(JobId, Steering)> = own;
        own.into_iter().map(|(_, steering)| steering).collect()
    }

    /// Forgets what was said about a job that has ended.
    pub(crate) fn forget(&self, job: JobId) {
        let mut state = self.0.borrow_mut();
        state.cancelled.remove(&job);
        state.paused.remove(&job);
        state.steering.retain(|(to, _)| *to != job);
    }

    /// Waits for the next message of any kind.
    pub(crate) async fn next_message(&self) {
        let arrived = js_sys::Promise::new(&mut |resolve, _| self.0.borrow_mut().wake = Some(resolve));
        // The promise only resolves; it has nothing to fail at.
        let _ = wasm_bindgen_futures::JsFuture::from(arrived).await;
    }
}
