//! One order, done by a worker of its own that ends with it.

use std::{cell::RefCell, rc::Rc};

use futures_channel::oneshot;
use port::Packet;
use protocol::{Backend, FromWorker, ToWorker};

use super::{
    Site,
    link::{Link, LinkEvent},
};

/// How far an errand is.
pub(crate) enum Errand {
    /// What is being done, for people.
    Doing(String),
    /// So many of so many.
    Done(u32, u32),
}

/// What a CPU worker answers to an order; the error is for people.
pub(crate) async fn errand(
    message: ToWorker,
    buffers: Vec<Vec<u8>>,
    on_progress: impl Fn(Errand) + 'static,
) -> Result<Packet<FromWorker>, String> {
    let url =
        Site::fetch().await?.worker_url(Backend::Cpu).ok_or("The site has no CPU worker: build it again.")?;
    let (sender, receiver) = oneshot::channel();
    let (sender, ready) = (RefCell::new(Some(sender)), Rc::new(RefCell::new(None::<Link>)));
    let answer = move |result| {
        if let Some(sender) = sender.borrow_mut().take() {
            // The asker may have gone; then nobody is left to care.
            let _ = sender.send(result);
        }
    };
    let order = RefCell::new(Some((message, buffers)));
    let link = Link::start(&url, {
        let ready = Rc::clone(&ready);
        move |event| match event {
            LinkEvent::Ready => {
                if let (Some(link), Some((message, buffers))) = (&*ready.borrow(), order.borrow_mut().take())
                {
                    link.send(message, buffers);
                }
            }
            LinkEvent::Said(packet) => match packet.message {
                FromWorker::Testing { done, total, .. } => on_progress(Errand::Done(done, total)),
                FromWorker::Doing(_, text) => on_progress(Errand::Doing(text)),
                FromWorker::Failed(_, _, text) => answer(Err(text)),
                _ => answer(Ok(packet)),
            },
            LinkEvent::OtherBuild => {
                answer(Err("This page is of another version than the site. Reload it.".into()));
            }
            LinkEvent::Lost(text) => answer(Err(format!("The worker was lost ({text}). Try again."))),
        }
    })?;
    *ready.borrow_mut() = Some(link);
    let result = receiver.await.unwrap_or_else(|_| Err("The worker gave no answer.".into()));
    // Not within its own callback any more: the worker may end.
    drop(ready.borrow_mut().take());
    result
}
