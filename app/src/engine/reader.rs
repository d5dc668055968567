//! The worker that reads digits: always the CPU build, always ready, never busy with training.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use futures_channel::oneshot;
use port::Packet;
use protocol::{Backend, FromWorker, JobId, ToWorker};
use recipe::{ModelCard, Reading, TrainRecipe};
use wasm_bindgen_futures::spawn_local;

use super::{
    Site,
    link::{Link, LinkEvent},
};

/// Restarts in a row, without an answer in between, before the page gives up.
const MAX_RESTARTS: u32 = 3;

/// What the page hears of it.
pub(crate) enum ReaderEvent {
    /// What was read in the images that were sent under this number.
    Read { number: u32, readings: Vec<Reading> },
    /// Weights are in use now.
    Loaded(Box<ModelCard>),
    /// Something went wrong; the text is for people.
    Trouble(String),
}

type Answer = Result<Packet<FromWorker>, String>;

#[derive(Default)]
struct Inner {
    link: Option<Link>,
    ready: bool,
    restarts: u32,
    next_job: JobId,
    /// The weights in use, so that a new worker can be given them.
    weights: Option<Arc<Vec<u8>>>,
    has_weights: bool,
    /// The images that the worker is reading: job and number.
    reading: Option<(JobId, u32)>,
    asked: Vec<(JobId, oneshot::Sender<Answer>)>,
    /// Questions for a worker that is still starting.
    unsent: Vec<(JobId, Packet<ToWorker>)>,
    /// There will be no worker until the page is reloaded.
    given_up: bool,
}

impl Inner {
    /// Lets every asker know that there will be no answer.
    fn give_up(&mut self) {
        self.given_up = true;
        self.asked.clear();
        self.unsent.clear();
    }
}

/// A handle to the reading worker.
#[derive(Clone)]
pub(crate) struct Reader {
    inner: Rc<RefCell<Inner>>,
    on_event: Rc<dyn Fn(ReaderEvent)>,
}

impl Reader {
    /// Starts the worker.
    pub(crate) fn start(on_event: impl Fn(ReaderEvent) + 'static) -> Self {
        let reader = Self { inner: Rc::default(), on_event: Rc::new(on_event) };
        spawn_local(reader.clone().connect());
        reader
    }

    /// Uses these weights from now on.
    pub(crate) fn load(&self, weights: Arc<Vec<u8>>) {
        self.inner.borrow_mut().weights = Some(weights);
        self.send_weights();
    }

    /// Whether images would be read at once.
    pub(crate) fn is_free(&self) -> bool {
        let inner = self.inner.borrow();
        inner.ready && inner.has_weights && inner.reading.is_none()
    }

    /// Reads images of 784 grey levels each, where it [is free](Self::is_free); else they are dropped.
    pub(crate) fn predict(&self, number: u32, levels: Vec<u8>) {
        if !self.is_free() {
            return;
        }
        let mut inner = self.inner.borrow_mut();
        inner.next_job += 1;
        let job = inner.next_job;
        if let Some(link) = &inner.link {
            link.send(ToWorker::Predict(job), vec![levels]);
            inner.reading = Some((job, number));
        }
    }

    /// Checks a file of weights and gives it back with its card; the error is for people.
    pub(crate) async fn inspect(&self, file: Vec<u8>) -> Result<(Vec<u8>, ModelCard), String> {
        match self.ask(ToWorker::Inspect, vec![file]).await? {
            Packet { message: FromWorker::Inspected(_, card), mut buffers } if !buffers.is_empty() => {
                Ok((buffers.swap_remove(0), *card))
            }
            _ => Err("The worker gave no answer.".into()),
        }
    }

    /// Computes the reference that a GPU is checked against; the error is for people.
    pub(crate) async fn reference(&self, recipe: TrainRecipe) -> Result<Vec<u8>, String> {
        let packet = self.ask(|job| ToWorker::Reference(job, Box::new(recipe)), Vec::new()).await?;
        packet.buffers.into_iter().next().ok_or_else(|| "The worker gave no answer.".into())
    }

    /// Writes weights or images to a file; the error is for people.
    pub(crate) async fn write(
        &self,
        message: impl FnOnce(JobId) -> ToWorker,
        buffers: Vec<Vec<u8>>,
    ) -> Result<Vec<u8>, String> {
        let packet = self.ask(message, buffers).await?;
        packet.buffers.into_iter().next().ok_or_else(|| "The worker gave no answer.".into())
    }

