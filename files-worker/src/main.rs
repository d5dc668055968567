//! The web worker for files of models: a thin shell around `model-io`.
//!
//! It is a program of its own so that the page and the workers that compute do not carry what few visits need.

mod handlers;

use protocol::{Call, Delivery, FromWorker, JobError, JobId, Message, ToWorker, model_files};
use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::MessageEvent;
use worker_transport::worker::{post, post_fatal, post_hello, scope};

fn main() {
    std::panic::set_hook(Box::new(|info| post_fatal(&info.to_string())));
    let listener =
        Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
            match worker_transport::from_js(&event.data()) {
                Ok(message) => receive(message),
                Err(error) => post_fatal(&error.to_string()),
            }
        });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // It lives as long as the worker.
    listener.forget();
    post_hello();
    post_or_end(Message::bare(FromWorker::Ready));
}

fn post_or_end(message: Message<FromWorker>) {
    if let Err(error) = post(message) {
        post_fatal(&error.to_string());
    }
}

fn receive(message: Message<ToWorker>) {
    match message.envelope.clone() {
        ToWorker::Call { job, name } => match answer(job, &name, message) {
            Ok(reply) => post_or_end(reply),
            Err(error) => post_or_end(Message::bare(FromWorker::Failed { job, error })),
        },
        ToWorker::Ping => post_or_end(Message::bare(FromWorker::Pong)),
        // A call is answered before the next message comes.
        ToWorker::Cancel { .. }
        | ToWorker::Pause { .. }
        | ToWorker::Resume { .. }
        | ToWorker::Steer { .. } => {}
    }
}

/// Passes a call to its handler. Every call has its line here.
fn answer(job: JobId, name: &str, message: Message<ToWorker>) -> Result<Message<FromWorker>, JobError> {
    match name {
        model_files::ReadModel::NAME => reply(job, message, handlers::read),
        model_files::WriteModel::NAME => reply(job, message, handlers::write),
        model_files::MakeLink::NAME => reply(job, message, handlers::make_link),
        model_files::OpenLink::NAME => reply(job, message, |call| handlers::open_link(&call)),
        model_files::Summarize::NAME => reply(job, message, handlers::summarize),
        model_files::SetCard::NAME => reply(job, message, handlers::set_card),
        model_files::DrawQr::NAME => reply(job, message, |call| handlers::draw_qr(&call)),
        other => Err(JobError::Internal(format!("this worker has no handler for \"{other}\""))),
    }
}

fn reply<C: Call>(
    job: JobId,
    message: Message<ToWorker>,
    handle: impl FnOnce(Delivery<C>) -> Result<Delivery<C::Reply>, JobError>,
) -> Result<Message<FromWorker>, JobError> {
    Ok(Message::with(FromWorker::Reply { job }, handle(message.delivery()?)?)?)
}
