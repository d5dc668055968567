//! The data-parallel group of a run: helping workers, started by the worker that trains and ended with it.
//!
//! Every pair of workers has a message channel of its own. Gradients and parameters travel over it as transferred
//! buffers; the page, which knows the number of helpers and nothing else, is not involved, and no memory is shared.
//!
//! Each rank has the whole network, a share of every batch, and owns a part of the parameters: everyone sends it that part
//! of their gradients, it adds them up in the order of the ranks, takes the optimizer's step, and sends everyone the new
//! values. At the end of an epoch they exchange the moments too, for the checkpoint.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use js_sys::{Array, Float32Array};
use protocol::{
    Blobs, Call as _, Delivery, EncodeError, FromWorker, Hello, JobId, Message, ToWorker,
    train::{Help, Train},
};
use training::{AllToAll, GroupError, Received};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{ErrorEvent, Event, MessageChannel, MessageEvent, MessagePort, Worker};

use crate::scope;

/// A helping worker. Dropping it ends it.
pub(crate) struct HelpingWorker {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl HelpingWorker {
    /// Starts the helpers of a run, one fewer than its workers, and returns them with this worker's ends of the
    /// channels; `None` if the browser cannot start workers from a worker.
    pub(crate) fn start_group(train: &Train, blobs: &Blobs) -> Option<(Vec<Self>, Ports)> {
        let ranks = train.workers as usize;
        let mut ports: Vec<Vec<MessagePort>> = (0..ranks).map(|_| Vec::new()).collect();
        for (one, other) in (0..ranks).flat_map(|one| (one + 1..ranks).map(move |other| (one, other))) {
            let channel = MessageChannel::new().ok()?;
            ports[one].push(channel.port1());
            ports[other].push(channel.port2());
        }
        // Each rank's ports are in the order of the other ranks: those to lower ranks were pushed first.
        let mut ranks = ports.into_iter().enumerate();
        let (_, own) = ranks.next()?;
        let mut helpers = Vec::new();
        for (rank, ports) in ranks {
            let content = Help { rank: rank as u32, train: train.clone() };
            // All helpers share the buffers until each is sent its own.
            let request = Delivery { content, blobs: blobs.clone() };
            helpers.push(Self::start(request, ports).ok()?);
        }
        Some((helpers, Ports::listen(own)))
    }

