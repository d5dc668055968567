//! A test of weights, in a worker of its own that ends with it.

use std::{cell::RefCell, rc::Rc};

use futures_channel::oneshot;
use protocol::{Backend, DataSource, FromWorker, ToWorker};
use recipe::{Accuracy, DataChoice};

use super::{
    Site,
    link::{Link, LinkEvent},
};
use crate::browser;

/// Accuracy of weights on test images, and what those are; the error is for people.
pub(crate) async fn evaluate(
    weights: Vec<u8>,
    choice: DataChoice,
    on_progress: impl Fn(u32, u32) + 'static,
) -> Result<(Accuracy, String), String> {
    let url =
        Site::fetch().await?.worker_url(Backend::Cpu).ok_or("The site has no CPU worker: build it again.")?;
    let source = DataSource { choice, mnist_url: browser::site_url("data/mnist/"), file_names: Vec::new() };
    let (sender, receiver) = oneshot::channel();
    let (sender, ready) = (RefCell::new(Some(sender)), Rc::new(RefCell::new(None::<Link>)));
    let answer = move |result| {
        if let Some(sender) = sender.borrow_mut().take() {
            // The asker may have gone; then nobody is left to care.
            let _ = sender.send(result);
        }
    };
    let order = RefCell::new(Some((ToWorker::Evaluate(1, source), vec![weights])));
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
                FromWorker::Testing { done, total, .. } => on_progress(done, total),
                FromWorker::Evaluated(_, accuracy, name) => answer(Ok((accuracy, name))),
                FromWorker::Failed(_, _, text) => answer(Err(text)),
                _ => {}
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
