//! The loop: calls in, answers out, one after the other.

use core::pin::Pin;
use std::rc::Rc;

use burn::tensor::Device;
use protocol::{
    Call, Delivery, FromWorker, JobError, JobId, Message,
    data::{ChangeImage, ImportData, KeepImages, LookAtData, Relabel},
    evaluate::{Answer, Evaluate},
    files::Export,
    inspect::Inspect,
    model_files::TryReadings,
    personalize::Personalize,
    predict::{Load, Predict},
    train::{ComputeReference, Help, Train},
};

use crate::{
    changes,
    data::Data,
    device, evaluate, files, import,
    inbox::{Inbox, IncomingCall},
    job::Job,
    kept_data, model, personalize,
    predict::{self, LoadedModel},
    scope::{self, Yielder},
    train,
};

/// One call's handler, behind a pointer. Without it all handlers are one function of 120 KB, and a browser takes a second
/// to optimize it, just when the first digit is drawn.
type Answering<'a> = Pin<Box<dyn Future<Output = Result<(), JobError>> + 'a>>;

/// What calls share.
pub(crate) struct Worker {
    pub(crate) device: Device,
    pub(crate) data: Data,
    pub(crate) model: Option<LoadedModel>,
    inbox: Inbox,
    yielder: Rc<Yielder>,
}

/// Greets the page, opens the device and answers calls until the page ends the worker.
pub(crate) async fn serve() {
    let inbox = Inbox::open();
    scope::post_hello();
    let device = match device::open().await {
        Ok(device) => device,
        Err(reason) => return scope::post_fatal(&reason),
    };
    if let Err(error) = scope::post(Message::bare(FromWorker::Ready)) {
        return scope::post_fatal(&error.to_string());
    }
    let yielder = Rc::new(Yielder::new());
    let mut worker = Worker { device, data: Data::default(), model: None, inbox, yielder };
    loop {
        let call = worker.inbox.next_call().await;
        let job = call.job;
        if let Err(error) = worker.answer(call).await
            && let Err(error) = scope::post(Message::bare(FromWorker::Failed { job, error }))
        {
            scope::post_fatal(&error.to_string());
        }
        worker.inbox.forget(job);
    }
}

impl Worker {
    /// Passes a call to its handler. Every call of the protocol has its line here.
    fn answer(&mut self, IncomingCall { job, name, message, ports }: IncomingCall) -> Answering<'_> {
        if self.inbox.is_cancelled(job) {
            return Box::pin(async { Err(JobError::Cancelled) });
        }
        match name.as_str() {
            Load::NAME => {
                Box::pin(async move { reply::<Load>(job, predict::load(self, message.delivery()?)?) })
            }
            Predict::NAME => {
                Box::pin(
                    async move { reply::<Predict>(job, predict::predict(self, message.delivery()?).await?) },
                )
            }
            Inspect::NAME => {
                Box::pin(async move { reply::<Inspect>(job, model::inspect(message.delivery()?)?) })
            }
            TryReadings::NAME => Box::pin(async move {
                reply::<TryReadings>(job, model::try_all(self, message.delivery()?).await?)
            }),
            Export::NAME => {
                Box::pin(async move { reply::<Export>(job, files::export(message.delivery()?)?) })
            }
            Evaluate::NAME => Box::pin(async move {
                let handle = self.job(job);
                reply::<Evaluate>(job, evaluate::evaluate(self, message.delivery()?, &handle).await?)
            }),
            Answer::NAME => Box::pin(async move {
                let handle = self.job(job);
                reply::<Answer>(job, evaluate::answer(self, message.delivery()?, &handle).await?)
            }),
            ImportData::NAME => Box::pin(async move {
                let handle = self.job(job);
                reply::<ImportData>(job, import::import(message.delivery()?, &handle).await?)
            }),
            ChangeImage::NAME => Box::pin(async move {
                reply::<ChangeImage>(job, changes::change(self, message.delivery()?).await?)
            }),
            Relabel::NAME => Box::pin(async move {
                let call: Delivery<Relabel> = message.delivery()?;
                reply::<Relabel>(job, Delivery::bare(kept_data::relabel(call.content).await?))
            }),
            KeepImages::NAME => {
                Box::pin(
                    async move { reply::<KeepImages>(job, import::keep_images(message.delivery()?).await?) },
                )
            }
            LookAtData::NAME => {
                Box::pin(
                    async move { reply::<LookAtData>(job, import::look(self, message.delivery()?).await?) },
                )
            }
            Personalize::NAME => Box::pin(async move {
                let handle = self.job(job);
                reply::<Personalize>(job, personalize::personalize(self, message.delivery()?, &handle).await?)
            }),
            ComputeReference::NAME => Box::pin(async move {
                reply::<ComputeReference>(job, train::compute_reference(self, message.delivery()?).await?)
            }),
            Train::NAME => Box::pin(async move {
                let handle = self.job(job);
                // Boxed: with the WebGPU backend this future is too large to be moved about.
                reply::<Train>(job, Box::pin(train::train(self, message.delivery()?, &handle)).await?)
            }),
            Help::NAME => {
                Box::pin(
                    async move { reply::<Help>(job, train::help(self, message.delivery()?, ports).await?) },
                )
            }
            other => {
                let reason = format!("this worker has no handler for \"{other}\"");
                Box::pin(async { Err(JobError::Internal(reason)) })
            }
        }
    }

    fn job<C: Call>(&self, job: JobId) -> Job<C> {
        Job::new(job, self.inbox.clone(), Rc::clone(&self.yielder))
    }
}

fn reply<C: Call>(job: JobId, reply: Delivery<C::Reply>) -> Result<(), JobError> {
    scope::post(Message::with(FromWorker::Reply { job }, reply)?)
}
