//! Helping workers: started by the worker that trains, ended with it.
//!
//! Every pair has a message channel of its own, over which gradients and parameters travel as transferred buffers; the page is not
//! involved, and no memory is shared.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use js_sys::{Array, Float32Array};
use port::Packet;
use protocol::{FromWorker, Hello, Helper, ToWorker, TrainOrder};
use training::{Exchange, Exchanged, TeamError};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{
    ErrorEvent, Event, MessageChannel, MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType,
};

use crate::scope;

/// One worker that helps; dropping it ends it.
pub(crate) struct HelpingWorker {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl HelpingWorker {
    /// Starts `ranks - 1` helpers for this order, and returns them with the own ends of the channels; `None` where the
    /// browser starts no worker from a worker.
    pub(crate) fn recruit(order: &TrainOrder, buffers: &[Vec<u8>]) -> Option<(Vec<Self>, Ports)> {
        let ranks = order.workers as usize;
        let mut ports: Vec<Vec<MessagePort>> = (0..ranks).map(|_| Vec::new()).collect();
        for (one, other) in (0..ranks).flat_map(|one| (one + 1..ranks).map(move |other| (one, other))) {
            let channel = MessageChannel::new().ok()?;
            ports[one].push(channel.port1());
            ports[other].push(channel.port2());
        }
        // By rank: a place's channels to lower ranks were pushed first.
        let mut places = ports.into_iter().enumerate();
        let own = places.next().map(|(_, ports)| ports).unwrap_or_default();
        // One copy for all of them, until each has its own.
        let buffers = Rc::new(buffers.to_vec());
        let mut helpers = Vec::new();
        for (rank, ports) in places {
            let helper = Helper { rank: rank as u32, order: Box::new(order.clone()) };
            helpers.push(Self::start(helper, Rc::clone(&buffers), ports).ok()?);
        }
        Some((helpers, Ports::listen(own)))
    }

    fn start(helper: Helper, buffers: Rc<Vec<Vec<u8>>>, ports: Vec<MessagePort>) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&scope::own_url(), &options)?;
        let mut order = Some((helper, buffers));
        let (to, mut greeted) = (worker.clone(), false);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if !greeted {
                greeted = true;
                if Hello::check(&port::hello_from_js(&event.data())).is_err() {
                    scope::post_fatal("a helping worker is of another version of this page");
                }
                return;
            }
            match Packet::from_js(&event.data()).map(|packet: Packet<FromWorker>| packet.message) {
                Ok(FromWorker::Ready(_)) => {
                    if let Some((helper, buffers)) = order.take() {
                        let buffers = Rc::unwrap_or_clone(buffers);
                        let (value, transfer) = Packet { message: ToWorker::Help(helper), buffers }.to_js();
                        for port in &ports {
                            transfer.push(port);
                        }
                        // Posting own buffers fails only where memory has run out; the silence is then noticed.
                        let _ = to.post_message_with_transfer(&value, &transfer);
                    }
                }
                Ok(FromWorker::Fatal(text) | FromWorker::Failed(_, _, text)) => {
                    scope::post_fatal(&format!("a helping worker was lost: {text}"));
                }
                _ => {}
            }
        });
        let on_error = Closure::<dyn FnMut(Event)>::new(|event: Event| {
            event.prevent_default();
            // A script that cannot be loaded gives an event without a message.
            let text =
                event.dyn_ref::<ErrorEvent>().map_or("it could not be loaded".into(), ErrorEvent::message);
            scope::post_fatal(&format!("a helping worker was lost: {text}"));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }
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
    /// Memory that came with values which were read: it goes back with the next ones. The rounds of a step are about of
    /// one size, so it fits.
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
                    // Only ranks have the other end, and they send nothing else.
                    arrived.values.push_back(event.data().unchecked_into());
                    if let Some(wake) = arrived.woken.take() {
                        // A promise's own resolve function does not throw.
                        let _ = wake.call0(&JsValue::NULL);
                    }
                })
            };
            let on_error = Closure::<dyn FnMut(MessageEvent)>::new(|_| {
                scope::post_fatal("what another worker sent could not be read: its memory has run out");
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
        // What still arrives must not call a closure that is gone.
        self.port.set_onmessage(None);
        self.port.set_onmessageerror(None);
        self.port.close();
    }
}

impl Channel {
    fn send(&mut self, pieces: &[&[f32]]) -> Result<(), TeamError> {
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
        sent.map_err(|_| TeamError("there is no memory to send it gradients".into()))
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

impl Exchange for Ports {
    fn exchange<'a>(&'a mut self, outgoing: &'a [Vec<&'a [f32]>]) -> Exchanged<'a> {
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