    async fn ask(&self, message: impl FnOnce(JobId) -> ToWorker, buffers: Vec<Vec<u8>>) -> Answer {
        let (sender, receiver) = oneshot::channel();
        {
            let mut inner = self.inner.borrow_mut();
            if inner.given_up {
                return Err(
                    "The worker that reads digits does not start. Reload the page to try again.".into()
                );
            }
            inner.next_job += 1;
            let job = inner.next_job;
            inner.asked.push((job, sender));
            inner.unsent.push((job, Packet { message: message(job), buffers }));
        }
        self.send_unsent();
        receiver.await.unwrap_or_else(|_| Err("The worker was lost while it worked. Try again.".into()))
    }

    async fn connect(self) {
        let started = async {
            let site = Site::fetch().await?;
            let url = site.worker_url(Backend::Cpu).ok_or("The site has no CPU worker: build it again.")?;
            let reader = self.clone();
            Link::start(&url, move |event| reader.hear(event))
        };
        match started.await {
            Ok(link) => self.inner.borrow_mut().link = Some(link),
            Err(text) => {
                self.inner.borrow_mut().give_up();
                (self.on_event)(ReaderEvent::Trouble(text));
            }
        }
    }

    fn hear(&self, event: LinkEvent) {
        match event {
            LinkEvent::Ready => {
                self.inner.borrow_mut().ready = true;
                self.send_weights();
                self.send_unsent();
            }
            LinkEvent::Said(packet) => self.take_answer(packet),
            LinkEvent::OtherBuild => self.restart("It was of another version of this page."),
            LinkEvent::Lost(text) => self.restart(&text),
        }
    }

    fn take_answer(&self, packet: Packet<FromWorker>) {
        self.inner.borrow_mut().restarts = 0;
        let job = match packet.message {
            FromWorker::Predicted(job, readings) => {
                let asked = self.inner.borrow_mut().reading.take_if(|asked| asked.0 == job);
                if let Some((_, number)) = asked {
                    (self.on_event)(ReaderEvent::Read { number, readings });
                }
                return;
            }
            FromWorker::Loaded(_, card) => {
                self.inner.borrow_mut().has_weights = true;
                return (self.on_event)(ReaderEvent::Loaded(card));
            }
            FromWorker::Inspected(job, _)
            | FromWorker::Reference(job)
            | FromWorker::Written(job)
            | FromWorker::Failed(job, _, _) => job,
            _ => return,
        };
        let waiting = {
            let mut inner = self.inner.borrow_mut();
            let position = inner.asked.iter().position(|asked| asked.0 == job);
            position.map(|position| inner.asked.swap_remove(position).1)
        };
        let answer = match packet.message {
            FromWorker::Failed(_, _, text) => Err(text),
            message => Ok(Packet { message, buffers: packet.buffers }),
        };
        match (waiting, answer) {
            (Some(sender), answer) => {
                // The asker may have gone; then nobody is left to care.
                let _ = sender.send(answer);
            }
            (None, Err(text)) => {
                self.inner.borrow_mut().reading.take_if(|reading| reading.0 == job);
                (self.on_event)(ReaderEvent::Trouble(text));
            }
            (None, Ok(_)) => {}
        }
    }

    fn send_weights(&self) {
        let mut inner = self.inner.borrow_mut();
        inner.next_job += 1;
        let job = inner.next_job;
        if let (true, Some(link), Some(weights)) = (inner.ready, &inner.link, &inner.weights) {
            link.send(ToWorker::Load(job), vec![weights.to_vec()]);
        }
    }

    fn send_unsent(&self) {
        let mut inner = self.inner.borrow_mut();
        if inner.ready {
            let unsent = core::mem::take(&mut inner.unsent);
            if let Some(link) = &inner.link {
                for (_, Packet { message, buffers }) in unsent {
                    link.send(message, buffers);
                }
            }
        }
    }

    fn restart(&self, why: &str) {
        let restarts = {
            let mut inner = self.inner.borrow_mut();
            inner.restarts += 1;
            (inner.ready, inner.has_weights, inner.reading) = (false, false, None);
            // Askers hear that their worker is gone; questions that it never got go to the next one.
            let Inner { asked, unsent, .. } = &mut *inner;
            asked.retain(|(job, _)| unsent.iter().any(|(waiting, _)| waiting == job));
            inner.restarts
        };
        // The link is being called at this moment: it is dropped once it has returned.
        let (reader, why) = (self.clone(), why.to_owned());
        spawn_local(async move {
            drop(reader.inner.borrow_mut().link.take());
            if restarts <= MAX_RESTARTS {
                reader.connect().await;
            } else {
                let text = format!(
                    "The worker that reads digits does not start ({why}). Reload the page to try again."
                );
                reader.inner.borrow_mut().give_up();
                (reader.on_event)(ReaderEvent::Trouble(text));
            }
        });
    }
}