    fn start(request: Delivery<Help>, ports: Vec<MessagePort>) -> Result<Self, JsValue> {
        let worker = worker_transport::start_same_worker()?;
        let mut request = Some((request, ports));
        let (to, mut is_greeted) = (worker.clone(), false);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if !is_greeted {
                is_greeted = true;
                let greeting = worker_transport::hello_from_js(&event.data()).unwrap_or_default();
                if let Err(error) = Hello::check(&greeting) {
                    lost(&error.to_string());
                }
                return;
            }
            match worker_transport::from_js(&event.data()).map(|message| message.envelope) {
                Ok(FromWorker::Ready) => {
                    if let Some((request, ports)) = request.take()
                        && let Err(error) = send(&to, request, &ports)
                    {
                        lost(&error.to_string());
                    }
                }
                Ok(FromWorker::Fatal { reason }) => lost(&reason),
                Ok(FromWorker::Failed { error, .. }) => lost(&error.to_string()),
                // A helper that has finished waits for its end.
                Ok(FromWorker::Reply { .. } | FromWorker::Progress { .. } | FromWorker::Pong) => {}
                Err(error) => lost(&error.to_string()),
            }
        });
        let on_error = Closure::<dyn FnMut(Event)>::new(|event: Event| {
            event.prevent_default();
            // A script that cannot be loaded gives an event without a message.
            lost(&event.dyn_ref::<ErrorEvent>().map_or("it could not be loaded".into(), ErrorEvent::message));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }
}

/// Without one of its members the group is lost: the page starts the run again elsewhere.
fn lost(why: &str) {
    scope::post_fatal(&format!("a helping worker was lost: {why}"));
}

fn send(worker: &Worker, request: Delivery<Help>, ports: &[MessagePort]) -> Result<(), EncodeError> {
    let envelope = ToWorker::Call { job: JobId(1), name: Help::NAME.into() };
    let (value, transfer) = worker_transport::to_js(Message::with(envelope, request)?)?;
    for port in ports {
        transfer.push(port);
    }
    // A worker's own buffers can always be transferred, unless memory has run out.
    if worker.post_message_with_transfer(&value, &transfer).is_err() {
        lost("there is no memory for its copy of the images");
    }
    Ok(())
}

impl Drop for HelpingWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// The channels to the other ranks, by rank.
pub(crate) struct Ports(Vec<Channel>);

struct Channel {
    port: MessagePort,
    arrived: Rc<RefCell<Arrived>>,
    /// The memory of the values read last, reused for the next ones to send: the rounds of a step are of about the
    /// same size.
    spare: Option<Float32Array>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(MessageEvent)>,
}

#[derive(Default)]
struct Arrived {
    values: VecDeque<Float32Array>,
    woken: Option<js_sys::Function>,
}

impl Ports {
    pub(crate) fn listen(ports: Vec<MessagePort>) -> Self {
        let channels = ports.into_iter().map(|port| {
            let arrived = Rc::<RefCell<Arrived>>::default();
            let on_message = {
                let arrived = Rc::clone(&arrived);
                Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                    let mut arrived = arrived.borrow_mut();
                    // Only members of the group have the other end, and they send nothing else.
                    arrived.values.push_back(event.data().unchecked_into());
                    if let Some(wake) = arrived.woken.take() {
                        // A promise's own resolve function does not throw.
                        let _ = wake.call0(&JsValue::NULL);
                    }
                })
            };
            let on_error = Closure::<dyn FnMut(MessageEvent)>::new(|_| {
                scope::post_fatal("a message of the group could not be read: memory has run out");
            });
            port.set_onmessageerror(Some(on_error.as_ref().unchecked_ref()));
            port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
            Channel { port, arrived, spare: None, _on_message: on_message, _on_error: on_error }
        });
        Self(channels.collect())
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // Late messages must not call a closure that is gone.
        self.port.set_onmessage(None);
        self.port.set_onmessageerror(None);
        self.port.close();
    }
}

impl Channel {
    fn send(&mut self, pieces: &[&[f32]]) -> Result<(), GroupError> {
        let length = pieces.iter().map(|piece| piece.len()).sum::<usize>() as u32;
        let fits = self.spare.take().filter(|values| values.length() >= length);
        let memory = fits.unwrap_or_else(|| Float32Array::new_with_length(length));
        let values = memory.subarray(0, length);
        let mut start = 0;
        for piece in pieces {
            let end = start + piece.len() as u32;
            values.subarray(start, end).copy_from(piece);
            start = end;
        }
        let sent = self.port.post_message_with_transferable(&values, &Array::of1(&values.buffer()));
        sent.map_err(|_| GroupError("there is no memory to send gradients".into()))
    }

    async fn receive(&mut self) -> Vec<f32> {
        loop {
            let values = self.arrived.borrow_mut().values.pop_front();
            if let Some(values) = values {
                let received = values.to_vec();
                self.spare = Some(Float32Array::new(&values.buffer()));
                return received;
            }
            let arrived =
                js_sys::Promise::new(&mut |resolve, _| self.arrived.borrow_mut().woken = Some(resolve));
            // The promise only resolves; it has nothing to fail at.
            let _ = wasm_bindgen_futures::JsFuture::from(arrived).await;
        }
    }
}

impl AllToAll for Ports {
    fn all_to_all<'a>(&'a mut self, outgoing: &'a [Vec<&'a [f32]>]) -> Received<'a> {
        Box::pin(async move {
            for (channel, pieces) in self.0.iter_mut().zip(outgoing) {
                channel.send(pieces)?;
            }
            let mut all = Vec::with_capacity(self.0.len());
            for channel in &mut self.0 {
                all.push(channel.receive().await);
            }
            Ok(all)
        })
    }
}
