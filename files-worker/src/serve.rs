//! Messages in, messages out.

use protocol::{Call, Delivery, FromWorker, JobError, JobId, Message, ToWorker};
use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::MessageEvent;
use worker_transport::worker::{post, post_fatal, post_hello, scope};

/// Passes a call of a name to its handler.
type Answer = fn(JobId, &str, Message<ToWorker>) -> Result<Message<FromWorker>, JobError>;

/// Starts a worker that answers so.
pub(crate) fn start(answer: Answer) {
    std::panic::set_hook(Box::new(|info| post_fatal(&info.to_string())));
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        match worker_transport::from_js(&event.data()) {
            Ok(message) => receive(message, answer),
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

fn receive(message: Message<ToWorker>, answer: Answer) {
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

/// Of a call that another program answers.
pub(crate) fn unknown(name: &str) -> JobError {
    JobError::Internal(format!("this worker has no handler for \"{name}\""))
}

/// The reply of a handler as a message.
pub(crate) fn reply<C: Call>(
    job: JobId,
    message: Message<ToWorker>,
    handle: impl FnOnce(Delivery<C>) -> Result<Delivery<C::Reply>, JobError>,
) -> Result<Message<FromWorker>, JobError> {
    Ok(Message::with(FromWorker::Reply { job }, handle(message.delivery()?)?)?)
}
